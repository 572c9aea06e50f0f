// A backfill killed at random moments of what it changes by SIGKILL, then resumed, ends in the same tables as one that was left alone. Real
// processes, the real command line, a generated pulsecart. KILLS and SEED override how many and which.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRawWriter } from '../../adapters/local/duckdb/raw-writer.ts';
import { packageRoot } from '../../adapters/local/duckdb/sql.ts';
import { Engine } from '../../cli/wire/engine.ts';
import { parseTimeText } from '../../engine/model/time.ts';
import { randomFrom } from '../../generator/random.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';

const KILLS = Number(process.env.KILLS ?? 50);
const SEED = Number(process.env.SEED ?? 4);
const OBJECTS = 6;
const OPEN = { pipelinesFolder: undefined, command: 'test', waitMs: 20_000, say: () => {} };
const folder = mkdtempSync(join(tmpdir(), 'reprise-kill-'));
const landed = join(folder, 'landed');
const reference = join(folder, 'reference');

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs the command line; `killAfterMs` sends SIGKILL to it and all it started. */
async function reprise(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'reprise.js'), ...args], { detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, tookMs: performance.now() - started }));
  });
  if (killAfterMs !== undefined) {
    await Promise.race([delay(killAfterMs), ended]);
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }
  return ended;
}

async function digests(home: string): Promise<unknown> {
  const engine = await Engine.open({ ...OPEN, home, create: false });
  try {
    const pipeline = await engine.pipelines.compiled('pulsecart');
    const warehouse = await engine.warehouse();
    const quarantine = await warehouse.duck.rows(
      'SELECT reason, detail, _raw_object, _raw_row FROM pulsecart.quarantine ORDER BY ALL',
    );
    return { tables: await warehouse.digests(pipeline, undefined), quarantine };
  } finally {
    await engine.close();
  }
}

/** Few objects, so that a run is short and most of it is work that can be interrupted. */
async function landInFewObjects(): Promise<void> {
  const engine = await Engine.open({ ...OPEN, home: landed, create: true });
  const writer = createRawWriter({ scratch: join(engine.home.scratch, 'write') });
  const drawn = samples.generate({ seed: SEED, events: 1200, from: '2026-06-01', days: 2 });
  for (let object = 0; object < OBJECTS; object++) {
    const deliveries = drawn
      .filter((_, place) => place % OBJECTS === object)
      .map(({ received_at, source, body }) => ({
        receivedAtMicros: parseTimeText(received_at) as bigint,
        source,
        body,
      }));
    const path = join(engine.home.scratch, 'object.parquet');
    await writer.write(
      path,
      (async function* () {
        yield deliveries;
      })(),
    );
    const key = `raw/pulsecart/dt=2026-06-01/hour=${String(object).padStart(2, '0')}/object.parquet`;
    await engine.home.lake.writeFile(key, path, { if: 'absent' });
  }
  await writer.close();
  await engine.close();
}

describe('kill -9 at random moments, then resume', () => {
  let expected: unknown;
  let tookMs = 0;

  beforeAll(async () => {
    await landInFewObjects();
    expect((await reprise(['catalog', 'build', 'pulsecart', '--home', landed])).code).toBe(0);
    cpSync(landed, reference, { recursive: true, preserveTimestamps: true });
    const ran = await reprise([
      'backfill',
      'pulsecart',
      '--all',
      '--slice-size',
      '20KB',
      '--no-verify',
      '--home',
      reference,
    ]);
    expect(ran.code, ran.stderr).toBe(0);
    tookMs = ran.tookMs;
    expected = await digests(reference);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(`${KILLS} times, seed ${SEED}`, async () => {
    const random = randomFrom(SEED);
    for (let kill = 0; kill < KILLS; ) {
      const home = join(folder, `kill-${kill}`);
      cpSync(landed, home, { recursive: true, preserveTimestamps: true });
      const threads = kill % 2 === 0 ? [] : ['--max-active', '1'];
      const first = await reprise(
        ['backfill', 'pulsecart', '--all', '--slice-size', '20KB', '--no-verify', ...threads, '--home', home],
        Math.floor(random.fraction() * tookMs),
      );
      if (first.signal !== 'SIGKILL') {
        // It was faster than the last that was left alone: that one tells how long a run takes now.
        expect(first.code, first.stderr).toBe(0);
        tookMs = first.tookMs;
        rmSync(home, { recursive: true, force: true });
        continue;
      }
      kill++;
      let resumed = await reprise(['resume', '--home', home, '--json']);
      // Killed before the run was recorded: there is nothing to resume, the command is given again.
      if (resumed.code === 2) resumed = await reprise(['backfill', 'pulsecart', '--all', '--home', home]);
      expect(resumed.code, `kill ${kill}: ${resumed.stderr}`).toBe(0);
      expect(await digests(home), `kill ${kill}`).toEqual(expected);
      rmSync(home, { recursive: true, force: true });
    }
  }, 1_200_000);
});
