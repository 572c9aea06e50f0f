// What is known of each raw object under a pipeline's time rules: which event dates get rows from it, and which keys
// it holds, so that a plan can name every object that has a copy of an event.

import type { KeyedDay } from '../model/dating.ts';
import type { ObjectInfo } from './object-store.ts';

export interface CatalogEntry {
  readonly object: ObjectInfo;
  readonly rows: number;
  readonly rowGroups: readonly { readonly rows: number; readonly bytes: number }[];
  /** Deliveries by the UTC date (YYYY-MM-DD) they belong to. */
  readonly deliveriesByDate: Readonly<Record<string, number>>;
  /** Rows that events of the object offer at dates of their own. */
  readonly offeredByDate: Readonly<Record<string, number>>;
  /** Why the object cannot be read; it then has no rows and no dates. */
  readonly unreadable?: string;
}

/** A page of the catalog while it is written: entries of objects that arrived on one date. Bounded memory. */
export interface CatalogPage {
  /** Keys of a delivery of the object that is read just now. */
  add(keys: readonly KeyedDay[]): void;
  /** Room for more; to be awaited now and then. */
  drain(): Promise<void>;
  /** Ends the object; the keys that were added since the last one are its own, or nobody's when it cannot be read. */
  end(entry: CatalogEntry): void;
  /** All or nothing. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** What else is known when copies of a window's events are looked for. */
export interface WindowKeys {
  /** Days since 1970-01-01: `[fromDay, toDay)`. */
  readonly fromDay: number;
  readonly toDay: number;
  /**
   * A Parquet file of keys that have a row in the warehouse (columns `key_hash`, `raw_object` and `in_window`: whether the
   * row is in the window, or only says where a row of the event came from).
   */
  readonly warehouseKeys: string | undefined;
  /** Only objects that arrived on these dates are looked through for copies; all of them when absent. */
  readonly arrived?: { readonly from: string; readonly to: string };
}

/** An object of a survey. */
export interface SurveyedEntry {
  readonly entry: CatalogEntry;
  /** It holds a key that has a row in the window, in raw or in the warehouse, by the last `link`. */
  readonly isLinked: boolean;
  /** Hashes (keyHash of model/keyed.ts), ascending, of the window's events that it has deliveries of at other dates. */
  readonly eventsOutside: readonly bigint[];
}

/** A look over objects that the catalog knows, date by date, in memory that does not grow with their number. */
export interface CatalogSurvey {
  /** Objects that arrived on one date, each in the version that the catalog knows; dates ascending, each of them once. */
  add(objects: readonly ObjectInfo[]): Promise<void>;
  /**
   * Finds the objects that hold a copy of an event which gives a row to the window. Gives the keys of raw objects that
   * gave a row of one of those events which is in the warehouse, at whatever date.
   */
  link(window: WindowKeys): Promise<readonly string[]>;
  /** Object keys, ascending, of those that hold a delivery which may give a row to one of the keys. */
  holding(keys: readonly string[]): Promise<readonly string[]>;
  /** Its objects, date by date, ascending by key. May be called again. */
  entries(): AsyncIterable<readonly SurveyedEntry[]>;
}

/** The catalog of one pipeline under one digest of its time rules. */
export interface Catalog {
  /** For each object the entry for that very version of it; undefined where none is known. All arrived on one date. */
  entries(objects: readonly ObjectInfo[]): Promise<readonly (CatalogEntry | undefined)[]>;
  /** A new page. An entry of it replaces an earlier one of the same version of the object. */
  openPage(arrivalDate: string): Promise<CatalogPage>;
  /** A survey of nothing yet. */
  survey(): CatalogSurvey;
}
