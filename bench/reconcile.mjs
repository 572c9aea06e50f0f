// What a reconcile costs when there is nothing to do, and when one object has arrived, beside 10,000 raw objects that were
// read before. Prints what the whole process takes, in CPU time (it does not depend on what else the machine does) and wall
// time, and the time that the command itself names. One object is landed and backfilled; the others are copies of it,
// noted as read in the documents of their arrival dates, so that making the lake takes seconds.
// Usage: npm run bench:reconcile

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OBJECTS = 10_000;
const HOUR_MS = 3_600_000;
const CALLS = 7;
const TICK_MS = 10;
const NOTHING_CPU_MS_MAX = 1000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'bin', 'reprise.js');
const { openFileStore } = await import('../dist/adapters/folder/files.js');
const { rawDays } = await import('../dist/engine/plan/raw-days.js');
const { Coverage } = await import('../dist/engine/reconcile/coverage.js');
const folder = mkdtempSync(join(tmpdir(), 'reprise-reconcile-'));
const home = join(folder, 'home');

try {
  await land([delivery(0)]);
  await timed('backfill', 'pulsecart', '--all', '--json');
  await copyObjects();
  const calls = [];
  for (let call = 0; call < CALLS; call++) calls.push(await reconcile());
  const nothing = calls.sort((a, b) => a.cpuMs - b.cpuMs)[Math.floor(CALLS / 2)];
  print('nothing to do', nothing);
  await land([delivery(0, 'late')]);
  print('one object', await reconcile());
  const holds = nothing.cpuMs <= NOTHING_CPU_MS_MAX && nothing.document.objectsRead === 0;
  console.log(
    `a call with nothing to do takes at most ${NOTHING_CPU_MS_MAX} ms of CPU: ${holds ? 'holds' : 'DOES NOT HOLD'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function timeOf(hour) {
  return new Date(Date.parse('2025-01-01T00:00:00Z') + hour * HOUR_MS).toISOString();
}

/** One stock change in an hour of its own: an object of its own. */
function delivery(hour, name = 'on-time') {
  const at = timeOf(hour);
  const fields = { event_id: `${name}-${hour}`, type: 'stock_changed', v: 1, at, sku: 'sku', delta: 1, reason: 'sale' };
  return { received_at: at, source: 'inventory-service', body: JSON.stringify({ ...fields, order_id: 'order' }) };
}

async function reconcile() {
  const { ms, cpuMs, out } = await timed('reconcile', 'pulsecart', '--json');
  return { ms, cpuMs, document: JSON.parse(out) };
}

function print(what, { ms, cpuMs, document }) {
  const { objects, objectsRead, durationMs, state } = document;
  console.log(
    `${what.padEnd(14)} ${String(objects).padStart(6)} objects, ${objectsRead} read, ${state.padEnd(13)} CPU ${cpuMs} ms, process ${ms.toFixed(0)} ms, command ${durationMs} ms`,
  );
}

/** Copies of the one object in hours of their own, and the note that they were read as it was. */
async function copyObjects() {
  const lake = openFileStore(join(home, 'lake'));
  const coverage = new Coverage(openFileStore(join(home, 'control')), 'pulsecart');
  const [[first, noted]] = await coverage.look(async ({ root, day }) => [...(await day(Object.keys(root.days)[0]))]);
  for (let hour = 1; hour < OBJECTS; hour++) {
    const [date, time] = timeOf(hour).split('T');
    const folder = join(home, 'lake', 'raw', 'pulsecart', `dt=${date}`, `hour=${time.slice(0, 2)}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(home, 'lake', first), join(folder, basename(first)));
  }
  const note = async (draft) => {
    for await (const { date, objects } of rawDays(lake, 'pulsecart')) {
      const day = await draft.edit(date);
      for (const { key, version } of objects) day.set(key, { ...noted, version });
    }
  };
  await coverage.change(note, async () => {});
}

function land(deliveries) {
  const file = join(folder, 'landing.ndjson');
  writeFileSync(file, deliveries.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return timed('land', 'pulsecart', file);
}

async function timed(...args) {
  const startedMs = performance.now();
  const startedCpuMs = childrenCpuMs();
  const child = spawn(process.execPath, [cli, ...args, '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`reprise ${args.join(' ')} exited ${code}: ${err}`);
  return { ms: performance.now() - startedMs, cpuMs: childrenCpuMs() - startedCpuMs, out };
}

/** CPU time of all processes that this one started and that have ended, as Linux counts it. */
function childrenCpuMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
