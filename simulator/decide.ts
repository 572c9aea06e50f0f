// The decision of one date group over rows in memory: the publish rule (engine/publish/rule.ts) for events, parts,
// offered rows and the quarantine, and what it adds up to.

import {
  type Copy,
  type Decision,
  decideCopies,
  decideEntries,
  decideParts,
  type Entry,
  overruledEvents,
  type Part,
  type PublishRule,
  type RowAction,
  type RuleScope,
} from '../engine/publish/rule.ts';
import type { CompiledPipeline, CompiledTable } from '../model/compile.ts';
import { UNREADABLE_OBJECT, WHOLE_OBJECT_ROW } from '../model/limits.ts';
import type { DateChange, GroupOutcome } from '../ports/warehouse.ts';
import { orderOfRow } from './model.ts';
import type { Row } from './rows.ts';
import type { SimScope } from './scope.ts';
import { beatenName, greatestOffers } from './stager.ts';

/** What a decision is made of beside the scope. */
export interface Standing {
  readonly rows: (table: string) => readonly Row[];
  readonly settled: (table: string) => readonly Row[];
  readonly heldDates: ReadonlySet<string>;
}

export interface RowDecision {
  readonly key: string;
  readonly action: RowAction;
  readonly newDate: string | null;
  readonly oldDate: string | null;
}

export interface TableDecision {
  readonly table: string;
  readonly keyOf: (row: Row) => string;
  readonly decisions: readonly RowDecision[];
  /** Staged rows by key: what is inserted. */
  readonly staged: ReadonlyMap<string, Row>;
}

export interface GroupDecision {
  readonly tables: readonly TableDecision[];
  readonly outcome: GroupOutcome;
}

/** The scope of a group's decision, with dates that lack raw as not whole. */
export function scopeOfRule(rule: PublishRule, scope: SimScope, group: number, standing: Standing): RuleScope {
  const { pipeline } = scope;
  const staged = copies(pipeline, standing.settled('events'), eventContent);
  const rows = copies(pipeline, standing.rows('events'), eventContent);
  return ruleScopeOf(rule, scope, group, standing.heldDates, staged, rows);
}

/** Events whose row in the warehouse is greater than the staged one, and stays. */
export function overruledOf(
  rule: PublishRule,
  { pipeline }: SimScope,
  ruleScope: RuleScope,
  standing: Standing,
): Set<string> {
  const staged = copies(pipeline, standing.settled('events'), eventContent);
  return overruledEvents(rule, ruleScope, staged, copies(pipeline, standing.rows('events'), eventContent));
}

export function decideGroup(rule: PublishRule, scope: SimScope, group: number, standing: Standing): GroupDecision {
  const { pipeline } = scope;
  const stagedEvents = byKey(standing.settled('events'));
  const settledEvents = copies(pipeline, stagedEvents.values(), eventContent);
  const standingEvents = copies(pipeline, standing.rows('events'), eventContent);
  const ruleScope = ruleScopeOf(rule, scope, group, standing.heldDates, settledEvents, standingEvents);
  const events = decideCopies(rule, ruleScope, settledEvents, standingEvents);
  const actions = new Map(events.map(({ key, action }) => [key, action]));
  const overruled = overruledEvents(rule, ruleScope, settledEvents, standingEvents);
  const tables: TableDecision[] = [
    { table: 'events', keyOf: eventKey, decisions: events.map(rowDecision), staged: stagedEvents },
  ];
  for (const table of pipeline.tables.slice(1)) {
    if (table.kind === 'offered') {
      const staged = competingOffers(pipeline, table, standing, overruled);
      const offers = copies(pipeline, staged.values(), offerContent);
      const now = copies(pipeline, standing.rows(table.name), offerContent);
      const decisions = decideCopies(rule, ruleScope, offers, now).map(rowDecision);
      tables.push({ table: table.name, keyOf: eventKey, decisions, staged });
    } else {
      const keyOf = (row: Row): string => partKey(table, row);
      const parts = (rows: readonly Row[]): Part[] => rows.map((row) => partOf(table, row));
      const decided = decideParts(actions, parts(standing.settled(table.name)), parts(standing.rows(table.name)));
      const staged = new Map(standing.settled(table.name).map((row) => [keyOf(row), row]));
      const decisions = decided.map((one) => ({
        ...one,
        newDate: one.newDate ?? null,
        oldDate: one.oldDate ?? null,
      }));
      tables.push({ table: table.name, keyOf, decisions, staged });
    }
  }
  tables.push(quarantineDecision(scope, ruleScope, standing));
  const outcome: GroupOutcome = {
    group,
    changes: tables.flatMap(({ table, decisions }) => changesOf(table, decisions)),
    // Causes are told to people and decide nothing.
    causes: [],
    rowsBefore: standing.rows('events').filter((row) => ruleScope.dates.get(row.event_date as string)?.group === group)
      .length,
    heldDates: [...ruleScope.dates].filter(([, date]) => date.held && date.group === group).map(([date]) => date),
  };
  return { tables, outcome };
}

/** Dates that lack raw are not whole. */
function ruleScopeOf(
  rule: PublishRule,
  scope: SimScope,
  group: number,
  heldDates: ReadonlySet<string>,
  staged: ReadonlyMap<string, Copy>,
  standing: ReadonlyMap<string, Copy>,
): RuleScope {
  const sets = { judgedObjects: scope.judgedObjects, goneObjects: scope.goneObjects };
  const bare = { group, window: scope.window, dates: new Map(), ...sets };
  const lacking = rule.datesOfGoneRaw(bare, staged, standing);
  const dates = scope.dates.map(({ date, group, whole }) => {
    const isWhole = whole && !scope.partial && !lacking.has(date);
    return [date, { group, whole: isWhole, held: heldDates.has(date) }] as const;
  });
  dates.sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...bare, dates: new Map(dates) };
}

const eventKey = (row: Row): string => row.event_id as string;
const eventContent = (row: Row): string => row._content_hash as string;
const offerContent = (row: Row): string => `${row._row_hash} ${row._offered_by} ${row._offer_index}`;
const partKey = (table: CompiledTable, row: Row): string => table.key.map((column) => row[column]).join(' ');
const byKey = (rows: readonly Row[]): Map<string, Row> => new Map(rows.map((row) => [eventKey(row), row]));

function copies(pipeline: CompiledPipeline, rows: Iterable<Row>, content: (row: Row) => string): Map<string, Copy> {
  const found = new Map<string, Copy>();
  for (const row of rows) {
    found.set(eventKey(row), {
      key: eventKey(row),
      date: row.event_date as string,
      order: orderOfRow(pipeline, row),
      content: content(row),
      rawObject: row._raw_object as string,
      transformVersion: row._transform_version as string,
    });
  }
  return found;
}

const partOf = (table: CompiledTable, row: Row): Part => ({
  key: partKey(table, row),
  eventKey: eventKey(row),
  date: row.event_date as string,
  content: `${row._row_hash} ${row._delivery} ${row._raw_row} ${row._raw_object}`,
});

/** Settled offers but those of overruled events, for whose keys the greatest of the others stands in. */
function competingOffers(
  pipeline: CompiledPipeline,
  table: CompiledTable,
  standing: Standing,
  overruled: ReadonlySet<string>,
): Map<string, Row> {
  const isOverruled = (row: Row): boolean => overruled.has(row._offered_by as string);
  const settled = standing.settled(table.name);
  const vacant = new Set(settled.filter(isOverruled).map(eventKey));
  const beaten = standing
    .settled(beatenName(table.name))
    .filter((row) => !isOverruled(row) && vacant.has(eventKey(row)));
  const standIns = greatestOffers(pipeline, beaten);
  return new Map([...byKey(settled.filter((row) => !isOverruled(row))), ...standIns]);
}

const rowDecision = ({ key, action, staged, standing }: Decision): RowDecision => ({
  key,
  action,
  newDate: staged?.date ?? null,
  oldDate: standing?.date ?? null,
});

function quarantineDecision(scope: SimScope, ruleScope: RuleScope, standing: Standing): TableDecision {
  const keyOf = (row: Row): string => `${row._raw_row} ${row._raw_object}`;
  const entryOf = (row: Row): Entry => ({
    rawObject: row._raw_object as string,
    rawRow: Number(row._raw_row),
    reason: row.reason as string,
    detail: row.detail ?? null,
    source: row.source ?? null,
    date: row.event_date ?? null,
  });
  const unreadable = scope.unreadable.map((one): Row => unreadableEntry(scope.pipeline, one));
  const rejected = standing.settled('quarantine');
  const decided = decideEntries(
    ruleScope,
    rejected.map(entryOf),
    unreadable.map(entryOf),
    standing.rows('quarantine').map(entryOf),
  );
  return {
    table: 'quarantine',
    keyOf,
    decisions: decided.map(({ rawObject, rawRow, action, newDate, oldDate }) => ({
      key: `${rawRow} ${rawObject}`,
      action,
      newDate,
      oldDate,
    })),
    staged: new Map([...rejected, ...unreadable].map((row) => [keyOf(row), row])),
  };
}

/** The entry of an object that cannot be read. */
export const unreadableEntry = (
  pipeline: CompiledPipeline,
  { key, detail, date }: { readonly key: string; readonly detail: string; readonly date: string },
): Row => ({
  reason: UNREADABLE_OBJECT,
  detail,
  source: null,
  received_at: null,
  _raw_object: key,
  _raw_row: String(WHOLE_OBJECT_ROW),
  event_date: date,
  schema_version: null,
  _transform_version: pipeline.transformDigest,
});

const NO_CHANGES = {
  inserted: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  kept_newer: 0,
  raw_gone: 0,
  not_whole: 0,
  held: 0,
};

/** Counts by date, in order. */
export function changesOf(table: string, decisions: readonly RowDecision[]): DateChange[] {
  const counts = new Map<string, { table: string; date: string } & typeof NO_CHANGES>();
  for (const { action, newDate, oldDate } of decisions) {
    const date = String(action === 'delete' ? oldDate : (newDate ?? oldDate));
    const count = counts.get(date) ?? { table, date, ...NO_CHANGES };
    counts.set(date, count);
    if (action === 'insert') count.inserted++;
    else if (action === 'update') count.updated++;
    else if (action === 'delete') count.deleted++;
    else if (action === 'unchanged') count.unchanged++;
    else count[action]++;
  }
  return [...counts.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}
