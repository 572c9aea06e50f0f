// Checks the installation and the home, one line for each check. Repairs nothing, and works without a home.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../adapters/local/clock.ts';
import { openDuck } from '../../adapters/local/duckdb/instance.ts';
import { MEMORY } from '../../adapters/local/duckdb/memory.ts';
import { freeDisk, staleScratch, warehouseBytes, warehouseHolder } from '../../adapters/local/health.ts';
import { type Home, openHome } from '../../adapters/local/home.ts';
import { acquireWarehouse } from '../../adapters/local/warehouse-lock.ts';
import { inspectLedger, type LedgerFault } from '../../engine/ledger/ledger.ts';
import { type RunRecord, Runs } from '../../engine/ledger/runs.ts';
import { standingUndo } from '../../engine/ledger/undone.ts';
import { isRepriseError, RepriseError } from '../../ports/errors.ts';
import type { Arguments, Command } from '../command.ts';
import { nextCommand } from '../render/run.ts';
import { bytes, plural } from '../render/text.ts';
import { Pipelines } from '../wire/pipelines.ts';

/** `note`: nothing is wrong, but somebody may want to know. */
type Finding = { readonly state: 'ok' | 'note' | 'wrong'; readonly says: string; readonly fix?: string };
type Check = Finding & { readonly check: string };

/** A run of a large backfill stages and spills to the same disk. */
const DISK_FREE_BYTES_MIN = 1e9;
const NODE_OLDEST = [20, 19] as const;
const WRONG = 1;

export const doctorCommand: Command = {
  usage: 'doctor',
  summary: 'check the installation and the home, and say how to mend what is wrong; exit 1 when something is',
  examples: [
    ['reprise doctor', 'Node, DuckDB, pipelines, home, disk, lock, runs, ledger'],
    ['reprise doctor --home /data/reprise --json', 'another home, for monitoring'],
  ],
  run: async (args, terminal) => {
    const checks: Check[] = [];
    const check = async (name: string, work: () => Promise<Finding | readonly Finding[]>): Promise<void> => {
      const findings = await work().catch(faultOf);
      for (const finding of Array.isArray(findings) ? findings : [findings as Finding])
        checks.push({ check: name, ...finding });
    };
    await check('node', async () => nodeVersion());
    await check('duckdb', duckdb);
    await check('pipelines', () => pipelines(args));
    await check('disk', () => disk(args.home));
    // Before the home is opened: that clears away what processes left that have ended.
    await check('scratch', () => scratch(args.home));
    const home = await openedHome(args.home, checks);
    if (home !== undefined) {
      try {
        await check('warehouse', () => warehouse(home));
        await check('runs', () => runs(home));
        await check('ledger', () => ledger(home, args));
      } finally {
        await home.close();
      }
    }
    const wrong = checks.filter((one) => one.state === 'wrong').length;
    terminal.result({ ok: wrong === 0, home: resolve(args.home), checks }, render(checks, wrong));
    return wrong === 0 ? 0 : WRONG;
  },
};

function faultOf(error: unknown): Finding {
  if (isRepriseError(error)) return { state: 'wrong', says: error.message, fix: error.fix };
  const kind = error instanceof Error ? error.name : typeof error;
  return { state: 'wrong', says: `the check itself failed with a ${kind}`, fix: 'report this, with --verbose' };
}

function nodeVersion(): Finding {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = NODE_OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return { state: 'ok', says: `Node.js ${node} on ${process.platform} ${process.arch}` };
  return {
    state: 'wrong',
    says: `Node.js ${node}; ${oldestMajor}.${oldestMinor} is the oldest that works`,
    fix: `install Node.js ${oldestMajor}.${oldestMinor} or later`,
  };
}

async function duckdb(): Promise<Finding> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'reprise-doctor-'));
  try {
    const duck = await openDuck({ memoryMb: MEMORY.catalogMb, threads: 1, tempFolder });
    try {
      const rows = await duck.rows('SELECT version() AS version');
      return { state: 'ok', says: `DuckDB ${String(rows[0]?.version)} answers` };
    } finally {
      await duck.close();
    }
  } catch (error) {
    if (isRepriseError(error)) return { ...faultOf(error), fix: 'install again: npm install' };
    throw error;
  } finally {
    await rm(tempFolder, { recursive: true, force: true });
  }
}

async function pipelines(args: Arguments): Promise<Finding[]> {
  const every = new Pipelines(args.pipelines);
  const names = every.names();
  if (names.length === 0)
    return [{ state: 'wrong', says: `no pipelines in ${every.folder}`, fix: 'build first: npm run build' }];
  const findings: Finding[] = [];
  const sound: string[] = [];
  for (const name of names) {
    try {
      await every.compiled(name);
      sound.push(name);
    } catch (error) {
      findings.push(isRepriseError(error) ? faultOf(error) : notLoaded(name, error));
    }
  }
  return sound.length === 0
    ? findings
    : [{ state: 'ok', says: `${sound.join(', ')} load without contradictions` }, ...findings];
}

function notLoaded(name: string, error: unknown): Finding {
  const kind = error instanceof Error ? error.name : typeof error;
  return { state: 'wrong', says: `pipeline ${name} does not load: a ${kind}`, fix: 'build again: npm run build' };
}

async function disk(home: string): Promise<Finding> {
  const { freeBytes, totalBytes } = await freeDisk(home);
  const says = `${bytes(freeBytes)} of ${bytes(totalBytes)} are free`;
  return freeBytes >= DISK_FREE_BYTES_MIN
    ? { state: 'ok', says }
    : { state: 'wrong', says, fix: `free some: runs need ${bytes(DISK_FREE_BYTES_MIN)} at least` };
}

async function scratch(home: string): Promise<Finding> {
  const stale = await staleScratch(resolve(home));
  if (stale.length === 0) return { state: 'ok', says: 'nothing left behind' };
  const size = stale.reduce((sum, one) => sum + one.bytes, 0);
  return {
    state: 'note',
    says: `${plural(stale.length, 'folder')} (${bytes(size)}) of processes that have ended; cleared away by the next command`,
  };
}

/** Undefined when there is no home, which is not wrong, or none that can be opened. */
async function openedHome(path: string, checks: Check[]): Promise<Home | undefined> {
  try {
    const home = await openHome(path, { create: false, randomBytes: (n) => randomBytes(n) });
    const marker = JSON.parse(readFileSync(join(home.path, 'control', 'home.json'), 'utf8')) as { format: number };
    checks.push({ check: 'home', state: 'ok', says: `${home.path}, format ${marker.format}, can be written` });
    return home;
  } catch (error) {
    if (isRepriseError(error) && error.code === 'NotFound') {
      checks.push({ check: 'home', state: 'note', says: error.message, fix: error.fix });
    } else {
      checks.push({ check: 'home', ...faultOf(error) });
    }
    return undefined;
  }
}

async function warehouse(home: Home): Promise<Finding> {
  const holder = await warehouseHolder(home.path);
  if (holder?.alive) {
    return {
      state: 'note',
      says: `held by process ${holder.pid}, which runs \`${holder.command}\` since ${holder.since}`,
      fix: 'commands wait for it: --wait <seconds>',
    };
  }
  const left = holder === undefined ? '' : `; the lock of process ${holder.pid}, which has ended, was taken over`;
  const size = await warehouseBytes(home.path);
  if (size === undefined) return { state: 'note', says: `no warehouse yet${left}`, fix: 'reprise init' };
  const lock = await acquireWarehouse({
    home: home.path,
    command: 'doctor',
    waitMs: 0,
    clock: systemClock,
    onWait: () => {},
  });
  try {
    const duck = await openDuck({
      path: home.warehousePath,
      memoryMb: MEMORY.warehouseMb,
      threads: 1,
      tempFolder: join(home.scratch, 'doctor-spill'),
    });
    try {
      const rows = await duck.rows("SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name <> 'reprise'");
      return { state: 'ok', says: `opens: ${bytes(size)}, ${plural(Number(rows[0]?.n), 'table')}${left}` };
    } finally {
      await duck.close();
    }
  } finally {
    await lock.release();
  }
}

async function runs(home: Home): Promise<Finding[]> {
  const store = new Runs(home.control, systemClock);
  const every = await store.all();
  const findings: Finding[] = [];
  const holder = await warehouseHolder(home.path);
  for (const [place, run] of every.entries()) {
    if (isEnded(run) || (await standingUndo(store, run.runId)) !== undefined) continue;
    if (await isOverruled(store, run, every.slice(0, place))) continue;
    const interrupted = run.state === 'running' && holder?.alive !== true;
    findings.push({
      state: interrupted || run.state === 'failed' ? 'wrong' : 'note',
      says: `run ${run.runId} of ${run.pipeline} is ${interrupted ? 'interrupted' : run.state}, started ${run.startedAt}`,
      fix: nextCommand(run),
    });
  }
  return findings.length > 0 ? findings : [{ state: 'ok', says: `${plural(every.length, 'run')}, none unfinished` }];
}

const ENDED = new Set(['succeeded', 'nothing_to_do', 'published_with_gaps', 'published_downstream_stale', 'refused']);
const isEnded = (run: RunRecord): boolean => ENDED.has(run.state);

/** Whether a newer run that still stands has finished all that this one left undone. */
async function isOverruled(store: Runs, run: RunRecord, newer: readonly RunRecord[]): Promise<boolean> {
  const windowOf = async (one: RunRecord) => (await store.plan(one.planId)).body;
  const left = await windowOf(run);
  for (const other of newer) {
    if (other.pipeline !== run.pipeline || !isEnded(other) || other.state === 'refused') continue;
    if (other.undoes !== undefined || (await standingUndo(store, other.runId)) !== undefined) continue;
    const done = await windowOf(other);
    if (!done.partial && done.window.from <= left.window.from && done.window.to >= left.window.to) return true;
  }
  return false;
}

async function ledger(home: Home, args: Arguments): Promise<Finding[]> {
  const names = new Set<string>();
  for await (const { key } of home.control.list('ledger/')) names.add(key.split('/')[1] ?? '');
  const known = new Set(pipelineNames(args));
  const findings: Finding[] = [];
  const intact: string[] = [];
  for (const name of names) {
    const { entries, faults } = await inspectLedger(home.control, name);
    const first = faults[0];
    if (first === undefined) intact.push(`${name} ${entries.length}`);
    else findings.push(faultOf(brokenLedger(name, first)));
    if (!known.has(name)) findings.push({ state: 'note', says: `${name} has a ledger, but is no pipeline any more` });
  }
  if (names.size === 0) return [{ state: 'ok', says: 'empty: nothing has run yet' }];
  return intact.length === 0
    ? findings
    : [{ state: 'ok', says: `chains intact; entries: ${intact.join(', ')}` }, ...findings];
}

function pipelineNames(args: Arguments): string[] {
  try {
    return new Pipelines(args.pipelines).names();
  } catch {
    // Told by the check of the pipelines.
    return [];
  }
}

const brokenLedger = (pipeline: string, { sequence, fault, detail }: LedgerFault): RepriseError =>
  new RepriseError(
    'LedgerBroken',
    `the ledger of ${pipeline} is broken: entry ${sequence} is ${fault.replace('_', ' ')}: ${detail}`,
    `reprise ledger verify ${pipeline} names everything; it was changed by hand: restore control/ledger/${pipeline} from a backup`,
  );

function render(checks: readonly Check[], wrong: number): string {
  const rows = checks.map(({ check, state, says, fix }) => [
    state === 'wrong' ? 'WRONG' : state,
    check,
    `${says.replaceAll('\n', '\n                ')}${fix === undefined ? '' : `\n                → ${fix}`}`,
  ]);
  const lines = rows.map(([state = '', check = '', says = '']) => `${state.padEnd(5)} ${check.padEnd(10)}${says}`);
  const notes = checks.filter((one) => one.state === 'note').length;
  return [
    ...lines,
    '',
    wrong === 0
      ? `nothing is wrong${notes > 0 ? `; ${plural(notes, 'note')}` : ''}`
      : `${plural(wrong, 'thing')} wrong`,
  ].join('\n');
}
