// Makes a failing history small: fewer people, steps, faults and deliveries, plainer settings, for as long as the same
// kind of thing goes wrong. A shorter history meets other turns, so that it is tried under a few schedules.

import type { DeliveryDraft } from './deliveries.ts';
import type { History, Step } from './history.ts';

/** Schedules that a shorter history is tried under beside its own. */
const SCHEDULES = [1, 2];

/** What a violation says, without what names something in it. */
export const kindOf = (violation: string): string =>
  (violation.split('\n')[0] ?? '').replaceAll(/\S*\d\S*/g, '#').slice(0, 60);

/**
 * `failureOf` plays a history and gives its violation. Tries each simplification until none is left that fails in the
 * same way, or `isOver`.
 */
export async function shrinkHistory(
  told: History,
  violation: string,
  failureOf: (history: History) => Promise<string | undefined>,
  isOver: () => boolean,
): Promise<History> {
  const kind = kindOf(violation);
  const fails = async (history: History): Promise<History | undefined> => {
    for (const seed of [history.seed, ...SCHEDULES]) {
      const tried = { ...history, seed };
      const failure = await failureOf(tried);
      if (failure !== undefined && kindOf(failure) === kind) return tried;
      if (isOver()) return undefined;
    }
    return undefined;
  };
  let smallest = told;
  for (let isSmaller = true; isSmaller && !isOver(); ) {
    isSmaller = false;
    for (const simpler of simplifications(smallest)) {
      if (isOver()) break;
      const failing = await fails(simpler);
      if (failing === undefined) continue;
      smallest = failing;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* simplifications(told: History): Generator<History> {
  const { actors } = told;
  const withActor = (place: number, steps: readonly Step[]): History => ({
    ...told,
    actors: actors.with(place, steps),
  });
  for (const [place, steps] of actors.entries()) if (steps.length > 1) yield withActor(place, []);
  for (const [place, steps] of actors.entries())
    for (let step = steps.length - 1; step >= 0; step--) yield withActor(place, steps.toSpliced(step, 1));
  if (told.variant !== 0) yield { ...told, variant: 0 };
  for (const [place, steps] of actors.entries())
    for (const [number, step] of steps.entries())
      for (const simpler of simplerSteps(step)) yield withActor(place, steps.with(number, simpler));
}

/** What each member of a step is at its plainest. */
const PLAIN = {
  afterMs: 0,
  thinkMs: 0,
  tries: 1,
  groupCuts: 0,
  only: 0,
  maxActive: 1,
  slices: 'one',
  stageOnly: false,
  verify: false,
  live: 'not',
  late: false,
} as const;

function* simplerSteps(step: Step): Generator<Step> {
  for (const place of step.faults.keys()) yield { ...step, faults: step.faults.toSpliced(place, 1) };
  if (step.do === 'land') {
    for (const place of step.deliveries.keys())
      if (step.deliveries.length > 1) yield { ...step, deliveries: step.deliveries.toSpliced(place, 1) };
    for (const [place, draft] of step.deliveries.entries())
      for (const simpler of simplerDrafts(draft)) yield { ...step, deliveries: step.deliveries.with(place, simpler) };
  }
  if (step.do === 'transform')
    for (let bit = 1; bit <= step.flip; bit <<= 1)
      if ((step.flip & bit) !== 0 && step.flip !== bit) yield { ...step, flip: step.flip ^ bit };
  for (const [name, plain] of Object.entries(PLAIN))
    if (name in step && step[name as keyof Step] !== (plain as unknown)) yield { ...step, [name]: plain };
}

const PLAIN_DRAFT = {
  ...({ kind: 'sale', source: 'shop', id: 0, otherId: 0, at: 0, otherAt: 0 } as const),
  ...({ second: 0, amount: 0, grade: 'good', fault: 'none' } as const),
};

function* simplerDrafts(draft: DeliveryDraft): Generator<DeliveryDraft> {
  for (const [name, plain] of Object.entries(PLAIN_DRAFT))
    if (draft[name as keyof DeliveryDraft] !== plain) yield { ...draft, [name]: plain };
  for (const place of draft.lines.keys()) yield { ...draft, lines: draft.lines.toSpliced(place, 1) };
  for (const place of draft.marks.keys()) yield { ...draft, marks: draft.marks.toSpliced(place, 1) };
}
