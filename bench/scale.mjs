// Planning one day, and a reconcile that finds nothing new, over lakes of up to a million objects: time, peak memory, requests
// to the object stores, the size of the plan's root document and the longest line of its slices. The objects have no content:
// the catalog knows them all. Ends with 1 when a bound does not hold. Each step is a process of its own.
// Usage: npm run bench:scale -- [--objects 10000,100000,1000000]

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SIZES = [10_000, 100_000, 1_000_000];
const BOUNDS = {
  plan: { seconds: 60, peakMb: 1_000, requests: 2_000, rootBytes: 100_000, longestLineBytes: 64_000 },
  reconcile: { seconds: 10, peakMb: 500 },
};

const folder = dirname(fileURLToPath(import.meta.url));
const sizes = readOptions(process.argv.slice(2));
let doesHold = true;

console.log(
  `${'objects'.padStart(9)}  ${'step'.padEnd(10)} ${'seconds'.padStart(8)} ${'peak MB'.padStart(8)} ${'requests'.padStart(9)}`,
);
for (const objects of sizes) await measure(objects);
console.log(`all bounds: ${doesHold ? 'hold' : 'DO NOT HOLD'}`);
process.exitCode = doesHold ? 0 : 1;

async function measure(objects) {
  const home = mkdtempSync(join(tmpdir(), 'reprise-scale-'));
  try {
    for (const step of ['catalog', 'plan', 'cover', 'reconcile']) {
      const found = await run(step, objects, home);
      if (found === undefined) {
        doesHold = false;
        continue;
      }
      print(objects, step, found);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function print(objects, step, { seconds, peakMb, requests: byStore, ...more }) {
  const requests = Object.values(byStore)
    .flatMap(Object.values)
    .reduce((sum, count) => sum + count, 0);
  const over = Object.entries(BOUNDS[step] ?? {}).filter(
    ([what, bound]) => !({ seconds, peakMb, requests, ...more }[what] < bound),
  );
  doesHold &&= over.length === 0;
  const { readMb, ...rest } = more;
  console.log(
    `${String(objects).padStart(9)}  ${step.padEnd(10)} ${seconds.toFixed(1).padStart(8)} ${peakMb.toFixed(0).padStart(8)} ${String(requests).padStart(9)}  ${listed(rest)}`,
  );
  const kinds = Object.entries(byStore).flatMap(([store, counts]) =>
    Object.entries(counts).map(([kind, count]) => `${store} ${kind} ${count}`),
  );
  console.log(`${' '.repeat(22)}${kinds.join(', ')}; ${readMb.toFixed(1)} MB of documents read`);
  for (const [what, bound] of over) console.log(`${' '.repeat(22)}DOES NOT HOLD: ${what} must be below ${bound}`);
}

function listed(values) {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** What the step has found; undefined, and said, when it fails. */
function run(step, objects, home) {
  const child = spawn(process.execPath, [join(folder, 'scale-step.mjs'), step, String(objects), home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err = `${err}${chunk}`.slice(-4096);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(JSON.parse(out));
      const reason = /^.*(?:Error|FATAL).*$/m.exec(err)?.[0] ?? err.trim().split('\n').at(-1);
      console.log(`${String(objects).padStart(9)}  ${step.padEnd(10)} FAILED with ${code ?? signal}: ${reason}`);
      resolve(undefined);
    });
  });
}

function readOptions(args) {
  if (args.length === 0) return SIZES;
  const found = args[0] === '--objects' ? (args[1] ?? '').split(',').map(Number) : [];
  if (found.length > 0 && found.every((size) => Number.isSafeInteger(size) && size > 0)) return found;
  throw new Error('give sizes of lakes: --objects 10000,100000,1000000');
}
