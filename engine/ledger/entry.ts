// What an entry of the ledger is: what happened, framed by who wrote it when and with which code, and by the hash of the
// entry before it.

import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor } from '../../ports/warehouse.ts';
import type { Window } from '../plan/window.ts';
import type { RunOptions, RunRecord, TableCounts } from '../run/run-record.ts';
import type { SchemaChange } from '../schema/change.ts';

export type LedgerEvent =
  | {
      readonly kind: 'plan_made';
      readonly planId: string;
      readonly reason: string;
      /** Hash of what the pipeline declared, which is kept by it. */
      readonly declaration?: string;
    }
  | {
      readonly kind: 'epoch_activated';
      readonly epoch: number;
      readonly transformDigest: string;
      /** Why transforms may publish again where an undo retired them. */
      readonly reason?: string;
      /** Where: without, at all dates. */
      readonly windows?: readonly Window[];
      /** Only what this undo retired. */
      readonly undo?: string;
    }
  | {
      readonly kind: 'transforms_retired';
      readonly transformDigest: string;
      /** The undo. */
      readonly runId: string;
      /** The dates that it took back; older versions retired transforms everywhere. */
      readonly windows?: readonly Window[];
    }
  | {
      readonly kind: 'schema_applied';
      readonly columns: number;
      readonly changes: readonly SchemaChange[];
      /** Hash of the document with what was applied; absent in entries that older versions wrote. */
      readonly applied?: string;
    }
  | {
      readonly kind: 'run_created';
      readonly runId: string;
      readonly planId: string;
      readonly reason: string;
      /** What the run may do. Its record only mirrors them. */
      readonly options: RunOptions;
      readonly startedAt: string;
      /** The run that it takes back. */
      readonly undoes?: string;
      /** Whoever began or resumed the run may not approve it. */
      readonly fourEyes?: true;
    }
  | {
      readonly kind: 'run_started';
      readonly runId: string;
      readonly planId: string;
      readonly attempt: number;
      readonly reason: string;
      /** By which the attempt publishes; absent in entries that older versions wrote. */
      readonly epoch?: number;
      readonly fence?: number;
      /** The run that it takes back. */
      readonly undoes?: string;
    }
  | {
      readonly kind: 'lease_taken';
      readonly runId: string;
      readonly from: string;
      readonly to: string;
      readonly fence: number;
      /** The run whose lease had ended, or whose process had died. */
      readonly takenFrom: readonly string[];
    }
  | { readonly kind: 'lease_released'; readonly runId: string; readonly fence: number }
  | {
      readonly kind: 'run_previewed';
      readonly runId: string;
      readonly attempt: number;
      /** Of events, by table and cause. */
      readonly tables: Readonly<Record<string, TableCounts>>;
      readonly causes: Readonly<Record<string, number>>;
      readonly documents: DocumentDigests;
    }
  | { readonly kind: 'four_eyes_set'; readonly on: boolean; readonly reason: string }
  | {
      readonly kind: 'run_verified';
      readonly runId: string;
      readonly attempt: number;
      readonly checked: number;
      readonly differences: number;
      /** One for each table, over those of its dates, which are in the document. */
      readonly digests: Readonly<Record<string, string>>;
      readonly documents: DocumentDigests;
    }
  | {
      readonly kind: 'approved' | 'rejected';
      readonly runId: string;
      readonly reason: string;
      readonly attempt?: number;
      /** The document that names the rows without a known cause which were approved. */
      readonly documents?: DocumentDigests;
    }
  | { readonly kind: 'cancel_asked'; readonly runId: string; readonly reason: string }
  | { readonly kind: 'pause_asked'; readonly runId: string; readonly reason: string }
  | {
      readonly kind: 'group_published';
      readonly runId: string;
      readonly group: number;
      readonly token: string;
      /** The id of the warehouse that it is in; absent in entries that older versions wrote. */
      readonly warehouse?: string;
      /** What it changed, by table and by cause; absent in entries that older versions wrote. */
      readonly tables?: Readonly<Record<string, TableCounts>>;
      readonly causes?: Readonly<Record<string, number>>;
      readonly documents?: DocumentDigests;
      /** Digests of the files with the rows as they were before, which an undo puts back. */
      readonly kept?: DocumentDigests;
    }
  | {
      readonly kind: 'run_finished';
      readonly runId: string;
      readonly state: string;
      /** The record of the run as it ended, of which run.json is a copy. */
      readonly record?: RunRecord;
      readonly documents?: DocumentDigests;
    }
  | {
      readonly kind: 'ledger_accepted';
      readonly reason: string;
      readonly faults: readonly Pick<LedgerFault, 'sequence' | 'fault' | 'found'>[];
      readonly anchors: readonly Anchor[];
      /** Digests of the records of runs that the chain does not know in this form. */
      readonly records: DocumentDigests;
      /** The greatest that the warehouse knows: what comes next is greater. */
      readonly epoch: number;
      readonly fence: number;
    };

/** sha256 of documents (as canonical JSON) and of files, by their names below the run. */
export type DocumentDigests = Readonly<Record<string, string>>;

export type LedgerEntry = LedgerEvent & {
  readonly sequence: number;
  readonly at: string;
  readonly by: string;
  readonly code: string;
  /** Tells the writer that an entry is its own. */
  readonly unique: string;
  /** sha256 of the entry before, as it stands; empty for the first. */
  readonly previous: string;
};

/** What is wrong with a chain. */
export interface LedgerFault {
  readonly sequence: number;
  readonly fault: 'changed' | 'missing' | 'misplaced' | 'not_readable';
  readonly detail: string;
  /** Hash of what is there now, which tells an accepted fault from a later one; empty where nothing is. */
  readonly found: string;
}

/** An anchor and what holds it. */
export interface HeldAnchor extends Anchor {
  readonly heldBy: string;
}

/** The hash by which the next entry, and whatever anchors the chain, names this one. */
export const anchorOf = (entry: LedgerEntry): Anchor => ({
  sequence: entry.sequence,
  hash: sha256Hex(canonicalJson(entry)),
});

export const entryPrefix = (pipeline: string): string => `ledger/${pipeline}/`;
export const entryKey = (pipeline: string, sequence: number): string =>
  `${entryPrefix(pipeline)}${String(sequence).padStart(8, '0')}.json`;
export const headKey = (pipeline: string): string => `ledger-heads/${pipeline}.json`;

/** How far the chain goes by its own account. It may lag behind, as whoever moves it may die before. */
export async function readHead(control: ObjectStore, pipeline: string): Promise<Anchor | undefined> {
  const content = await control.read(headKey(pipeline));
  return content && (parseEntry(Buffer.from(content).toString('utf8')) as Anchor | undefined);
}

/** Undefined for what is not JSON of an object. */
export function parseEntry(text: string): LedgerEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LedgerEntry) : undefined;
  } catch {
    return undefined;
  }
}
