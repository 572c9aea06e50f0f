// Whether what is kept of plans and runs can be read: every document of the control store but ledger, plans and the days of
// coverage, which have checks of their own, and the Parquet files of the catalog and of the stage. Says of each what it is
// good for: what can be derived again is a note, what cannot is wrong.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { documentOf } from '../../engine/ledger/document.ts';
import { headKey } from '../../engine/ledger/entry.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { prunedAt } from '../../engine/publish/prune.ts';
import { isDerivable, Runs } from '../../engine/run/runs.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { sealKey } from '../../model/keyed.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { pipelinesWithApplied, readApplied } from '../../profiles/embedded/applied-schema.ts';
import { type Home, isWholeParquet, parsePage } from '../../profiles/embedded/examination.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import { count, plural } from '../render/text.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';

const SHOWN_MAX = 20;

export const documentsCheck: HomeCheck = {
  name: 'documents',
  run: async (home) => {
    const found = [
      ...(await controlFindings(home)),
      ...(await missingFindings(home)),
      ...(await schemaFindings(home)),
      ...(await stageFindings(home)),
    ];
    const shown = found.slice(0, SHOWN_MAX);
    if (found.length > shown.length)
      shown.push({ state: 'wrong', says: `and ${count(found.length - shown.length)} more documents that are damaged` });
    return found.length > 0 ? shown : [{ state: 'ok', says: 'plans, runs and what they keep can be read' }];
  },
};

interface Kind {
  readonly keys: RegExp;
  /** What happens, or has to be done. */
  readonly fix: string;
  readonly isDerived: boolean;
}

const PAGES_AGAIN = 'nothing to do: the next plan reads these objects again';
const BACKUP = 'restore it from a backup of the home';

/** Documents that are JSON, the first that fits. Those of runs are sorted by the engine. */
const KINDS: readonly Kind[] = [
  {
    keys: /^(?:home\.json|delivery\.key)$|^(?:ledger|plans|plan-shards|declarations|schemas)\//,
    fix: '',
    isDerived: true,
  },
  { keys: /^coverage\/[^/]+\//, fix: '', isDerived: true },
  { keys: /^settings\.json$/, fix: 'say it again: reprise init --four-eyes, or --no-four-eyes', isDerived: false },
  { keys: /^leases\//, fix: 'nothing to do: the next run derives it from the ledger', isDerived: true },
  { keys: /^coverage\//, fix: 'nothing to do: the next reconcile derives it again', isDerived: true },
  { keys: /^ledger-heads\//, fix: 'nothing to do: the next entry writes it again', isDerived: true },
  { keys: /^waiting\//, fix: 'nothing to do: the next reconcile writes it again', isDerived: true },
  { keys: /^(?:catalog|versions)\//, fix: PAGES_AGAIN, isDerived: true },
  { keys: /^warehouse\.lock/, fix: 'nothing to do: the next command takes it', isDerived: true },
  { keys: /^(?!runs\/)/, fix: BACKUP, isDerived: false },
];

async function controlFindings(home: Home): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { key } of home.control.list('')) {
    const kind = key.startsWith('runs/') ? undefined : KINDS.find(({ keys }) => keys.test(key));
    if (kind?.fix === '') continue;
    const isDerived = kind === undefined ? isDerivable(key) : kind.isDerived;
    try {
      await refuseDamaged(home, key, kind?.fix);
    } catch (error) {
      if (!isRepriseError(error)) throw error;
      const { says, fix } = faultOf(error);
      findings.push({ state: isDerived ? 'note' : 'wrong', says, ...(fix === undefined ? {} : { fix }) });
    }
  }
  return findings;
}

/** Throws Damaged. `fix`: of a document that is not a run's. */
async function refuseDamaged(home: Home, key: string, fix: string | undefined): Promise<void> {
  if (key.endsWith('.parquet')) {
    const bytes = (await home.control.head(key))?.bytes ?? 0;
    if (await isParquet(home.control, key, bytes)) return;
    const build = `reprise catalog build ${key.split('/')[1]}`;
    throw new RepriseError(
      'Damaged',
      `control/${key} is damaged: its ${plural(bytes, 'byte')} are not a whole Parquet file`,
      build,
    );
  }
  const content = (await home.control.read(key)) ?? Buffer.alloc(0);
  if (/^catalog\/.*\/dt=/.test(key)) {
    refuseChangedPage(home, key, content);
    return;
  }
  if (fix !== undefined || isDerivable(key)) {
    documentOf(key, content, fix ?? 'nothing to do: resuming the run derives it again');
    return;
  }
  const [, runId = '', ...rest] = key.split('/');
  const runs = new Runs(home.control, systemClock);
  if (rest.join('/') === 'run.json') await runs.run(runId);
  else await runs.document(runId, rest.join('/').replace(/\.json$/, ''));
}

/** Throws Damaged for entries that are not those that were written. */
function refuseChangedPage(home: Home, key: string, content: Uint8Array): void {
  if (parsePage(key.replace(/\.jsonl$/, ''), content, sealKey(home.deliveryKey)) === undefined)
    throw new RepriseError('Damaged', `control/${key} is damaged, or was changed after it was written`, PAGES_AGAIN);
}

/** Documents that others say there are. */
async function missingFindings(home: Home): Promise<Finding[]> {
  const findings: Finding[] = [];
  const runs = new Runs(home.control, systemClock);
  const folders = new Set<string>();
  const there = new Set<string>();
  for await (const { key } of home.control.list('runs/')) {
    folders.add(key.split('/')[1] ?? '');
    there.add(key);
  }
  const missing = (key: string, because: string): void => {
    findings.push({ state: 'wrong', says: `control/${key} is missing: ${because}`, fix: BACKUP });
  };
  for (const runId of folders)
    if (!there.has(`runs/${runId}/run.json`)) missing(`runs/${runId}/run.json`, 'other documents of the run are there');
  for (const run of await runs.all()) {
    if ((await home.control.head(`plans/${run.planId}.json`)) === undefined)
      missing(`plans/${run.planId}.json`, `it is the plan of run ${run.runId}`);
  }
  const pipelines = new Set<string>();
  for await (const { key } of home.control.list('ledger/')) pipelines.add(key.split('/')[1] ?? '');
  for (const pipeline of pipelines) {
    const { entries } = await inspectLedger(home.control, pipeline);
    if (entries.length > 1 && (await home.control.head(headKey(pipeline))) === undefined)
      findings.push({
        state: 'note',
        says: `control/${headKey(pipeline)} is missing: it says how far the ledger goes`,
        fix: 'nothing to do: the next entry writes it again',
      });
    for (const entry of entries) {
      if (entry.kind !== 'group_published') continue;
      const key = `runs/${entry.runId}/groups/${String(entry.group).padStart(6, '0')}.json`;
      if (!there.has(key)) missing(key, `the ledger says that the run published this group`);
    }
  }
  return findings;
}

async function schemaFindings(home: Home): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const pipeline of await pipelinesWithApplied(home.control)) {
    const { fault } = await readApplied(home.control, pipeline);
    if (fault !== undefined) findings.push({ state: 'wrong', says: fault, fix: `reprise schema apply ${pipeline}` });
  }
  return findings;
}

async function stageFindings(home: Home): Promise<Finding[]> {
  const findings: Finding[] = [];
  const there = new Set<string>();
  for await (const { key, bytes } of home.stage.list('')) {
    there.add(key);
    if (!key.endsWith('.parquet') || (await isParquet(home.stage, key, bytes))) continue;
    const [runId = '', part] = key.split('/');
    const isChange = part === 'changes';
    findings.push({
      state: isChange ? 'wrong' : 'note',
      says: `stage/${key} is damaged: its ${plural(bytes, 'byte')} are not a whole Parquet file`,
      fix: isChange
        ? `${BACKUP}; without it run ${runId} cannot be undone, nor shown by diff`
        : `while the run is unfinished: rm stage/${key}; reprise resume ${runId}`,
    });
  }
  return [...findings, ...(await keptFindings(home, there))];
}

/** Files that the ledger says are kept for an undo. `there`: those of the stage. */
async function keptFindings(home: Home, there: ReadonlySet<string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const runs = new Runs(home.control, systemClock);
  const every = new Map((await runs.all()).map((run) => [run.runId, run]));
  for (const pipeline of await pipelinesWithLedger(home.control)) {
    for (const entry of (await inspectLedger(home.control, pipeline)).entries) {
      const run = entry.kind === 'group_published' ? every.get(entry.runId) : undefined;
      if (entry.kind !== 'group_published' || run === undefined) continue;
      const missing = Object.keys(entry.kept ?? {}).filter((key) => !there.has(key));
      if (missing.length === 0 || (await prunedAt(runs, run)) !== undefined) continue;
      findings.push({
        state: 'wrong',
        says: `stage/${missing[0]} is missing${missing.length > 1 ? `, and ${missing.length - 1} more` : ''}: what run ${run.runId} changed there`,
        fix: `${BACKUP}; without it the run cannot be undone`,
      });
    }
  }
  return findings;
}

async function isParquet(store: ObjectStore, key: string, bytes: number): Promise<boolean> {
  if (bytes < 12) return false;
  const { path, release } = await store.fetch(key);
  try {
    return await isWholeParquet(path, bytes);
  } finally {
    await release();
  }
}
