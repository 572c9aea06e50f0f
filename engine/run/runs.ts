// Plans and runs in the control store: what is asked, how far each run is, what it ended as. What remains to be done is
// always computed from what is recorded as done.

import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { GroupOutcome } from '../../ports/warehouse.ts';
import { derivableDocument, documentOf } from '../ledger/document.ts';
import { checkedPlan } from '../plan/checked.ts';
import type { PinnedObject, Plan } from '../plan/plan-document.ts';
import { objectsOf } from '../plan/shards.ts';
import type { RunAbout, RunOptions, RunRecord, SliceManifest } from './run-record.ts';

export interface ListedRuns {
  readonly runs: RunRecord[];
  readonly damaged: readonly { readonly runId: string; readonly error: RepriseError }[];
}

export class Runs {
  readonly #control: ObjectStore;
  readonly #clock: Clock;

  constructor(control: ObjectStore, clock: Clock) {
    this.#control = control;
    this.#clock = clock;
  }

  /**
   * Plans are immutable: the same plan again is the same document, with its first reason. One that was changed since is
   * written again. Gives the plan as it is kept. What its root names was written when it was made.
   */
  async savePlan(plan: Plan): Promise<Plan> {
    if ((await this.#control.write(planKey(plan.id), encode(plan), { if: 'absent' })) === 'written') return plan;
    try {
      return await this.plan(plan.id);
    } catch (error) {
      if (!isRepriseError(error) || error.code !== 'NotAsRecorded') throw error;
      await this.#control.write(planKey(plan.id), encode(plan), { if: 'always' });
      return plan;
    }
  }

  /** The root by its whole id. Throws NotFound, and NotAsRecorded when its id is not the hash of its body. */
  async plan(id: string): Promise<Plan> {
    const content = await this.#control.read(planKey(id));
    if (content === undefined)
      throw new RepriseError('NotFound', `there is no plan ${id}`, 'make one: reprise plan <pipeline> --from … --to …');
    return checkedPlan(id, Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8'));
  }

  /** As objectsOf of engine/plan/shards.ts. */
  objectsOf(plan: Plan): AsyncGenerator<PinnedObject, void, undefined> {
    return objectsOf(this.#control, plan);
  }

  /** A run of the plan, or with `undoes` one that takes a run of it back. */
  async create(plan: Plan, options: RunOptions, about: RunAbout = {}): Promise<RunRecord> {
    for (let number = 1; ; number++) {
      const record: RunRecord = {
        runId: `${plan.id.slice(0, 12)}-${number}`,
        planId: plan.id,
        pipeline: plan.body.pipeline,
        state: 'running',
        attempt: 1,
        lease: 0,
        epoch: 0,
        options,
        ...about,
        startedAt: isoTime(this.#clock),
      };
      if ((await this.#control.write(runKey(record.runId), encode(record), { if: 'absent' })) === 'written')
        return record;
    }
  }

  async run(runId: string): Promise<RunRecord> {
    const record = await this.#read<RunRecord>(runKey(runId));
    if (record === undefined)
      throw new RepriseError('NotFound', `there is no run ${runId}`, 'list them: reprise status');
    return record;
  }

  /** Whether this home has made the run. */
  async has(runId: string): Promise<boolean> {
    return (await this.#control.head(runKey(runId))) !== undefined;
  }

  async save(record: RunRecord): Promise<RunRecord> {
    await this.#control.write(runKey(record.runId), encode(record), { if: 'always' });
    return record;
  }

  /** Begins another attempt. Throws RunBusy when somebody else does so at the same moment. */
  async beginAttempt(run: RunRecord): Promise<RunRecord> {
    const info = await this.#control.head(runKey(run.runId));
    const next = { ...run, state: 'running' as const, attempt: run.attempt + 1 };
    const condition = { if: 'version', version: info?.version ?? '' } as const;
    const same = (await this.run(run.runId)).attempt === run.attempt;
    if (same && (await this.#control.write(runKey(run.runId), encode(next), condition)) === 'written') return next;
    throw new RepriseError(
      'RunBusy',
      `run ${run.runId} was just taken up by somebody else`,
      `see how it does: reprise status ${run.runId}`,
    );
  }

  /**
   * Those whose ids begin so, newest first. Throws Damaged when the record of one of them cannot be read: it may be the
   * undo that somebody looks for.
   */
  async beginningWith(beginning: string): Promise<RunRecord[]> {
    const { runs, damaged } = await this.list(beginning);
    if (damaged[0] !== undefined) throw damaged[0].error;
    return runs;
  }

  /** Every run whose record can be read, newest first. */
  async all(): Promise<RunRecord[]> {
    return (await this.list()).runs;
  }

  /** Every run, newest first, and what is wrong with the records that cannot be read. */
  async list(beginning = ''): Promise<ListedRuns> {
    const runs: RunRecord[] = [];
    const damaged: { runId: string; error: RepriseError }[] = [];
    for await (const object of this.#control.list(`runs/${beginning}`)) {
      if (!object.key.endsWith('/run.json')) continue;
      try {
        const record = await this.#read<RunRecord>(object.key);
        if (record !== undefined) runs.push(record);
      } catch (error) {
        if (!isRepriseError(error) || error.code !== 'Damaged') throw error;
        damaged.push({ runId: object.key.split('/')[1] ?? '', error });
      }
    }
    runs.sort((a, b) =>
      a.startedAt === b.startedAt ? (a.runId < b.runId ? 1 : -1) : a.startedAt < b.startedAt ? 1 : -1,
    );
    return { runs, damaged };
  }

  async saveSlice(runId: string, manifest: SliceManifest): Promise<void> {
    await this.#control.write(sliceKey(runId, manifest.slice), encode(manifest), { if: 'always' });
  }

  /** Undefined when it is not staged, or its manifest is damaged: it is staged again. */
  async slice(runId: string, slice: number): Promise<SliceManifest | undefined> {
    return this.#derivable<SliceManifest>(sliceKey(runId, slice));
  }

  /** Why a slice could not be staged, the last time it was tried. */
  async saveFailure(runId: string, slice: number, failure: { error: string; cause: string }): Promise<void> {
    await this.saveDocument(runId, failureName(slice), failure);
  }

  async failure(runId: string, slice: number): Promise<{ error: string; cause: string } | undefined> {
    return this.document(runId, failureName(slice));
  }

  /** Manifests of the slices that are staged. */
  async slices(runId: string): Promise<SliceManifest[]> {
    const manifests: SliceManifest[] = [];
    for await (const object of this.#control.list(`runs/${runId}/slices/`)) {
      const manifest = await this.#derivable<SliceManifest>(object.key);
      if (manifest !== undefined) manifests.push(manifest);
    }
    return manifests;
  }

  /** Forgets that slices were staged: whoever goes on with the run stages them again. */
  async forgetStaged(runId: string): Promise<void> {
    const keys: string[] = [`runs/${runId}/settled.json`];
    for await (const { key } of this.#control.list(`runs/${runId}/slices/`)) keys.push(key);
    for (const key of keys) await this.#control.remove(key);
  }

  /** The outcome of a group that is committed. */
  async saveGroup(runId: string, outcome: GroupOutcome): Promise<void> {
    await this.saveDocument(runId, groupName(outcome.group), outcome);
  }

  /** Documents of a run beside its record: `settled`, `preview`, `verified`, groups. */
  async saveDocument(runId: string, name: string, document: unknown): Promise<void> {
    await this.#control.write(`runs/${runId}/${name}.json`, encode(document), { if: 'always' });
  }

  /** Undefined when there is none. Throws Damaged for one that cannot be derived again. */
  async document<T>(runId: string, name: string): Promise<T | undefined> {
    const key = `runs/${runId}/${name}.json`;
    return isDerivable(key) ? this.#derivable<T>(key) : this.#read<T>(key);
  }

  async groups(runId: string): Promise<GroupOutcome[]> {
    const groups: GroupOutcome[] = [];
    for await (const object of this.#control.list(`runs/${runId}/groups/`)) {
      const outcome = await this.#read<GroupOutcome>(object.key);
      if (outcome !== undefined) groups.push(outcome);
    }
    return groups.sort((a, b) => a.group - b.group);
  }

  /** As `groups`, and apart from them the numbers of those that cannot be read. */
  async readableGroups(
    runId: string,
  ): Promise<{ readonly outcomes: readonly GroupOutcome[]; readonly damaged: readonly number[] }> {
    const outcomes: GroupOutcome[] = [];
    const damaged: number[] = [];
    for await (const { key } of this.#control.list(`runs/${runId}/groups/`)) {
      try {
        const outcome = await this.#read<GroupOutcome>(key);
        if (outcome !== undefined) outcomes.push(outcome);
      } catch (error) {
        if (!isRepriseError(error) || error.code !== 'Damaged') throw error;
        damaged.push(Number(/(\d+)\.json$/.exec(key)?.[1]));
      }
    }
    return { outcomes, damaged };
  }

  /** Forgets a document that whoever goes on with the run makes again. */
  async removeDocument(runId: string, name: string): Promise<void> {
    await this.#control.remove(`runs/${runId}/${name}.json`);
  }

  async #read<T>(key: string): Promise<T | undefined> {
    const content = await this.#control.read(key);
    return content === undefined ? undefined : documentOf<T>(key, content, fixOf(key));
  }

  async #derivable<T>(key: string): Promise<T | undefined> {
    const content = await this.#control.read(key);
    return content === undefined ? undefined : derivableDocument<T>(key, content);
  }
}

/** What a run derives again when it is resumed, or only tells people. */
export const isDerivable = (key: string): boolean =>
  /^runs\/[^/]+\/(?:slices\/|failures\/|(?:settled|scope|verified|waiting)\.json$)/.test(key);

/** What to do about a document of a run that is damaged, and that nothing else has. */
function fixOf(key: string): string {
  const runId = key.split('/')[1] ?? '';
  if (key.endsWith('/preview.json'))
    return `remove it, then decide again: rm control/${key}; reprise resume ${runId} (a run that has ended needs it only for undo)`;
  return `restore it from a backup of the home; what run ${runId} did is in the ledger: reprise ledger list <pipeline> --run ${runId}`;
}

/** The name of a group's document below its run. */
export const groupName = (group: number): string => `groups/${String(group).padStart(6, '0')}`;

const planKey = (id: string): string => `plans/${id}.json`;
const runKey = (runId: string): string => `runs/${runId}/run.json`;
const failureName = (slice: number): string => `failures/${String(slice).padStart(6, '0')}`;
const sliceKey = (runId: string, slice: number): string =>
  `runs/${runId}/slices/${String(slice).padStart(6, '0')}.json`;
const encode = (document: unknown): Uint8Array => Buffer.from(`${JSON.stringify(document, undefined, 1)}\n`);
