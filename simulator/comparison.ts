// The warehouse against the model: what today's transforms make of all the raw there is.

import type { CompiledPipeline } from '../model/compile.ts';
import { compareOrders, evaluateAll, expectedTables, type Landed, orderOfRow, rowOf } from './model.ts';
import { type Row, rowsOf, type Tables } from './rows.ts';
import { tinyPipeline } from './tiny-pipeline.ts';

/** Throws when a table differs. `expired`: keys of raw objects that are gone, whose rows stay, and whose dates are not whole. */
export function compareWithModel(
  pipeline: CompiledPipeline,
  tables: Tables,
  landed: readonly Landed[],
  expired: ReadonlySet<string>,
): void {
  const lacking = rowsOf(tables, 'events').filter((row) => expired.has(row._raw_object ?? ''));
  const gone = { objects: expired, dates: new Set(lacking.map((row) => row.event_date as string)) };
  const expected = expectedTables(pipeline, landed, tables, gone);
  for (const [name, rows] of tables) {
    const found = asTexts(name, rows);
    const wanted = asTexts(name, expected.get(name) ?? []);
    const missing = [...wanted].filter((text) => !found.has(text));
    const unexpected = [...found].filter((text) => !wanted.has(text));
    if (missing.length + unexpected.length + Math.abs(rows.length - (expected.get(name)?.length ?? 0)) > 0) {
      throw new Error(
        `${name} differs\nmissing:\n  ${missing.join('\n  ')}\nunexpected:\n  ${unexpected.join('\n  ')}`,
      );
    }
  }
  checkPlaces(tables, landed);
}

/** A row names the place of its very delivery. */
function checkPlaces(tables: Tables, landed: readonly Landed[]): void {
  const places = new Map(landed.map(({ object, raw }) => [`${object}#${raw.row}`, raw]));
  for (const row of rowsOf(tables, 'events')) {
    const raw = places.get(`${row._raw_object}#${row._raw_row}`);
    if (raw !== undefined && raw.bodySha256 !== row._delivery)
      throw new Error(`event ${row.event_id} names ${row._raw_object}#${row._raw_row}, which is another delivery`);
  }
}

export interface Orphan {
  readonly table: string;
  readonly row: Row;
}

/**
 * A row whose raw expired is still there, unless something greater was ever delivered for its key, or for the event that
 * offered it, by any of the transforms there were. Throws when one is lost.
 */
export function checkOrphans(
  tables: Tables,
  orphans: readonly Orphan[],
  everything: readonly Landed[],
  variants: Iterable<number>,
): void {
  const beaten = (table: string, key: string | null | undefined, row: Row): boolean =>
    [...variants].some((variant) => {
      const pipeline = tinyPipeline(variant);
      const order = { ...orderOfRow(pipeline, row), ...(table === 'events' ? { place: 0 } : {}) };
      return evaluateAll(pipeline, everything).accepted.some((candidate) =>
        candidate.evaluation.rows.some(
          (canonical) =>
            pipeline.tables[canonical.table]?.name === table &&
            canonical.eventId === key &&
            isBeatenBy(
              compareOrders(orderOfRow(pipeline, rowOf(pipeline, candidate, canonical)), order),
              candidate,
              row,
            ),
        ),
      );
    });
  for (const { table, row } of orphans) {
    if (table !== 'events' && table !== 'marks') continue;
    if (rowsOf(tables, table).some((one) => one.event_id === row.event_id)) continue;
    if (beaten(table, row.event_id, row) || beaten('events', row._offered_by ?? row.event_id, row)) continue;
    throw new Error(`${table} lost ${row.event_id}, whose raw expired`);
  }
}

/** By something greater, or by the very same delivery in another object, which the row then follows. */
const isBeatenBy = (order: number, { object }: Landed, row: Row): boolean =>
  order > 0 || (order === 0 && object !== row._raw_object);

/** What publishing adds, and what any of several equal places may say. */
const DROPPED = ['_transform_version', '_run_id', '_published_at'];

/** Rows without what is not compared. */
function asTexts(table: string, rows: readonly Row[]): Set<string> {
  const dropped = new Set(table === 'quarantine' ? DROPPED : [...DROPPED, '_raw_object', '_raw_row']);
  return new Set(
    rows.map((row) => {
      const cells = Object.entries(row).filter(([name]) => !dropped.has(name));
      return JSON.stringify(Object.fromEntries(cells.sort(([a], [b]) => (a < b ? -1 : 1))));
    }),
  );
}
