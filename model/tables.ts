// The tables of a compiled pipeline: every column with its type, in the order in which it stands in the warehouse,
// in stage files and in row hashes. DDL and SQL are made from these by the adapters.

import { formatDecimal } from './decimal.ts';
import type { ColumnType, Value } from './language.ts';

/** Types of columns as a dialect spells them; `decimal` is DECIMAL(38,18), times are UTC microseconds. */
export type SqlType = ColumnType | 'date' | 'timestamp';

export interface TableColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly required: boolean;
  readonly restricted: boolean;
}

/** How rows of a table follow from events: one for each event, parts of an event, or offered by several events. */
export type TableKind = 'events' | 'parts' | 'offered';

const required = (name: string, type: SqlType): TableColumn => ({ name, type, required: true, restricted: false });

/** What every row starts with. All of it but `event_date` (which follows from `occurred_at`) is in the row hash. */
export const LEADING_COLUMNS: readonly TableColumn[] = [
  required('event_id', 'text'),
  required('event_date', 'date'),
  required('occurred_at', 'timestamp'),
  required('received_at', 'timestamp'),
  required('source', 'text'),
  { name: 'schema_version', type: 'text', required: false, restricted: false },
];

/** What every row ends with: where it came from and what it was made by. */
export const LINEAGE_COLUMNS: readonly TableColumn[] = [
  required('_delivery', 'text'),
  required('_raw_object', 'text'),
  required('_raw_row', 'integer'),
  required('_transform_version', 'text'),
  required('_row_hash', 'text'),
];

/** Columns that publishing adds. */
export const PUBLISH_COLUMNS: readonly TableColumn[] = [
  required('_run_id', 'text'),
  required('_published_at', 'timestamp'),
];

/** On `events` alone: the hash of all that the event is, its parts included. */
export const CONTENT_HASH_COLUMN: TableColumn = required('_content_hash', 'text');

/** On offered tables alone: the event that offered the row and its place in it, which decide between offers. */
export const OFFER_COLUMNS: readonly TableColumn[] = [
  required('_offered_by', 'text'),
  required('_offer_index', 'integer'),
];

export const QUARANTINE_COLUMNS: readonly TableColumn[] = [
  required('reason', 'text'),
  { name: 'detail', type: 'text', required: false, restricted: false },
  { name: 'source', type: 'text', required: false, restricted: false },
  { name: 'received_at', type: 'timestamp', required: false, restricted: false },
  required('_raw_object', 'text'),
  required('_raw_row', 'integer'),
  { name: 'event_date', type: 'date', required: false, restricted: false },
  { name: 'schema_version', type: 'text', required: false, restricted: false },
  required('_transform_version', 'text'),
];

/** The canonical text of a value, from which row hashes are made and which SQL can make too. */
export function canonicalText(value: Value, type: SqlType): string | null {
  if (value === null) return null;
  if (type === 'decimal') return formatDecimal(value as bigint);
  return typeof value === 'string' ? value : String(value);
}
