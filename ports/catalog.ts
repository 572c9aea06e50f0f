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

/** Which objects, of those asked about, hold rows of a window and other copies of the same events. */
export interface Linked {
  /** Objects that hold a key that has a row in the window, in raw or in the warehouse. */
  readonly keys: readonly string[];
  /** Objects that gave a row of one of those events which is in the warehouse, at whatever date. */
  readonly gave: readonly string[];
}

/** The catalog of one pipeline under one digest of its time rules. */
export interface Catalog {
  /** For each object the entry for that very version of it; undefined where none is known. */
  entries(objects: readonly ObjectInfo[]): Promise<readonly (CatalogEntry | undefined)[]>;
  /** A new page. An entry of it replaces an earlier one of the same version of the object. */
  openPage(arrivalDate: string): Promise<CatalogPage>;
  /**
   * Object keys, of `objects`, that hold a copy of an event which gives a row to a day in `[fromDay, toDay)`, or
   * whose key hash is in the Parquet file `warehouseKeys` (columns `key_hash`, `raw_object` and `in_window`: whether
   * the row is in the window, or only says where a row of the event came from).
   */
  linked(
    objects: readonly ObjectInfo[],
    window: { readonly fromDay: number; readonly toDay: number },
    warehouseKeys: string | undefined,
  ): Promise<Linked>;
  /** Object keys, ascending, of `objects`, that hold a delivery which may give a row to one of the keys. */
  holding(objects: readonly ObjectInfo[], keys: readonly string[]): Promise<readonly string[]>;
}
