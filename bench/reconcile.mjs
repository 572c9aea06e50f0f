// What a reconcile costs when there is nothing to do, and when one object has arrived, beside 10,000 raw objects that were
// read before. Prints wall time of the whole process and the time the command itself names. Making the lake and the
// first backfill takes some minutes.
// Usage: npm run bench:reconcile

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OBJECTS = 10_000;
const HOUR_MS = 3_600_000;
const CALLS = 7;
const NOTHING_MS_MAX = 1000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'bin', 'reprise.js');
const folder = mkdtempSync(join(tmpdir(), 'reprise-reconcile-'));
const home = join(folder, 'home');

try {
  const landed = await land(Array.from({ length: OBJECTS }, (_, hour) => delivery(hour)));
  const backfill = await timed('backfill', 'pulsecart', '--all', '--no-verify', '--json');
  console.log(`landed in ${seconds(landed.ms)}, read and published in ${seconds(backfill.ms)}`);
  const calls = [];
  for (let call = 0; call < CALLS; call++) calls.push(await reconcile());
  const nothing = calls.sort((a, b) => a.ms - b.ms)[Math.floor(CALLS / 2)];
  print('nothing to do', nothing);
  await land([delivery(OBJECTS / 2, 'late')]);
  print('one object', await reconcile());
  const holds = nothing.ms <= NOTHING_MS_MAX && nothing.document.objectsRead === 0;
  console.log(`a call with nothing to do takes at most ${NOTHING_MS_MAX} ms: ${holds ? 'holds' : 'DOES NOT HOLD'}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One stock change in an hour of its own: an object of its own. */
function delivery(hour, name = 'on-time') {
  const at = new Date(Date.parse('2025-01-01T00:00:00Z') + hour * HOUR_MS).toISOString();
  const fields = { event_id: `${name}-${hour}`, type: 'stock_changed', v: 1, at, sku: 'sku', delta: 1, reason: 'sale' };
  return { received_at: at, source: 'inventory-service', body: JSON.stringify({ ...fields, order_id: 'order' }) };
}

async function reconcile() {
  const { ms, out } = await timed('reconcile', 'pulsecart', '--json');
  return { ms, document: JSON.parse(out) };
}

function print(what, { ms, document }) {
  const { objects, objectsRead, durationMs, state } = document;
  console.log(
    `${what.padEnd(14)} ${String(objects).padStart(6)} objects, ${objectsRead} read, ${state.padEnd(13)} process ${ms.toFixed(0)} ms, command ${durationMs} ms`,
  );
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(0)} s`;
}

function land(deliveries) {
  const file = join(folder, 'landing.ndjson');
  writeFileSync(file, deliveries.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return timed('land', 'pulsecart', file);
}

async function timed(...args) {
  const startedMs = performance.now();
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
  return { ms: performance.now() - startedMs, out };
}
