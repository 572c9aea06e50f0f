// The dates of a plan: what each gets from raw, whether that is all there is of it, and the transactions that publish them.

import type { GoneRaw } from './gone-raw.ts';
import { PLAN_LIMITS } from './limits.ts';
import type { Pins } from './pins.ts';
import type { PlanBody, PlannedDate } from './plan-document.ts';

export interface DatesRequest {
  /** Dates of the window at which rows stand. */
  readonly standing: readonly string[];
  readonly partial: boolean;
  readonly gone: GoneRaw;
}

export function planDates(pins: Pins, { standing, partial, gone }: DatesRequest): Pick<PlanBody, 'dates' | 'groups'> {
  const deliveries = new Map([...standing.map((date) => [date, 0] as const), ...pins.deliveries]);
  let group = 0;
  let inGroup = 0;
  const dates = [...deliveries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, count]) => {
      if (inGroup > 0 && inGroup + count > PLAN_LIMITS.groupDeliveriesMax) {
        group++;
        inGroup = 0;
      }
      inGroup += Math.max(count, 1);
      return plannedDate({ date, group, deliveries: count }, !partial && date > pins.gapUntil, gone);
    });
  return { dates, groups: dates.length > 0 ? group + 1 : pins.totals().unreadable > 0 ? 1 : 0 };
}

function plannedDate(
  date: Pick<PlannedDate, 'date' | 'group' | 'deliveries'>,
  isAllThereIs: boolean,
  { eventsByDate }: GoneRaw,
): PlannedDate {
  const rawGone = eventsByDate.get(date.date);
  if (rawGone === undefined) return { ...date, whole: isAllThereIs };
  return { ...date, whole: false, rawGone, ...(isAllThereIs ? { complete: true } : {}) };
}
