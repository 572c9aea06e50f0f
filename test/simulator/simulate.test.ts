// The simulator itself: its histories hold, and are the same every time. simulate.long.test.ts plays many more.

import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../simulator/faults.ts';
import { type History, historyOf, type Step } from '../../simulator/history.ts';
import { playHistory } from '../../simulator/play.ts';
import { VARIANT_NAMES } from '../../simulator/tiny-pipeline.ts';
import { SOUND_BEHAVIOUR } from '../../simulator/warehouse.ts';
import { expectToHold } from './holding.ts';

const SEEDS = 50;

const plain = { afterMs: 0, faults: [] };
const note = { kind: 'note', source: 'shop', id: 0, otherId: 0, at: 0, otherAt: 1, second: 0 } as const;
const draft = { ...note, amount: 0, grade: 'good', lines: [], marks: [], fault: 'none' } as const;

const land = { do: 'land', day: 0, family: 0, deliveries: [draft], live: 'not', late: false, ...plain } as const;

/** A replay of all there is, which meets the fault at its first transaction. */
const backfill = (kind: FaultKind): Step => ({
  ...({ do: 'backfill', from: 0, days: 0, slices: 'one', groupCuts: 0, only: 0, maxActive: 1 } as const),
  ...{ approved: true, verify: false, stageOnly: false, thinkMs: 0, tries: 1, afterMs: 500 },
  faults: [{ kind, place: 'transaction', call: 1, ms: 170_000 }],
});

/**
 * A replay falls asleep before its transaction; then events are dated otherwise, and another replay takes over, for which
 * the first one's date does not exist.
 */
const OVERTAKEN: History = {
  seed: 0,
  variant: 0,
  actors: [
    [land, { do: 'transform', flip: 1 << VARIANT_NAMES.indexOf('dated'), ...plain, afterMs: 5000 }],
    [backfill('asleep')],
  ],
};

/** A replay dies right after its transaction, and is resumed. */
const DIED_AFTER_COMMIT: History = {
  seed: 0,
  variant: 0,
  actors: [[land], [backfill('crash_after'), { do: 'resume', run: 0, ...plain }]],
};

describe('histories', () => {
  it('of the first seeds hold', () => expectToHold(0, SEEDS));

  it('a run that was overtaken writes nothing, at dates that are none for its successor either', async () => {
    const { violation, faults } = await playHistory(OVERTAKEN);
    expect(faults).toEqual({ asleep: 1 });
    expect(violation).toBeUndefined();
    const unraised = await playHistory(OVERTAKEN, { ...SOUND_BEHAVIOUR, raisesFence: false });
    expect(unraised.violation).toMatch(/differs/);
  });

  it('a group that a dead process committed is named by the ledger once the run is resumed', async () => {
    const { violation, faults, ends } = await playHistory(DIED_AFTER_COMMIT);
    expect(faults).toEqual({ crash_after: 1 });
    expect(ends).toMatchObject({ 'resume succeeded': 1 });
    expect(violation).toBeUndefined();
  });

  it('are the same every time', async () => {
    for (const seed of [3, 163, 443]) {
      const [one, other] = [await playHistory(historyOf(seed)), await playHistory(historyOf(seed))];
      expect(other).toEqual(one);
      expect(one.told.length).toBeGreaterThan(3);
    }
    expect(historyOf(7)).toEqual(historyOf(7));
    expect((await playHistory(historyOf(1))).fingerprint).not.toBe((await playHistory(historyOf(2))).fingerprint);
  });
});
