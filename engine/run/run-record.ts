// What is recorded of a run: the documents that the control store keeps of it.

import type { Anchor, GoneRows, LeftAlone, LeftAloneRow, LostValues } from '../../ports/warehouse.ts';
import type { Window } from '../plan/window.ts';
import type { RunState } from './states.ts';

/** What a plan finds retired. */
export interface Retired {
  /** The undos that keep the transforms from these dates. */
  readonly undos: readonly string[];
  readonly windows: readonly Window[];
  /** What is left of the plan's window. */
  readonly rest: readonly Window[];
}

export interface RunOptions {
  readonly stageOnly: boolean;
  readonly approved: boolean;
  /** Share of the rows before the run that may be updated or deleted without approval; the gate's own limit when undefined. */
  readonly maxChange: number | undefined;
  readonly maxActive: number;
  readonly newestFirst: boolean;
  readonly verify: boolean;
}

export interface RunRecord {
  readonly runId: string;
  readonly planId: string;
  readonly pipeline: string;
  readonly state: RunState;
  readonly attempt: number;
  /** The fence of the lease by which it publishes. */
  readonly lease: number;
  readonly epoch: number;
  readonly options: RunOptions;
  /** The run that this one, an undo, takes back. */
  readonly undoes?: string;
  /** Why, when not the plan but the run was given a reason. */
  readonly reason?: string;
  /** Who executes this attempt, as which process, since when. */
  readonly by?: string;
  readonly holder?: string;
  readonly begunAtMs?: number;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly failure?: { readonly error: string; readonly cause: string };
  readonly summary?: RunSummary;
  /** The entry of the ledger that says how it ended: the ledger cannot be cut behind it unnoticed. */
  readonly ledger?: Anchor;
}

/** What a run is given when it is created or taken up again. */
export type RunAbout = Pick<RunRecord, 'undoes' | 'reason' | 'by' | 'holder' | 'begunAtMs'>;

export interface TableCounts {
  inserted: number;
  updated: number;
  deleted: number;
  unchanged: number;
  kept_newer: number;
  raw_gone: number;
  not_whole: number;
  held: number;
}

export interface RunSummary {
  readonly tables: Readonly<Record<string, TableCounts>>;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly causes: Readonly<Record<string, number>>;
  /** Of raw, read while staging, and of these dropped since they count for other dates; absent in records of older versions. */
  readonly deliveries?: { readonly read: number; readonly dropped: number };
  readonly dates: readonly string[];
  readonly heldDates: readonly string[];
  /** Values of undeclared columns that went with their rows; absent in runs of older versions. */
  readonly lost?: readonly LostValues[];
  /** Events that stay as they are because their raw is gone; absent in records of older versions. */
  readonly rawGone?: readonly GoneRows[];
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
  readonly verified?: { readonly ok: boolean; readonly checked: number; readonly differences: number };
  readonly undo?: UndoSummary;
  /** Why the run was refused: dates from which an undo keeps its transforms. */
  readonly retired?: Retired;
}

/** What an undo left alone, and what became of the transforms of the run that it took back. */
export interface UndoSummary {
  readonly leftAlone: readonly LeftAlone[];
  /** Some of the rows left alone, by table and key. */
  readonly leftAloneRows: readonly LeftAloneRow[];
  readonly transformDigest: string;
  readonly transforms: 'retired' | 'activated' | 'as before';
  /** At which dates they were retired, or are allowed again; absent in records of older versions. */
  readonly windows?: readonly Window[];
}

/** What the manifest of one staged slice says. Keys are in the stage store. */
export interface SliceManifest {
  readonly slice: number;
  /** Read. */
  readonly deliveries: number;
  readonly rejected: number;
  /** Dropped, since they count for other dates; absent in manifests of older versions. */
  readonly dropped?: number;
  readonly files: readonly {
    readonly table: string;
    readonly key: string;
    readonly rows: number;
    readonly longestText?: number | undefined;
    readonly digest?: string;
  }[];
  readonly unreadable: readonly { readonly key: string; readonly detail: string }[];
  /** Made with the key of the home; absent in manifests that older versions wrote, which are staged again. */
  readonly seal?: string;
}
