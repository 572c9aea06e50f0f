// What many small raw objects cost: a lake of objects of one row each, in two sizes, and for each command its seconds, its
// CPU time for each object beyond what the command costs on its own, and its peak memory; then the same commands where
// a process may open fewer files than there are objects. CPU time does not depend on what else the machine does.
// Usage: npm run bench:objects [-- 2000 20000]

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';

const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2_000, 20_000];
const DAYS = 20;
const DAY_MS = 86_400_000;
const OPEN_FILES = 256;
const POLL_MS = 50;
const TICK_MS = 10;
/** Of one row each; seconds at the larger size. */
const BOUNDS = { 'catalog build': 60, 'plan a day': 6, 'reconcile, no-op': 4 };
const CPU_MS_PER_OBJECT_MAX = 2;
/** Peak memory at the larger size against that at the smaller one. */
const MEMORY_RATIO_MAX = 1.5;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'bin', 'reprise.js');
const folder = mkdtempSync(join(tmpdir(), 'reprise-objects-'));
let doesHold = true;
const peaks = new Map();

try {
  console.log(
    `${'objects'.padStart(8)}  ${'command'.padEnd(28)} ${'seconds'.padStart(8)} ${'CPU s'.padStart(7)} ${'CPU ms/object'.padStart(14)} ${'peak MB'.padStart(8)} ${'ratio'.padStart(6)}`,
  );
  for (const objects of SIZES) await measure(objects);
  await fewFiles(SIZES[0]);
  console.log(`all bounds: ${doesHold ? 'hold' : 'DO NOT HOLD'}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(objects) {
  const home = join(folder, `home-${objects}`);
  await run(home, ['init']);
  // What the program costs without objects; a backfill is two passes over them beside the publish.
  const alone = (await run(home, ['reconcile', 'pulsecart'])).cpuMs;
  fill(home, objects);
  const rows = [
    ['catalog build', 1, ['catalog', 'build', 'pulsecart']],
    ['plan a day', 0, ['plan', 'pulsecart', '--from', '2026-06-03', '--to', '2026-06-04']],
    ['plan everything', 1, ['plan', 'pulsecart', '--all']],
    ['backfill (stage and verify)', 2, ['backfill', 'pulsecart', '--all', '--yes']],
    ['verify', 1, ['verify', 'pulsecart']],
    ['reconcile, no-op', 1, ['reconcile', 'pulsecart']],
  ];
  for (const [name, passes, args] of rows) {
    const { seconds, cpuMs, peakMb } = await run(home, args);
    const each = (cpuMs - alone) / objects / Math.max(passes, 1);
    const bound = objects === Math.max(...SIZES) ? BOUNDS[name] : undefined;
    const smaller = peaks.get(name) ?? peakMb;
    peaks.set(name, smaller);
    const holds =
      (bound === undefined || seconds <= bound) &&
      (objects < 10_000 || each <= CPU_MS_PER_OBJECT_MAX) &&
      peakMb <= smaller * MEMORY_RATIO_MAX;
    doesHold &&= holds;
    console.log(
      `${String(objects).padStart(8)}  ${name.padEnd(28)} ${seconds.toFixed(1).padStart(8)} ${(cpuMs / 1000).toFixed(1).padStart(7)} ${each.toFixed(2).padStart(14)} ${peakMb.toFixed(0).padStart(8)} ${(peakMb / smaller).toFixed(2).padStart(6)}${holds ? '' : '  TOO MUCH'}`,
    );
  }
}

async function fewFiles(objects) {
  const home = join(folder, 'home-few');
  fill(home, objects);
  for (const args of [
    ['catalog', 'build', 'pulsecart'],
    ['plan', 'pulsecart', '--all'],
    ['backfill', 'pulsecart', '--all', '--yes'],
    ['verify', 'pulsecart'],
    ['reconcile', 'pulsecart'],
    ['why', 'inventory-service:e-7'],
  ]) {
    const { seconds } = await run(home, args, OPEN_FILES);
    console.log(
      `${String(objects).padStart(8)}  ${args.slice(0, 2).join(' ').padEnd(28)} ${seconds.toFixed(1).padStart(8)}  with ${OPEN_FILES} open files`,
    );
  }
}

/** Objects of one stock change each, dealt over the days. */
function fill(home, objects) {
  for (let number = 0; number < objects; number++) {
    const day = number % DAYS;
    const at = new Date(Date.parse('2026-06-01T00:00:00Z') + day * DAY_MS + Math.floor(number / DAYS) * 1000);
    const iso = at.toISOString();
    const ids = { event_id: `e-${number}`, sku: `sku-${number % 97}`, order_id: `order-${number}` };
    const body = JSON.stringify({ ...ids, type: 'stock_changed', v: 1, at: iso, delta: 1, reason: 'sale' });
    const inside = join(home, 'lake', 'raw', 'pulsecart', `dt=${iso.slice(0, 10)}`, `hour=${iso.slice(11, 13)}`);
    mkdirSync(inside, { recursive: true });
    const columnData = [
      { name: 'received_at', data: [at], type: 'TIMESTAMP' },
      { name: 'source', data: ['inventory-service'], type: 'STRING' },
      { name: 'body', data: [body], type: 'STRING' },
    ];
    writeFileSync(join(inside, `part-${number}.parquet`), Buffer.from(parquetWriteBuffer({ columnData })));
  }
}

async function run(home, args, openFiles) {
  const program = [cli, ...args, '--json', '--home', home];
  const startedMs = performance.now();
  const startedCpuMs = childrenCpuMs();
  const child =
    openFiles === undefined
      ? spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'pipe'] })
      : spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, ...program], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err = `${err}${chunk}`.slice(-4096);
  });
  let peakKb = 0;
  const poll = setInterval(() => {
    try {
      const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      peakKb = Math.max(peakKb, Number(found?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, POLL_MS);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(poll);
  if (code !== 0) throw new Error(`reprise ${args.join(' ')} exited ${code}: ${err}`);
  return {
    seconds: (performance.now() - startedMs) / 1000,
    cpuMs: childrenCpuMs() - startedCpuMs,
    peakMb: peakKb / 1024,
  };
}

/** CPU time of all processes that this one started and that have ended, as Linux counts it. */
function childrenCpuMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
