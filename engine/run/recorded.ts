// What the ledger knows of a run. The record in run.json and the documents beside it are copies: where they differ from
// the chain, the chain decides what the run may do, and the difference is refused rather than believed.

import { canonicalJson, sha256Hex } from '../../model/digest.ts';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { readEntries } from '../ledger/inspect.ts';
import type { RunOptions, RunRecord } from './run-record.ts';
import type { Runs } from './runs.ts';

type EntryOf<K extends LedgerEntry['kind']> = Extract<LedgerEntry, { readonly kind: K }>;

export interface Decision {
  readonly decision: 'approved' | 'rejected';
  readonly attempt: number;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
}

export interface Recorded {
  readonly created: EntryOf<'run_created'> | undefined;
  /** Of the newest attempt that was admitted. */
  readonly started: EntryOf<'run_started'> | undefined;
  /** Undefined while a newer attempt goes on. */
  readonly finished: EntryOf<'run_finished'> | undefined;
  readonly decision: Decision | undefined;
  /** The newest digest of each document, by its name below the run. */
  readonly documents: ReadonlyMap<string, string>;
  /** What was published, by group. */
  readonly groups: ReadonlyMap<number, EntryOf<'group_published'>>;
  /** Everybody who began, resumed or executed the run. */
  readonly workedBy: ReadonlySet<string>;
  /** Digest of a record that somebody accepted although the chain does not know it. */
  readonly accepted: string | undefined;
}

export interface RecordedDeps {
  readonly control: ObjectStore;
  readonly runs: Runs;
}

/** How documents are named by the ledger, however they are laid out. */
export const documentDigest = (document: unknown): string => sha256Hex(canonicalJson(document));

export function recordedOf(entries: readonly LedgerEntry[], runId: string): Recorded {
  let created: Recorded['created'];
  let started: Recorded['started'];
  let finished: Recorded['finished'];
  let decision: Decision | undefined;
  let accepted: string | undefined;
  const documents = new Map<string, string>();
  const groups = new Map<number, EntryOf<'group_published'>>();
  const workedBy = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'ledger_accepted') accepted = entry.records[runId] ?? accepted;
    if (!('runId' in entry) || entry.runId !== runId) continue;
    if ('documents' in entry)
      for (const [name, digest] of Object.entries(entry.documents ?? {})) documents.set(name, digest);
    switch (entry.kind) {
      case 'run_created':
        created = entry;
        workedBy.add(entry.by);
        break;
      case 'run_started':
        started = entry;
        finished = undefined;
        workedBy.add(entry.by);
        break;
      case 'run_finished':
        finished = entry;
        break;
      case 'group_published':
        groups.set(entry.group, entry);
        break;
      case 'approved':
      case 'rejected': {
        const { kind, by, at, reason } = entry;
        decision = { decision: kind, attempt: entry.attempt ?? started?.attempt ?? 1, by, at, reason };
      }
    }
  }
  return { created, started, finished, decision, documents, groups, workedBy, accepted };
}

/** What the chain allows. Of a run that it knows nothing of, any change is asked for. */
export function optionsInForce(run: RunRecord, { created, decision }: Recorded): RunOptions {
  const options = created?.options ?? { ...run.options, approved: false, maxChange: 0 };
  const approved = decision === undefined ? options.approved : decision.decision === 'approved';
  return { ...options, maxChange: options.maxChange, stageOnly: run.options.stageOnly, approved };
}

/**
 * The record as the chain knows it, and what in run.json is not so. A record that only lags behind, as after a crash
 * between the ledger and the record, is as it should be.
 */
export function compared(
  run: RunRecord,
  recorded: Recorded,
): { readonly run: RunRecord; readonly differs: readonly string[] } {
  const { created, started, finished, accepted } = recorded;
  if (accepted !== undefined && accepted === recordDigest(run)) return { run, differs: [] };
  const known = created ?? started;
  if (known === undefined) {
    // Nobody got to record it: it did nothing.
    const isNew = run.state === 'running' && run.attempt === 1 && run.lease === 0;
    return { run, differs: isNew ? [] : ['the ledger does not know the run'] };
  }
  const differs: string[] = [];
  const hold = (name: string, is: unknown, was: unknown): void => {
    if (canonicalJson(is) !== canonicalJson(was))
      differs.push(`${name} is ${shown(is)}, was recorded as ${shown(was)}`);
  };
  hold('planId', run.planId, known.planId);
  hold('undoes', run.undoes, known.undoes);
  if (created !== undefined) {
    const { approved, maxChange, verify } = optionsInForce(run, recorded);
    hold('options.maxChange', run.options.maxChange, maxChange);
    hold('options.verify', run.options.verify, verify);
    // An approval that is recorded reaches the record with the next attempt.
    if (run.options.approved && !approved) hold('options.approved', true, false);
  }
  const ended = finished?.record;
  if (finished !== undefined && run.attempt === (ended?.attempt ?? started?.attempt ?? run.attempt)) {
    if (ended !== undefined && run.state !== 'running') {
      for (const name of new Set([...Object.keys(ended), ...Object.keys(run)]) as Set<keyof RunRecord>)
        if (name !== 'options' && name !== 'ledger') hold(name, run[name], ended[name]);
    } else if (ended === undefined) hold('state', run.state, finished.state);
    if (differs.length === 0 && ended !== undefined) return { run: ended, differs };
  } else if (run.state !== 'running') {
    hold('state', run.state, 'running');
  } else if (started?.fence !== undefined && run.attempt === started.attempt) {
    const { fence, epoch = run.epoch } = started;
    // A crash between the two leaves an older lease in the record.
    if (run.lease > fence) hold('lease', run.lease, fence);
    if (run.lease === fence) hold('epoch', run.epoch, epoch);
    return { run: { ...run, lease: fence, epoch }, differs };
  }
  return { run, differs };
}

/** The record without what it says of the ledger itself. */
export const recordDigest = ({ ledger: _, ...run }: RunRecord): string => documentDigest(run);

const shown = (value: unknown): string => (value === undefined ? 'absent' : canonicalJson(value).slice(0, 60));

/** The run, and what the ledger knows of it. Throws NotAsRecorded when its record says something else. */
export async function checkedRun(
  { control, runs }: RecordedDeps,
  runId: string,
): Promise<{ readonly run: RunRecord; readonly recorded: Recorded }> {
  const found = await runs.run(runId);
  const { body } = await runs.plan(found.planId);
  if (body.pipeline !== found.pipeline || found.runId !== runId)
    throw notAsRecorded(found, ['it is not the record of a run of its plan']);
  const recorded = recordedOf(await readEntries(control, found.pipeline), runId);
  const { run, differs } = compared(found, recorded);
  if (differs.length > 0) throw notAsRecorded(found, differs);
  return { run, recorded };
}

function notAsRecorded({ runId, pipeline }: RunRecord, differs: readonly string[]): RepriseError {
  return new RepriseError(
    'NotAsRecorded',
    `the record of run ${runId} is not what the ledger says: ${differs.join('; ')}`,
    `write it again from the ledger: reprise ledger restore ${pipeline}`,
  );
}

/**
 * A document of the run; undefined when there is none, which is as if it had not got there yet. Throws NotAsRecorded when
 * it is not the one whose digest the ledger has.
 */
export async function checkedDocument<T>(
  runs: Runs,
  runId: string,
  name: string,
  recorded: Recorded,
): Promise<T | undefined> {
  const document = await runs.document<T>(runId, name);
  const digest = recorded.documents.get(name);
  if (digest === undefined || document === undefined || documentDigest(document) === digest) return document;
  throw new RepriseError(
    'NotAsRecorded',
    `control/runs/${runId}/${name}.json is not what the ledger says: it was changed after it was written`,
    `make it again: reprise resume ${runId}; of a run that has ended, restore it from a backup`,
  );
}
