// What the tests with real processes share: a lake of few objects, so that a run is short and most of it is work that can
// be interrupted; the command line as a process that can be killed with all it started; digests to compare ends by.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRawWriter } from '../../adapters/duckdb/raw-writer.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { parseTimeText } from '../../model/time.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { Engine } from '../../profiles/embedded/engine.ts';

const OBJECTS = 4;
const OPEN = { pipelinesFolder: undefined, command: 'test', waitMs: 20_000, say: () => {} };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Started {
  readonly ended: Promise<Ended>;
  /** SIGKILL to it and all it started, unless it has ended. */
  kill(): void;
}

export function start(args: readonly string[]): Started {
  const startedMs = performance.now();
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
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, tookMs: performance.now() - startedMs }),
    );
  });
  const kill = (): void => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  return { ended, kill };
}

/** Runs the command line; `killAfterMs` sends SIGKILL to it and all it started. */
export async function reprise(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const { ended, kill } = start(args);
  if (killAfterMs !== undefined) {
    await Promise.race([delay(killAfterMs), ended]);
    kill();
  }
  return ended;
}

/** Digests of every table and date, and the quarantine. */
export async function digests(home: string): Promise<unknown> {
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

/** Lands generated deliveries of pulsecart in four objects of 1 June. */
export async function landInFewObjects(home: string, seed: number, events: number, days: number): Promise<void> {
  const engine = await Engine.open({ ...OPEN, home, create: true });
  const writer = createRawWriter({ scratch: join(engine.home.scratch, 'write') });
  const drawn = samples.generate({ seed, events, from: '2026-06-01', days });
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
