// A plan as it is kept: a root that names what grows with the lake by its digest. Nothing here makes or reads one.

import { createHash } from 'node:crypto';
import { hashJson } from '../../model/digest.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { RowRange } from '../../ports/raw-reader.ts';
import type { PlanDate } from '../../ports/warehouse.ts';
import type { Window } from './window.ts';

/** How a root names a shard. */
export interface Shard {
  /** Its lines. */
  readonly count: number;
  /** Of the document, in hex. */
  readonly sha256: string;
}

/** A part of a slice: an object in the version that was planned, or some of its rows. */
export interface SlicePart {
  readonly key: string;
  readonly bytes: number;
  readonly version: string;
  /** Absent: the whole object. */
  readonly rows?: RowRange;
  /** Of an object with deliveries outside of the window: the line of the plan's objects that says which of them are staged. */
  readonly line?: LinePlace;
}

/** Where a line is in a document, and the first 32 hex digits of its sha256. */
export interface LinePlace {
  readonly at: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** The unit of fan-out, with all that its task needs. Numbered from 0. */
export interface Slice {
  readonly slice: number;
  /** Raw bytes. */
  readonly bytes: number;
  readonly parts: readonly SlicePart[];
}

/** Rows and bytes of a row group. */
export type RowGroup = readonly [rows: number, bytes: number];

/** Why an object is part of a plan. */
export type Because =
  | 'holds the window'
  | 'holds other copies of its events'
  /** By earlier rules. It is judged, so that rows go which today's rules date or key elsewhere. */
  | 'gave rows of the window'
  | 'cannot be read';

export interface PinnedObject extends ObjectInfo {
  readonly rows: number;
  /** Deliveries of the object that belong to dates of the window. */
  readonly rowsInWindow: number;
  /** Every event date that gets rows from the object, in the window or not. */
  readonly dates: readonly string[];
  readonly rowGroups: readonly RowGroup[];
  readonly because: Because;
  readonly unreadable?: string;
  /**
   * The object has deliveries outside of the window; absent when it has none. Of these only the ones of events that have
   * copies in it are staged: hashes of the events, as base64 of 8 bytes each, ascending.
   */
  readonly eventsOutside?: string;
}

/** The raw objects of a plan, as a shard of `PinnedObject`, and what they add up to. */
export interface PinnedObjects extends Shard {
  readonly unreadable: number;
  readonly bytes: number;
  /** Deliveries. */
  readonly rows: number;
}

/** How far copies of a window's events were looked for at other dates. */
export interface CopyHorizon {
  /** Days before and after the window. */
  readonly days: number;
  /** Dates of arrival, half-open. */
  readonly from: string;
  readonly to: string;
  /** Objects that arrived outside of them, and were not looked through for copies. */
  readonly objectsBeyond: number;
}

export interface PlannedDate extends PlanDate {
  readonly deliveries: number;
  /** Events at the date whose raw is gone; absent for none. They keep the date from being whole. */
  readonly rawGone?: number;
  /** Nothing but that makes it not whole: all that there is of its raw is pinned and can be read. */
  readonly complete?: true;
}

/** Whether a date gets all that there is of its raw; then it is published whole, as far as raw goes. */
export const isComplete = ({ whole, complete }: PlannedDate): boolean => whole || complete === true;

/** All that the outcome of a run depends on: the root of a plan. Immutable, and small whatever the lake holds. */
export interface PlanBody {
  readonly format: 2;
  readonly pipeline: string;
  readonly window: Window;
  readonly transformDigest: string;
  readonly schemaDigest: string;
  readonly timeRulesDigest: string;
  /** Some objects were left out by hand: nothing is deleted or replaced by a lesser copy. */
  readonly partial: boolean;
  readonly objects: PinnedObjects;
  /** Keys of objects that gave rows of the window and are not in the lake any more; absent for none. */
  readonly goneObjects?: Shard;
  readonly slices: Shard;
  /** Absent: copies were looked for in all there is. */
  readonly copyHorizon?: CopyHorizon;
  readonly dates: readonly PlannedDate[];
  readonly groups: number;
  readonly tables: readonly string[];
  readonly repair: boolean;
}

export interface Plan {
  readonly id: string;
  readonly body: PlanBody;
  readonly reason: string;
  readonly createdAt: string;
  /** Of a plan that an earlier release made: what is in shards today. */
  readonly former?: FormerLists;
}

export interface FormerLists {
  readonly objects: readonly PinnedObject[];
  readonly slices: readonly Slice[];
  readonly goneObjects: readonly string[];
}

/** The hash of all that the outcome depends on, however the document is laid out. */
export const planIdOf = (body: object): string => hashJson(createHash('sha256'), body);
