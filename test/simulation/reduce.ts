// Makes a failing history small: one family, few steps, few deliveries, plain settings, for as long as it still fails.
// fast-check would get there too, a thousand runs later.

import type { DeliveryDraft } from '../../simulator/deliveries.ts';
import type { History, Landing, Step } from './history.ts';

const NO_LANDING: Landing = { deliveries: [], live: 'not', late: false, apart: false };

/**
 * `fails` tells whether a history still fails; `said` is what it failed with, in which ids begin with their family.
 * Tries each simplification until none is left that keeps the failure.
 */
export async function reduceHistory(
  told: History,
  said: string,
  fails: (history: History) => Promise<boolean>,
): Promise<History> {
  let smallest = told;
  for (const [, family] of said.matchAll(/\b(\d+)-m?\d\b/g)) {
    const alone = mapLandings(told, (landing, other) => (other === Number(family) ? landing : NO_LANDING));
    if (!(await fails(alone))) continue;
    smallest = alone;
    break;
  }
  for (let progress = true; progress; ) {
    progress = false;
    for (const simpler of simplifications(smallest)) {
      if (!(await fails(simpler))) continue;
      smallest = simpler;
      progress = true;
      break;
    }
  }
  return smallest;
}

function* simplifications(told: History): Generator<History> {
  const families = Math.max(0, ...told.steps.map((step) => (step.do === 'land' ? step.families.length : 0)));
  const filled = (family: number): boolean =>
    told.steps.some((step) => step.do === 'land' && (step.families[family]?.deliveries.length ?? 0) > 0);
  const inhabited = Array.from({ length: families }, (_, family) => family).filter(filled);
  if (inhabited.length > 1) {
    for (const kept of inhabited)
      yield mapLandings(told, (landing, family) => (family === kept ? landing : NO_LANDING));
    for (const gone of inhabited)
      yield mapLandings(told, (landing, family) => (family === gone ? NO_LANDING : landing));
  }
  for (let place = told.steps.length - 1; place >= 0; place--) {
    if (told.steps.length > 1) yield { ...told, steps: told.steps.filter((_, other) => other !== place) };
  }
  if (told.variant !== 0) yield { ...told, variant: 0 };
  if (told.shuffle !== 0) for (const shuffle of [0, 1, 2, 3]) if (shuffle < told.shuffle) yield { ...told, shuffle };
  if (told.thorough) yield { ...told, thorough: false };
  for (const [place, step] of told.steps.entries()) {
    for (const simpler of simplerSteps(step)) {
      yield { ...told, steps: told.steps.map((other, at) => (at === place ? simpler : other)) };
    }
  }
}

function mapLandings(told: History, change: (landing: Landing, family: number) => Landing): History {
  const steps = told.steps.map((step) =>
    step.do === 'land' ? { ...step, families: step.families.map(change) } : step,
  );
  return { ...told, steps };
}

function* simplerSteps(step: Step): Generator<Step> {
  switch (step.do) {
    case 'land':
      for (const [family, landing] of step.families.entries()) {
        const put = (simpler: Landing): Step => ({ ...step, families: step.families.with(family, simpler) });
        for (const place of landing.deliveries.keys()) {
          yield put({ ...landing, deliveries: landing.deliveries.filter((_, other) => other !== place) });
        }
        if (landing.live !== 'not') yield put({ ...landing, live: 'not' });
        if (landing.late) yield put({ ...landing, late: false });
        if (landing.apart) yield put({ ...landing, apart: false });
        for (const [place, draft] of landing.deliveries.entries()) {
          for (const simpler of simplerDrafts(draft))
            yield put({ ...landing, deliveries: landing.deliveries.with(place, simpler) });
        }
      }
      return;
    case 'transform':
      for (let bit = 1; bit <= step.flip; bit <<= 1)
        if ((step.flip & bit) !== 0 && step.flip !== bit) yield { ...step, flip: step.flip ^ bit };
      return;
    case 'replay':
      if (step.crash !== null) yield { ...step, crash: null };
      if (step.only !== 0) yield { ...step, only: 0 };
      if (step.liveAfter !== 0) yield { ...step, liveAfter: 0 };
      if (step.breaking !== 0) yield { ...step, breaking: 0 };
      if (step.preview) yield { ...step, preview: false };
      if (step.groupCuts !== 0) yield { ...step, groupCuts: 0 };
      if (step.slices !== 'one') yield { ...step, slices: 'one' };
      if (step.from !== 0 || step.days !== 7) yield { ...step, from: 0, days: 7 };
      return;
    default:
      return;
  }
}

function* simplerDrafts(draft: DeliveryDraft): Generator<DeliveryDraft> {
  const plain = { kind: 'sale', source: 'shop', id: 0, otherId: 0, at: 0, otherAt: 0, second: 0 } as const;
  const more = { amount: 0, grade: 'good', fault: 'none' } as const;
  for (const [name, value] of Object.entries({ ...plain, ...more })) {
    if (draft[name as keyof DeliveryDraft] !== value) yield { ...draft, [name]: value };
  }
  for (const place of draft.lines.keys()) yield { ...draft, lines: draft.lines.filter((_, other) => other !== place) };
  for (const place of draft.marks.keys()) yield { ...draft, marks: draft.marks.filter((_, other) => other !== place) };
  for (const [place, mark] of draft.marks.entries()) {
    for (const [name, value] of Object.entries(mark))
      if (value !== 0) yield { ...draft, marks: draft.marks.with(place, { ...mark, [name]: 0 }) };
  }
}
