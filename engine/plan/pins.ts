// Which objects of a lake a plan pins, and why: those with rows in the window, those with other copies of the same events,
// those that gave rows of it before, and those that may hold some. Goes through a survey once and keeps what it adds up to.

import { formatDay, parseDay } from '../../model/time.ts';
import type { CatalogEntry, CatalogSurvey, SurveyedEntry } from '../../ports/catalog.ts';
import { datesOfEntry } from './entry-dates.ts';
import { encodedEvents } from './events-outside.ts';
import { PLAN_LIMITS } from './limits.ts';
import type { Because, PinnedObject, PinnedObjects } from './plan-document.ts';
import { arrivalDate } from './raw-keys.ts';
import { inWindow, type Window } from './window.ts';

/** Dates of arrival, half-open. */
export interface Arrived {
  readonly from: string;
  readonly to: string;
}

export class Pins {
  readonly #survey: CatalogSurvey;
  readonly #window: Window;
  readonly #gave: Set<string>;
  readonly #arrived: Arrived | undefined;
  #totals = { unreadable: 0, bytes: 0, rows: 0 };
  #gapUntil = '';
  #objectsBeyond = 0;
  /** Deliveries, and rows that events offer, by date of the window. */
  readonly deliveries = new Map<string, number>();

  /**
   * @param gave keys of objects that gave rows of the window before; those that the survey has are taken out of it
   * @param arrived where copies were looked for; undefined for everywhere
   */
  constructor(survey: CatalogSurvey, window: Window, gave: Set<string>, arrived: Arrived | undefined) {
    this.#survey = survey;
    this.#window = window;
    this.#gave = gave;
    this.#arrived = arrived;
  }

  /** Ascending by key. To be read once; what it adds up to is known at its end. */
  async *objects(): AsyncGenerator<PinnedObject, void, undefined> {
    for await (const entries of this.#survey.entries()) {
      for (const surveyed of entries) {
        const object = this.#pinned(surveyed, this.#gave.delete(surveyed.entry.object.key));
        if (object !== undefined) yield object;
      }
    }
  }

  totals(): Pick<PinnedObjects, 'unreadable' | 'bytes' | 'rows'> {
    return this.#totals;
  }

  /** The last date that an unreadable object may have events of; empty for none. */
  get gapUntil(): string {
    return this.#gapUntil;
  }

  /** Objects in which no copies were looked for. */
  get objectsBeyond(): number {
    return this.#objectsBeyond;
  }

  #pinned({ entry, isLinked, eventsOutside }: SurveyedEntry, gave: boolean): PinnedObject | undefined {
    const { object, rows, rowGroups, unreadable } = entry;
    if (this.#arrived !== undefined && !inWindow(arrivalDate(object.key), this.#arrived)) this.#objectsBeyond++;
    const rowsInWindow = sumInWindow(entry.deliveriesByDate, this.#window);
    const because = this.#because(entry, rowsInWindow, isLinked, gave);
    if (because === undefined) return undefined;
    this.#totals = {
      unreadable: this.#totals.unreadable + (unreadable === undefined ? 0 : 1),
      bytes: this.#totals.bytes + object.bytes,
      rows: this.#totals.rows + rows,
    };
    if (unreadable === undefined) this.#count(entry);
    else if (lastPossibleDate(object.key) > this.#gapUntil) this.#gapUntil = lastPossibleDate(object.key);
    const dates = datesOfEntry(entry);
    const isMixed = dates.some((date) => !inWindow(date, this.#window));
    return {
      ...{ key: object.key, bytes: object.bytes, version: object.version },
      rows,
      rowsInWindow,
      dates,
      rowGroups: rowGroups.map((group) => [group.rows, group.bytes]),
      because,
      ...(unreadable === undefined ? {} : { unreadable }),
      ...(isMixed ? { eventsOutside: encodedEvents(eventsOutside) } : {}),
    };
  }

  /** Undefined for an object that the plan leaves out. */
  #because(entry: CatalogEntry, rowsInWindow: number, isLinked: boolean, gave: boolean): Because | undefined {
    if (entry.unreadable !== undefined)
      return lastPossibleDate(entry.object.key) < this.#window.from ? undefined : 'cannot be read';
    if (rowsInWindow > 0 || sumInWindow(entry.offeredByDate, this.#window) > 0) return 'holds the window';
    if (isLinked) return 'holds other copies of its events';
    return gave ? 'gave rows of the window' : undefined;
  }

  #count({ deliveriesByDate, offeredByDate }: CatalogEntry): void {
    for (const byDate of [deliveriesByDate, offeredByDate])
      for (const [date, count] of Object.entries(byDate))
        if (inWindow(date, this.#window)) this.deliveries.set(date, (this.deliveries.get(date) ?? 0) + count);
  }
}

const sumInWindow = (byDate: Readonly<Record<string, number>>, window: Window): number =>
  Object.entries(byDate).reduce((sum, [date, count]) => (inWindow(date, window) ? sum + count : sum), 0);

const LAST_DATE = '9999-12-31';

/** The latest event date of anything that arrived in the object's partition: the contract's skew rule. */
export const lastPossibleDate = (key: string): string => {
  const day = (parseDay(arrivalDate(key)) ?? 0) + PLAN_LIMITS.skewDays;
  return day > (parseDay(LAST_DATE) as number) ? LAST_DATE : formatDay(day);
};

/** The dates of arrival within so many days of the window `[fromDay, toDay)`. */
export function horizonOf(fromDay: number, toDay: number, days: number): Arrived {
  const first = parseDay('0001-01-01') as number;
  const last = parseDay(LAST_DATE) as number;
  return { from: formatDay(Math.max(first, fromDay - days)), to: formatDay(Math.min(last, toDay + days)) };
}
