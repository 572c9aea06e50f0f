// Plans of small lakes have one date group: cuts them as those of large ones are.

import { type Plan, type PlanBody, planIdOf } from '../engine/plan/plan-document.ts';

/** The same plan with its dates cut into more groups. Bit n: a new group begins at date n. */
export function regrouped(plan: Plan, cuts: number): Plan {
  let group = 0;
  const dates = plan.body.dates.map((date, place) => {
    if (place > 0 && ((cuts >> place) & 1) === 1) group++;
    return { ...date, group };
  });
  const body: PlanBody = { ...plan.body, dates, groups: dates.length > 0 ? group + 1 : plan.body.groups };
  return { ...plan, body, id: planIdOf(body) };
}
