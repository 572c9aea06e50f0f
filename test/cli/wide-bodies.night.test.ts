// Every command over 100 MB of large bodies in one hour, landed and brought in a single row group, as processes of their own:
// they finish, verify what they published, and stay below 1 GB.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { copyToParquet } from '../../adapters/duckdb/parquet-path.ts';

const PEAK_MB_MAX = 1000;
const root = join(import.meta.dirname, '..', '..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-wide-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly exit: number | null;
  readonly peakMb: number;
  readonly stdout: string;
  readonly stderr: string;
}

function reprise(home: string, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'bench', 'peak.mjs'), ...args, '--home', home], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts = ['', '', '', ''];
  for (const place of [1, 2, 3]) {
    child.stdio[place]?.on('data', (chunk: Buffer) => {
      texts[place] += chunk.toString('utf8');
    });
  }
  return new Promise((resolve) => {
    child.on('close', (exit) =>
      resolve({ exit, peakMb: Number(texts[3]) / 1024, stdout: texts[1] ?? '', stderr: texts[2] ?? '' }),
    );
  });
}

/** Utterances with `bytes` of text each, as SQL. */
const utterances = (rows: number, bytes: number): string => `
  SELECT TIMESTAMP '2026-06-01 10:00:00' + INTERVAL (i) SECOND AS received_at, 'voice' AS source,
    json_object('id', 'u' || i, 't', 'utterance', 'at', '2026-06-01T10:00:00+00:00', 'call_id', 'c' || (i // 8),
      'caller', 'user-' || (i % 97), 'speaker', 'agent', 'transcript',
      left((SELECT string_agg(sha256((i * 100003 + j)::VARCHAR), '') FROM range(${Math.ceil(bytes / 64)}) AS p(j)), ${bytes}),
      'confidence', 0.9, 'duration_ms', 900)::VARCHAR AS body
  FROM range(${rows}) AS t(i)`;

it.each([
  ['landed', 400, 250_000],
  ['landed', 140_000, 700],
  ['brought', 400, 250_000],
  ['brought', 2000, 50_000],
] as const)(
  '%s: %d bodies of %d bytes',
  async (how, rows, bytes) => {
    const home = join(folder, `${how}-${bytes}`);
    const duck = await openDuck({ memoryMb: 2048, threads: 2, tempFolder: join(folder, 'spill') });
    const partition = join(home, 'lake', 'raw', 'chatorbit', 'dt=2026-06-01', 'hour=10');
    const file = join(folder, 'bodies.ndjson');
    expect((await reprise(home, 'init')).exit).toBe(0);
    if (how === 'landed') {
      const lines = `SELECT strftime(received_at, '%Y-%m-%dT%H:%M:%SZ') AS received_at, source, body FROM (${utterances(rows, bytes)})`;
      const out = createWriteStream(file);
      for await (const result of duck.stream(lines)) {
        for (
          let chunk = await result.fetchChunk();
          chunk !== null && chunk.rowCount > 0;
          chunk = await result.fetchChunk()
        )
          for (const [received_at, source, body] of chunk.getRows())
            out.write(`${JSON.stringify({ received_at, source, body })}\n`);
      }
      await new Promise((resolve) => out.end(resolve));
    } else {
      await mkdir(partition, { recursive: true });
      await duck.run(
        copyToParquet(
          utterances(rows, bytes),
          join(partition, 'brought.parquet'),
          'COMPRESSION zstd, ROW_GROUP_SIZE 10000000',
        ),
      );
    }
    await duck.close();
    const holds = async (...args: string[]): Promise<string> => {
      const { exit, peakMb, stdout, stderr } = await reprise(home, ...args);
      expect({ args, exit, stderr: exit === 0 ? '' : stderr }).toEqual({ args, exit: 0, stderr: '' });
      expect(peakMb).toBeLessThan(PEAK_MB_MAX);
      return stdout;
    };
    if (how === 'landed') await holds('land', 'chatorbit', file);
    await holds('catalog', 'build', 'chatorbit');
    const run = JSON.parse(await holds('backfill', 'chatorbit', '--all', '--json'));
    expect(run.tables['chatorbit.events'].inserted).toBe(rows);
    const verified = JSON.parse(await holds('verify', 'chatorbit', '--json'));
    expect(verified).toMatchObject({ ok: true, differencesTotal: 0 });
    expect(await holds('why', 'message:voice:u7', '--pipeline', 'chatorbit')).toContain('message:voice:u7');
    await holds('diff', run.runId);
    await holds('undo', run.runId, '--yes');
    expect((await reprise(home, 'verify', 'chatorbit')).exit).toBe(4);
    await rm(home, { recursive: true, force: true });
  },
  560_000,
);
