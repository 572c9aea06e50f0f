// How late events came, counted in the warehouse. Reading only.

import type { CompiledPipeline } from '../model/compile.ts';

/** Events of one source that came equally late, as exactly as they are counted. */
export interface LatenessCount {
  readonly source: string;
  /** Date of arrival − date of the event, in days; 0 for what came early. */
  readonly datesLate: number;
  /** received_at − occurred_at is less than 2^((this + 1) / 16) microseconds, and no less than 2^(this / 16); −1: none. */
  readonly sixteenth: number;
  readonly events: number;
  /** The greatest received_at − occurred_at among them. */
  readonly latestMicros: number;
  readonly laterThan1Hour: number;
  readonly laterThan24Hours: number;
  readonly laterThan7Days: number;
}

export interface LatenessReader {
  /** The copies that stand, by their event dates; half-open, undefined for no bound. Empty without tables. */
  lateness(
    pipeline: CompiledPipeline,
    dates: { readonly from: string | undefined; readonly to: string | undefined },
  ): Promise<readonly LatenessCount[]>;
}
