// The publish decision for all groups that are not published yet, and what it adds up to. It stops the run when rows would
// change for no known cause.

import type { CompiledPipeline } from '../../model/compile.ts';
import { UNREADABLE_OBJECT } from '../../model/limits.ts';
import type { GroupOutcome, PublishScope, Warehouse } from '../../ports/warehouse.ts';
import type { DocumentDigests } from '../ledger/entry.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Plan } from '../plan/plan-document.ts';
import { checkedDocument, checkedRun, documentDigest } from '../run/recorded.ts';
import type { RunRecord } from '../run/run-record.ts';
import { ACKNOWLEDGED, type Acknowledged, refuseUnexplained } from './gate.ts';
import { publishToken, type RecordDeps, recordCommitted } from './record.ts';
import { SCOPE, type ScopeObjectsDeps } from './scope-objects.ts';
import { openScope, SETTLED } from './settle.ts';
import { type ChangeShare, causeCounts, changeShare, countsByTable } from './summary.ts';

export interface PreviewDeps extends ScopeObjectsDeps, RecordDeps {
  readonly warehouse: Warehouse;
  /** Where the changes go, for diff. */
  readonly folder: string;
}

/** The document that keeps what was shown. */
const PREVIEW = 'preview';

export interface Preview {
  readonly outcomes: readonly GroupOutcome[];
  readonly share: ChangeShare;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly groupsLeft: readonly number[];
  /** Rows that would be written or deleted. */
  readonly changes: number;
}

/**
 * Groups that an earlier attempt published are shown as they were committed, and recorded where it died before it did
 * so. Throws Unexplained.
 */
export async function previewRun(
  deps: PreviewDeps,
  pipeline: CompiledPipeline,
  plan: Plan,
  run: RunRecord,
): Promise<Preview> {
  const { scope, documents, release } = await openScope(deps, pipeline, plan, run);
  try {
    const outcomes: GroupOutcome[] = [];
    const groupsLeft: number[] = [];
    for (let group = 0; group < plan.body.groups; group++) {
      const committed = await deps.warehouse.committed(publishToken(run.runId, group));
      if (committed === undefined) groupsLeft.push(group);
      outcomes.push(committed ?? (await deps.warehouse.preview(scope, group, deps.folder)));
    }
    const left = outcomes.filter((outcome) => groupsLeft.includes(outcome.group));
    await recordCommitted(
      deps,
      run,
      outcomes.filter((outcome) => !left.includes(outcome)),
    );
    const preview: Preview = {
      outcomes,
      share: changeShare(left),
      quarantined: await rejectedByReason(deps.warehouse, scope),
      groupsLeft,
      changes: left
        .flatMap((outcome) => outcome.changes)
        .reduce((sum, c) => sum + c.inserted + c.updated + c.deleted, 0),
    };
    await recordPreview(deps, run, preview, left, {
      [SETTLED]: documentDigest(documents.settled),
      [SCOPE]: documentDigest(documents.scope),
    });
    const { recorded } = await checkedRun(deps, run.runId);
    const acknowledged = await checkedDocument<Acknowledged>(deps.runs, run.runId, ACKNOWLEDGED, recorded);
    refuseUnexplained(run.runId, left, acknowledged);
    return preview;
  } finally {
    await release();
  }
}

/** Keeps what was shown, and names it in the ledger with what it adds up to: what is approved later is that. */
export async function recordPreview(
  deps: RecordDeps,
  { runId, attempt, pipeline }: RunRecord,
  preview: Preview,
  left: readonly GroupOutcome[],
  documents: DocumentDigests,
): Promise<void> {
  await deps.runs.saveDocument(runId, PREVIEW, preview);
  await new Ledger(deps, pipeline).append({
    kind: 'run_previewed',
    runId,
    attempt,
    tables: countsByTable(left),
    causes: causeCounts(left),
    documents: { ...documents, [PREVIEW]: documentDigest(preview) },
  });
}

/** Rejected deliveries of the window by reason, and the objects that cannot be read. */
async function rejectedByReason(warehouse: Warehouse, scope: PublishScope): Promise<Record<string, number>> {
  const counts = { ...(await warehouse.rejected(scope)) };
  if (scope.unreadable.length > 0) counts[UNREADABLE_OBJECT] = scope.unreadable.length;
  return counts;
}
