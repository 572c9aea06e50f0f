// What a reconcile costs when there is nothing to do, and when one object has arrived, beside about 10,000 raw objects that
// were read before. Prints wall time of the whole process and the time the command itself names. Making the lake and the
// first backfill takes some minutes.
// Usage: npm run bench:reconcile

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EVENTS = 24_000;
const DAYS = 1000;
const CALLS = 7;
const NOTHING_MS_MAX = 1000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'bin', 'reprise.js');
const folder = mkdtempSync(join(tmpdir(), 'reprise-reconcile-'));
const home = join(folder, 'home');
const { samples } = await import('../dist/pipelines/pulsecart/samples.js');
const { toNdjson } = await import('../dist/generator/sample.js');

try {
  const all = samples.generate({ seed: 1, events: EVENTS, from: '2024-01-01', days: DAYS });
  const late = all.findIndex((one, place) => place > all.length / 2 && one.fault === undefined);
  const landed = await land(all.filter((_, place) => place !== late));
  const backfill = await timed('backfill', 'pulsecart', '--all', '--no-verify', '--json');
  console.log(`landed in ${seconds(landed.ms)}, read and published in ${seconds(backfill.ms)}`);
  const calls = [];
  for (let call = 0; call < CALLS; call++) calls.push(await reconcile());
  const nothing = calls.sort((a, b) => a.ms - b.ms)[Math.floor(CALLS / 2)];
  print('nothing to do', nothing);
  await land([all[late]]);
  print('one object', await reconcile());
  const holds = nothing.ms <= NOTHING_MS_MAX && nothing.document.objectsRead === 0;
  console.log(`a call with nothing to do takes at most ${NOTHING_MS_MAX} ms: ${holds ? 'holds' : 'DOES NOT HOLD'}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
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
  writeFileSync(file, toNdjson(deliveries));
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
