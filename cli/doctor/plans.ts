// Whether every plan, and every declaration that plans were made with, is as it was made.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { checkShards } from '../../engine/plan/shards.ts';
import { Runs } from '../../engine/run/runs.ts';
import { sha256Hex } from '../../model/digest.ts';
import { isRepriseError } from '../../model/errors.ts';
import { declarationKey, declarationOf } from '../../profiles/embedded/declarations.ts';
import type { Home } from '../../profiles/embedded/examination.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { systemClock } from '../../profiles/embedded/process.ts';
import type { Arguments } from '../command.ts';
import { plural } from '../render/text.ts';
import { type Finding, faultOf, type HomeCheck } from './finding.ts';

export const plansCheck: HomeCheck = {
  name: 'plans',
  run: async (home, args) => {
    const { findings, intact } = await planFindings(home);
    findings.push(...(await declarationFindings(home, args)));
    return intact === 0 && findings.length > 0
      ? findings
      : [{ state: 'ok', says: `${plural(intact, 'plan')}, each with the id that is its hash` }, ...findings];
  },
};

async function planFindings(home: Home): Promise<{ readonly findings: Finding[]; readonly intact: number }> {
  const store = new Runs(home.control, systemClock);
  const runs = await store.all();
  const findings: Finding[] = [];
  let intact = 0;
  for await (const { key } of home.control.list('plans/')) {
    const id = key.slice('plans/'.length).replace(/\.json$/, '');
    const plan = await store.plan(id).catch((error: unknown) => {
      const fault = faultOf(error);
      const run = runs.find(({ planId }) => planId === id);
      const fix =
        run === undefined
          ? `no run was made of it: remove control/${key}`
          : `restore control/${key} from a backup: run ${run.runId} was made of it`;
      findings.push(isRepriseError(error) && error.code === 'NotAsRecorded' ? { ...fault, fix } : fault);
      return undefined;
    });
    if (plan === undefined) continue;
    try {
      await checkShards(home.control, plan);
      intact++;
    } catch (error) {
      findings.push(faultOf(error));
    }
  }
  return { findings, intact };
}

/** The ledger names declarations by their hashes; what another pipeline of that name declared, only a backup has. */
async function declarationFindings(home: Home, args: Arguments): Promise<Finding[]> {
  const findings: Finding[] = [];
  const fixes = await fixesOfDeclarations(home, args);
  const found = new Set<string>();
  for await (const { key } of home.control.list('declarations/')) {
    found.add(key);
    const content = (await home.control.read(key)) ?? Buffer.alloc(0);
    if (key === declarationKey(sha256Hex(content))) continue;
    const fix = fixes.get(key) ?? `no plan was made with it: remove control/${key}`;
    findings.push({ state: 'wrong', says: `control/${key} is not what its name says: it was changed`, fix });
  }
  for (const [key, fix] of fixes)
    if (!found.has(key))
      findings.push({ state: 'wrong', says: `control/${key} is missing: plans were made with it`, fix });
  return findings;
}

/** Of each declaration that the ledgers name, by its key, how it comes back. */
async function fixesOfDeclarations(home: Home, args: Arguments): Promise<ReadonlyMap<string, string>> {
  const pipelines = new Pipelines(args.pipelines);
  const fixes = new Map<string, string>();
  for (const name of await pipelinesWithLedger(home.control)) {
    for (const entry of (await inspectLedger(home.control, name)).entries)
      if (entry.kind === 'plan_made' && entry.declaration !== undefined)
        fixes.set(declarationKey(entry.declaration), 'restore it from a backup of the home');
    // One that does not load is another check's finding.
    const pipeline = await pipelines.compiled(name).catch(() => undefined);
    if (pipeline === undefined) continue;
    const today = declarationKey(declarationOf(pipeline, pipelines.fileOf(name)).digest);
    if (fixes.has(today)) fixes.set(today, `reprise plan ${name} --all`);
  }
  return fixes;
}
