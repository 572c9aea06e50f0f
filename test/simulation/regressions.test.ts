// Histories that once ended in other tables than the model's, each as small as it could be made.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeliveryDraft } from '../../simulator/deliveries.ts';
import { tinyPipeline, VARIANT_NAMES, type Variant } from '../../simulator/tiny-pipeline.ts';
import type { History, Landing, Step } from './history.ts';
import { playHistory } from './play.ts';
import { type Ground, openGround } from './world.ts';

let folder: string;
let ground: Ground;
let played = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'reprise-regressions-'));
  ground = await openGround(folder, [tinyPipeline(0)]);
});
afterAll(async () => {
  await ground.duck.close();
  await ground.stageDuck.close();
  rmSync(folder, { recursive: true, force: true });
});

const sale = (draft: Partial<DeliveryDraft> = {}): DeliveryDraft => ({
  kind: 'sale',
  source: 'shop',
  id: 0,
  otherId: 0,
  at: 0,
  otherAt: 0,
  second: 0,
  amount: 0,
  grade: 'good',
  lines: [],
  marks: [],
  fault: 'none',
  ...draft,
});
const mark = (number: number, at = 0): DeliveryDraft['marks'][number] => ({
  mark: number,
  otherMark: number,
  at,
  otherAt: at,
  word: 0,
});
const land = (deliveries: readonly DeliveryDraft[], landing: Partial<Landing> & { day?: number } = {}): Step => {
  const { day = 1, ...rest } = landing;
  return { do: 'land', day, families: [{ deliveries, live: 'not', late: false, apart: false, ...rest }] };
};
const change = (...names: readonly (keyof Variant)[]): Step => ({
  do: 'transform',
  flip: names.reduce((bits, name) => bits | (1 << VARIANT_NAMES.indexOf(name)), 0),
});
const replay: Step = {
  do: 'replay',
  from: 0,
  days: 7,
  slices: 'one',
  groupCuts: 0,
  only: 0,
  preview: false,
  liveAfter: 0,
  breaking: 0,
  crash: null,
};
const expire = (object: number): Step => ({ do: 'expire', object, families: 1 });

const cases: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [
  {
    name: 'a part goes to another table that has the same columns',
    steps: [land([sale({ kind: 'note' })]), replay, change('moved')],
  },
  {
    name: 'an event is keyed and dated anew, so that nothing links its object to the date at which it stands',
    steps: [land([sale({ otherId: 1, at: -1 })], { live: 'before' }), change('dated', 'keyed')],
  },
  {
    name: 'a rejected delivery is accepted at another date',
    steps: [land([sale({ at: -1, fault: 'buyer' })]), replay, change('dated', 'wide')],
  },
  {
    name: 'an offer loses to one of an event that is newer in the warehouse than in raw, and does not offer it there',
    steps: [
      land([sale({ id: 1, marks: [mark(0)] }), sale({ id: 0, second: 1, marks: [mark(0)] })]),
      land([sale({ id: 0, second: 2 })], { live: 'after' }),
      expire(1),
    ],
  },
  {
    name: 'a new key is the old one of a greater delivery, which stands at another date',
    steps: [
      land([sale({ id: 0, otherId: 1, second: 2, at: -2 }), sale({ id: 1, otherId: 0, marks: [mark(0, -1)] })], {
        apart: true,
      }),
      replay,
      change('keyed'),
    ],
  },
];

it.each(cases)('$name', async ({ steps }) => {
  for (let shuffle = 0; shuffle < 4; shuffle++) {
    const told: History = { variant: 0, steps, shuffle, thorough: shuffle === 0 };
    await playHistory(ground, join(folder, String(++played)), told);
  }
  expect(played).toBeGreaterThan(0);
});
