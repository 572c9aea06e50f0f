// Looking at single rows of the warehouse, for people: the quarantine, and all rows of one event. Reading only.

import type { CompiledPipeline, CompiledTable } from '../model/compile.ts';

export interface QuarantineFilter {
  readonly reason: string | undefined;
  /** Half-open, in the dates that the deliveries belong to. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface QuarantineCount {
  readonly reason: string;
  /** YYYY-MM-DD; null when the entry belongs to no date. */
  readonly date: string | null;
  readonly entries: number;
}

/** One rejected delivery, or with row −1 an object that cannot be read. */
export interface QuarantineEntry {
  readonly rawObject: string;
  readonly rawRow: number;
  readonly reason: string;
  readonly detail: string | null;
  readonly source: string | null;
  /** UTC, as text; null for an object. */
  readonly receivedAt: string | null;
  readonly date: string | null;
  readonly schemaVersion: string | null;
  readonly transformVersion: string;
  readonly runId: string;
  readonly publishedAt: string;
}

/** Where a quarantined delivery is in raw; row −1 stands for an object that cannot be read. */
export interface QuarantinePlace {
  readonly rawRow: number;
  readonly reason: string;
  readonly date: string | null;
}

/** All of the quarantine, an object at a time. */
export interface Quarantine {
  /** Keys of the raw objects that have entries, ascending. */
  objects(pipeline: CompiledPipeline, filter: QuarantineFilter): Promise<readonly string[]>;
  /** The entries of one object, by row. */
  places(pipeline: CompiledPipeline, filter: QuarantineFilter, rawObject: string): Promise<readonly QuarantinePlace[]>;
}

/** A row as it stands; every column of the table as text in its canonical form, null for null. */
export type StoredRow = Readonly<Record<string, string | null>>;

export interface Inspector {
  /** By reason and date; empty when the pipeline has no tables yet. */
  quarantineCounts(pipeline: CompiledPipeline, filter: QuarantineFilter): Promise<readonly QuarantineCount[]>;
  /** The newest by the time they were received. */
  quarantineEntries(
    pipeline: CompiledPipeline,
    filter: QuarantineFilter,
    entriesMax: number,
  ): Promise<readonly QuarantineEntry[]>;
  quarantineEntry(pipeline: CompiledPipeline, rawObject: string, rawRow: number): Promise<QuarantineEntry | undefined>;
  /** The rows of a table that have the key as `event_id`, in the order of the table's key. */
  rowsOf(pipeline: CompiledPipeline, table: CompiledTable, eventId: string): Promise<readonly StoredRow[]>;
  /** How many rows of an offered table an event gave. */
  offeredBy(pipeline: CompiledPipeline, table: CompiledTable, eventId: string): Promise<number>;
}
