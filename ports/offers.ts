// What publishing in part may leave behind among rows that events offer. Reading only.

import type { CompiledPipeline } from '../model/compile.ts';

export interface OfferReader {
  /**
   * Dates, ascending, at which offered rows stand that are not of the delivery by which their event stands, for the
   * events that stand by a delivery of one of the raw objects: a newer copy of the event offers them no more.
   */
  staleOffers(pipeline: CompiledPipeline, rawObjects: readonly string[]): Promise<readonly string[]>;
}
