// Derives coverage from what is recorded of plans, runs and their groups, and keeps it up when a run ends.

import type { CompiledPipeline } from '../../model/compile.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { inspectLedger } from '../ledger/inspect.ts';
import { epochsOf } from '../ledger/ledger.ts';
import { isComplete, type Plan } from '../plan/plan-document.ts';
import { publishToken } from '../publish/record.ts';
import type { RunRecord } from '../run/run-record.ts';
import type { Runs } from '../run/runs.ts';
import { Coverage } from './coverage.ts';
import { cover, forget, type Publication } from './coverage-changes.ts';
import type { CoverageDraft } from './coverage-draft.ts';
import { publicationOf } from './publication.ts';

export interface CoverageDeps {
  readonly control: ObjectStore;
  readonly runs: Runs;
}

/** Groups are in their order, in which a replay publishes them, and which the undo of a replay turns round. */
function lastTokenOf(run: RunRecord, groups: readonly { readonly group: number }[]): string | undefined {
  const last = run.undoes === undefined ? groups.at(-1) : groups[0];
  return last && publishToken(run.runId, last.group);
}

const givesOffers = (pipeline: CompiledPipeline): boolean => pipeline.tables.some(({ kind }) => kind === 'offered');

/** Coverage with what the run has committed. To be called before the run gives its dates back. */
export async function coverRun(
  deps: CoverageDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
): Promise<void> {
  const publication = await publicationOf(deps.runs, plan, run, givesOffers(pipeline));
  if (publication === undefined) return;
  const token = lastTokenOf(run, await deps.runs.groups(run.runId));
  await new Coverage(deps.control, pipeline.name).change(
    async (draft) => {
      await note(draft, run, publication);
      draft.lastToken = token ?? draft.lastToken;
    },
    (draft) => rebuildCoverage(deps, pipeline, draft),
  );
}

/** How many dates of the plan become whole by the run's transforms by being published. */
export async function datesToRaise(deps: CoverageDeps, pipeline: CompiledPipeline, plan: Plan): Promise<number> {
  const whole = plan.body.partial ? [] : plan.body.dates.filter(isComplete);
  if (whole.length === 0) return 0;
  const root = await new Coverage(deps.control, pipeline.name).root();
  const { entries } = await inspectLedger(deps.control, pipeline.name);
  const epochs = new Set(epochsOf(entries, plan.body.transformDigest));
  return whole.filter(({ date }) => !epochs.has(root?.wholeEpochs[date] ?? 0)).length;
}

/** Drops the dates: whatever is in the lake for them counts as not read, and they as never published whole. */
export async function forgetDates(
  deps: CoverageDeps,
  pipeline: CompiledPipeline,
  dates: readonly string[],
): Promise<void> {
  await new Coverage(deps.control, pipeline.name).change(
    (draft) => forget(draft, dates),
    (draft) => rebuildCoverage(deps, pipeline, draft),
  );
}

/** Adds what every run of the pipeline has committed, in the order in which they did, to a draft of nothing. Reads each of them. */
export async function rebuildCoverage(
  deps: CoverageDeps,
  pipeline: CompiledPipeline,
  draft: CoverageDraft,
): Promise<void> {
  for (const runId of await publishedRuns(deps.control, pipeline.name)) {
    const run = await deps.runs.run(runId);
    const plan = await deps.runs.plan(run.planId);
    const publication = await publicationOf(deps.runs, plan, run, givesOffers(pipeline));
    if (publication === undefined) continue;
    await note(draft, run, publication);
    draft.lastToken = lastTokenOf(run, await deps.runs.groups(runId)) ?? draft.lastToken;
  }
}

/** The dates of a run that takes another back count as not read: what of them is left, only the warehouse knows. */
const note = (draft: CoverageDraft, run: RunRecord, publication: Publication): Promise<void> =>
  run.undoes === undefined ? cover(draft, publication) : forget(draft, [...publication.dates]);

/**
 * Runs by when they last published, or ended having nothing to. A ledger that is broken hides some: what they read is
 * read again.
 */
async function publishedRuns(control: ObjectStore, pipeline: string): Promise<readonly string[]> {
  const runs = new Set<string>();
  for (const entry of (await inspectLedger(control, pipeline)).entries) {
    const isDone =
      entry.kind === 'group_published' || (entry.kind === 'run_finished' && entry.state === 'nothing_to_do');
    if (!isDone) continue;
    runs.delete(entry.runId);
    runs.add(entry.runId);
  }
  return [...runs];
}
