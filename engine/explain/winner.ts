// Which copy of an event wins, and by which rule. The same order as everywhere: source precedence, then received later,
// then the greater sha256 of the body, then the source; of the very same delivery the first place.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { CanonicalRow } from '../../model/evaluate.ts';
import type { Copy } from './copies.ts';

export type Rule =
  | 'only one accepted'
  | 'source precedence'
  | 'received later'
  | 'greater sha256'
  | 'greater source name'
  | 'first place'
  | 'later in the list';

export interface Ranked {
  /** Accepted copies, the winner first, each with the rule by which the winner beats it. */
  readonly accepted: readonly { readonly copy: Copy; readonly losesBy: Rule | undefined }[];
  /** The rule by which the winner beats the next one. */
  readonly winsBy: Rule | undefined;
}

/** Copies of one event. */
export function rankCopies(pipeline: CompiledPipeline, copies: readonly Copy[]): Ranked {
  const accepted = copies.filter((copy) => copy.evaluation.accepted).sort((a, b) => comparison(pipeline, a, b).order);
  const [winner, next] = accepted;
  return {
    accepted: accepted.map((copy) => ({
      copy,
      losesBy: winner === undefined || copy === winner ? undefined : comparison(pipeline, winner, copy).rule,
    })),
    winsBy:
      winner === undefined
        ? undefined
        : next === undefined
          ? 'only one accepted'
          : comparison(pipeline, winner, next).rule,
  };
}

/** A winning event's row under the key, where it offers one. */
export interface Offer {
  readonly copy: Copy;
  readonly row: CanonicalRow;
}

/** The offers of winning events, the greatest first, and the rule by which it beats the next one. */
export function rankOffers(
  pipeline: CompiledPipeline,
  offers: readonly Offer[],
): { readonly offers: readonly Offer[]; readonly winsBy: Rule | undefined } {
  const compared = (a: Offer, b: Offer): { order: number; rule: Rule } => {
    const byDelivery = comparison(pipeline, a.copy, b.copy);
    if (byDelivery.rule !== 'first place' || a.row.offerIndex === b.row.offerIndex) return byDelivery;
    return { order: b.row.offerIndex - a.row.offerIndex, rule: 'later in the list' };
  };
  const ranked = [...offers].sort((a, b) => compared(a, b).order);
  const [winner, next] = ranked;
  if (winner === undefined) return { offers: ranked, winsBy: undefined };
  return { offers: ranked, winsBy: next === undefined ? 'only one accepted' : compared(winner, next).rule };
}

/** Negative when `a` wins, and the first rule that tells the two apart. */
function comparison(pipeline: CompiledPipeline, a: Copy, b: Copy): { order: number; rule: Rule } {
  const precedence = (copy: Copy): number => pipeline.sources.get(copy.source)?.precedence ?? 0;
  const byPrecedence = precedence(b) - precedence(a);
  if (byPrecedence !== 0) return { order: byPrecedence, rule: 'source precedence' };
  if (a.receivedAtMicros !== b.receivedAtMicros)
    return { order: a.receivedAtMicros > b.receivedAtMicros ? -1 : 1, rule: 'received later' };
  const byHash = -compareText(a.bodySha256, b.bodySha256);
  if (byHash !== 0) return { order: byHash, rule: 'greater sha256' };
  const bySource = -compareText(a.source, b.source);
  if (bySource !== 0) return { order: bySource, rule: 'greater source name' };
  const byObject = compareText(a.rawObject, b.rawObject);
  return { order: byObject !== 0 ? byObject : a.rawRow - b.rawRow, rule: 'first place' };
}

/** By bytes of UTF-8, as the warehouse compares. */
const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
