// What arrives late is replayed by reconcile as if it had been there from the start; what it may not touch it names.

import { describe, expect, it } from 'vitest';
import { inWindow } from '../../engine/plan/window.ts';
import type { NeedsWhole } from '../../engine/reconcile/reconcile.ts';
import { randomFrom } from '../../generator/random.ts';
import { samples as chatorbit } from '../../pipelines/chatorbit/samples.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { samples as novadocs } from '../../pipelines/novadocs/samples.ts';
import { samples as promptflow } from '../../pipelines/promptflow/samples.ts';
import { samples as pulsecart } from '../../pipelines/pulsecart/samples.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { backfill, inHome, land, reconcile, type Standing, standing } from './reconcile-home.ts';

const EVENTS = 250;
const DAYS = 2;
const SEEDS = (process.env.REPRISE_RECONCILE_SEEDS ?? '1').split(',').map(Number);

describe('late deliveries', () => {
  const products = [pulsecart, chatorbit, promptflow, codewave, novadocs];
  const cases = products.flatMap((source) => SEEDS.map((seed) => ({ name: source.pipeline, source, seed })));
  it.each(cases)('$name, seed $seed: end as if they had been there from the start', async ({ name, source, seed }) => {
    const all = source.generate({ seed, events: EVENTS, from: '2026-06-01', days: DAYS });
    const random = randomFrom(`late/${name}/${seed}`);
    const lateness = all.map(() => (random.chance(0.85) ? 0 : random.integer(1, 2)));
    let expected: ReadonlyMap<string, Standing> = new Map();
    await inHome(async (engine) => {
      await land(engine, name, all);
      await backfill(engine, name);
      expected = await standing(engine, name);
    });
    await inHome(async (engine) => {
      await land(
        engine,
        name,
        all.filter((_, place) => lateness[place] === 0),
      );
      await backfill(engine, name);
      for (const turn of [1, 2]) {
        await land(
          engine,
          name,
          all.filter((_, place) => lateness[place] === turn),
        );
        const found = await reconcile(engine, name);
        expect(found.runs.map((run) => [run.state, run.failure])).toEqual(
          found.runs.map(() => [expect.stringMatching(/succeeded|nothing_to_do/), undefined]),
        );
        expect(found.read.length).toBeLessThan(found.objects);
        if (turn === 2) expectApartFrom(found.needsWhole, await standing(engine, name), expected);
      }
      await expectEnd(engine, name, expected);
    });
  });
});

/** The same, apart from rows that stand, or should, at dates that are to be planned whole. */
function expectApartFrom(
  named: readonly NeedsWhole[],
  found: ReadonlyMap<string, Standing>,
  expected: ReadonlyMap<string, Standing>,
): void {
  const isNamed = (one: Standing | undefined): boolean =>
    one !== undefined && named.some((window) => inWindow(one.date, window));
  const differing = [...new Set([...found.keys(), ...expected.keys()])].filter((key) => {
    const [now, then] = [found.get(key), expected.get(key)];
    return !isNamed(now) && !isNamed(then) && (now?.content !== then?.content || now?.date !== then?.date);
  });
  expect(differing).toEqual([]);
}

/** After the plans that are named there is nothing left to do, and the tables are the same. */
async function expectEnd(engine: Engine, name: string, expected: ReadonlyMap<string, Standing>): Promise<void> {
  const { needsWhole } = await reconcile(engine, name);
  for (const { from, to } of needsWhole) expect((await backfill(engine, name, { from, to })).state).toBe('succeeded');
  expect(Object.fromEntries(await standing(engine, name))).toEqual(Object.fromEntries(expected));
  const end = await reconcile(engine, name);
  expect([end.read, end.runs, end.waiting, end.needsWhole]).toEqual([[], [], [], []]);
}
