// Peak memory of a backfill of pulsecart's set, and of the same set ten times under other ids: it must not grow with what
// is read. Prints both and their ratio. Takes the real set where ../shared is there, else a generated one.
// Usage: npm run bench:memory

import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

const COPIES = 10;
const POLL_MS = 20;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'bin', 'reprise.js');
const real = join(process.env.REPRISE_SHARED ?? join(root, '..', 'shared'), 'data', 'pulsecart', 'events.ndjson.gz');
const folder = mkdtempSync(join(tmpdir(), 'reprise-memory-'));

try {
  const once = join(folder, 'once.ndjson');
  await writeSet(once, 1);
  const ten = join(folder, 'ten.ndjson');
  await writeSet(ten, COPIES);
  const a = await measure('once', once);
  const b = await measure('ten', ten);
  console.log(`set            deliveries  events     peak RSS  seconds`);
  for (const { name, deliveries, events, peakMb, seconds } of [a, b]) {
    console.log(
      `${name.padEnd(14)} ${String(deliveries).padStart(10)}  ${String(events).padStart(6)}  ${peakMb.toFixed(0).padStart(8)} MB  ${seconds.toFixed(1).padStart(7)}`,
    );
  }
  const ratio = b.peakMb / a.peakMb;
  console.log(
    `ten times / once: ${ratio.toFixed(2)} (at most 1.20), peak at most 1000 MB: ${ratio <= 1.2 && b.peakMb <= 1000 ? 'holds' : 'DOES NOT HOLD'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The set `copies` times, each copy under other event ids. */
async function writeSet(path, copies) {
  const out = createWriteStream(path);
  for (let copy = 0; copy < copies; copy++) {
    for await (const line of deliveries()) {
      const delivery = JSON.parse(line);
      const body =
        copy === 0 ? delivery.body : delivery.body.replace(/"(event_id|eventId)"(\s*:\s*)"/g, `"$1"$2"c${copy}-`);
      if (!out.write(`${JSON.stringify({ ...delivery, body })}\n`))
        await new Promise((resolve) => out.once('drain', resolve));
    }
  }
  await new Promise((resolve) => out.end(resolve));
}

async function* deliveries() {
  if (existsSync(real)) {
    yield* createInterface({ input: createReadStream(real).pipe(createGunzip()) });
    return;
  }
  const { samples } = await import('../dist/pipelines/pulsecart/samples.js');
  const { toNdjson } = await import('../dist/generator/sample.js');
  yield* toNdjson(samples.generate({ seed: 1, events: 50_000, from: '2026-06-01', days: 20 }))
    .trimEnd()
    .split('\n');
}

async function measure(name, file) {
  const home = join(folder, `home-${name}`);
  const landed = JSON.parse(
    spawnSync(process.execPath, [cli, 'land', 'pulsecart', file, '--json', '--home', home], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }).stdout,
  );
  const started = performance.now();
  const child = spawn(process.execPath, [cli, 'backfill', 'pulsecart', '--all', '--json', '--home', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  let peakKb = 0;
  const poll = setInterval(() => {
    try {
      peakKb = Math.max(
        peakKb,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
      );
    } catch {
      // It has just ended.
    }
  }, POLL_MS);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(poll);
  if (code !== 0) throw new Error(`the backfill of ${name} exited ${code}`);
  const run = JSON.parse(stdout);
  return {
    name,
    deliveries: landed.landed,
    events: run.tables['pulsecart.events'].inserted,
    peakMb: peakKb / 1024,
    seconds: (performance.now() - started) / 1000,
  };
}
