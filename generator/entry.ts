// One entry of the fault catalog before its shapes are picked, and the two usual ways to make one.

import { accept, type Draft, type Drawing, type RejectionReason, reject, type Sample } from './draft.ts';
import type { Random } from './random.ts';

export interface Entry {
  readonly name: string;
  readonly big?: boolean;
  applies(drawing: Drawing): boolean;
  lay(draft: Draft, receivedMs: number, random: Random): Sample;
}

export const always = () => true;

/** A rejection whose body is made from the draft. */
export function rejecting(
  name: string,
  reason: RejectionReason,
  body: (draft: Draft, receivedMs: number, random: Random) => string,
  applies: (drawing: Drawing) => boolean = always,
): Entry {
  return {
    name,
    applies,
    lay: (draft, at, random) => reject(draft.shape.source, at, body(draft, at, random), reason, name),
  };
}

/** A variation that changes the text and nothing that the contract reads. */
export function accepting(
  name: string,
  body: (draft: Draft, random: Random) => string,
  applies: (drawing: Drawing) => boolean = always,
): Entry {
  return { name, applies, lay: (draft, at, random) => accept(draft, at, name, body(draft, random)) };
}
