// At which dates undos keep transforms from publishing, from the entries of a ledger.

import { describe, expect, it } from 'vitest';
import type { LedgerEntry, LedgerEvent } from '../../engine/ledger/entry.ts';
import { retiredAt, retiredIn, retiredWindows } from '../../engine/ledger/retired.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';

const DIGEST = 'a'.repeat(64);
const window = (from: number, to: number) => ({ from: `2026-06-0${from}`, to: `2026-06-0${to}` });
const retire = (runId: string, ...windows: { from: string; to: string }[]): LedgerEvent => ({
  kind: 'transforms_retired',
  transformDigest: DIGEST,
  runId,
  windows,
});
const allow = (more: object = {}): LedgerEvent => ({
  kind: 'epoch_activated',
  epoch: 2,
  transformDigest: DIGEST,
  reason: 'why',
  ...more,
});
const entries = (...events: LedgerEvent[]): LedgerEntry[] =>
  events.map((event, place) => ({ ...event, sequence: place + 1, at: '', by: '', code: '', unique: '', previous: '' }));
const at = (date: number, ...events: LedgerEvent[]): string | undefined =>
  retiredAt(entries(...events), DIGEST)(`2026-06-0${date}`);

describe('transforms are retired', () => {
  it('at the dates of the undo, for its digest', () => {
    const steps = [retire('u', window(2, 4), window(6, 7))];
    expect([1, 2, 3, 4, 5, 6, 7].map((date) => at(date, ...steps))).toEqual([
      undefined,
      'u',
      'u',
      undefined,
      undefined,
      'u',
      undefined,
    ]);
    expect(retiredAt(entries(...steps), 'b'.repeat(64))('2026-06-02')).toBeUndefined();
  });

  it('until somebody says why not; an activation by a run lifts nothing', () => {
    const { reason: _, ...plain } = allow() as { reason: string } & LedgerEvent;
    expect(at(2, retire('u', window(2, 4)), plain as LedgerEvent)).toBe('u');
    expect(at(2, retire('u', window(2, 4)), allow())).toBeUndefined();
    expect(at(2, retire('u', window(2, 4)), allow(), retire('v', window(2, 3)))).toBe('v');
  });

  it('except where that was allowed', () => {
    const steps = [retire('u', window(2, 5)), allow({ windows: [window(3, 4)] })];
    expect([2, 3, 4].map((date) => at(date, ...steps))).toEqual(['u', undefined, 'u']);
    expect(retiredWindows(entries(...steps), DIGEST, undefined)).toEqual([
      { ...window(2, 3), undo: 'u' },
      { ...window(4, 5), undo: 'u' },
    ]);
    expect(retiredWindows(entries(...steps), DIGEST, window(4, 9))).toEqual([{ ...window(4, 5), undo: 'u' }]);
  });

  it('by every undo on its own: undoing one leaves the other', () => {
    const both = [retire('u', window(2, 4)), retire('v', window(3, 5))];
    expect([2, 3, 4].map((date) => at(date, ...both, allow({ undo: 'v' })))).toEqual(['u', 'u', undefined]);
    expect([2, 3, 4].map((date) => at(date, ...both, allow({ undo: 'u' })))).toEqual([undefined, 'v', 'v']);
  });

  it('everywhere by an undo of an older version', () => {
    const { windows: _, ...old } = retire('u') as { windows: unknown } & LedgerEvent;
    expect([1, 9].map((date) => at(date, old as LedgerEvent))).toEqual(['u', 'u']);
    expect(at(1, old as LedgerEvent, allow())).toBeUndefined();
  });
});

it('a refused plan names what is left of its window', () => {
  const dates = [1, 2, 4, 5, 8].map((date) => ({ date: `2026-06-0${date}`, group: 0, whole: true, deliveries: 1 }));
  const plan = { body: { transformDigest: DIGEST, window: window(1, 9), dates } } as unknown as Plan;
  const found = (...windows: { from: string; to: string }[]) => retiredIn(plan, entries(retire('u', ...windows)));
  expect(found(window(3, 4))).toBeUndefined();
  expect(found(window(1, 3), window(5, 6))).toEqual({
    undos: ['u'],
    windows: [window(1, 3), window(5, 6)],
    rest: [window(3, 5), window(6, 9)],
  });
});
