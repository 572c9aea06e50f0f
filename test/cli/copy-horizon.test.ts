// A correction that moves an event to another date, and that arrived long after: a plan with a copy horizon says that it does
// not look so far, and is right within it; without one the event moves.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reprise, repriseJson } from './reprise.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-copy-horizon-'));
const home = join(folder, 'home');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const DAY = ['--from', '2026-06-10', '--to', '2026-06-11'];

const utterance = (id: string, at: string, receivedAt: string, text: string): string =>
  JSON.stringify({
    received_at: receivedAt,
    source: 'voice',
    body: JSON.stringify({
      ...{ id, t: 'utterance', at, call_id: 'c1', caller: 'user-1', speaker: 'caller' },
      ...{ transcript: text, confidence: 0.9, duration_ms: 900 },
    }),
  });

beforeAll(async () => {
  const file = join(folder, 'utterances.ndjson');
  const lines = [
    utterance('u1', '2026-06-10T09:00:00Z', '2026-06-10T09:00:01Z', 'stays'),
    utterance('u2', '2026-06-10T10:00:00Z', '2026-06-10T10:00:01Z', 'near, first'),
    utterance('u2', '2026-06-12T10:00:00Z', '2026-06-14T10:00:01Z', 'near, corrected'),
    utterance('u3', '2026-06-10T11:00:00Z', '2026-06-10T11:00:01Z', 'far, first'),
    utterance('u3', '2026-06-20T11:00:00Z', '2026-06-30T11:00:01Z', 'far, corrected'),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  expect((await reprise(home, 'land', 'chatorbit', file)).exit).toBe(0);
});

/** The texts that are published, by date. */
async function published(): Promise<string[]> {
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'), { access_mode: 'READ_ONLY' });
  try {
    const connection = await instance.connect();
    const rows = await connection.runAndReadAll(
      'SELECT event_date::VARCHAR AS date, text FROM chatorbit.messages ORDER BY ALL',
    );
    connection.closeSync();
    const texts = rows.getRowObjects().map(({ date, text }) => `${date} ${text}`);
    return texts;
  } finally {
    instance.closeSync();
  }
}

it('says what it does not see, is right within it, and the unlimited horizon is exact', async () => {
  const plan = await reprise(home, 'plan', 'chatorbit', ...DAY, '--copy-horizon', '7');
  expect(plan.out).toContain('looked for in what arrived in [2026-06-03, 2026-06-18), 7 days around the window');
  expect(plan.out).toContain('1 object beyond is not looked through');
  const near = await repriseJson<{ state: string; runId: string }>(
    home,
    ...['backfill', 'chatorbit', ...DAY, '--copy-horizon', '7'],
  );
  expect(near.state).toBe('succeeded');
  expect(await published()).toEqual(['2026-06-10 far, first', '2026-06-10 stays']);
  expect((await reprise(home, 'verify', near.runId)).exit).toBe(0);
  const far = await repriseJson<{ state: string }>(home, 'backfill', 'chatorbit', ...DAY, '--yes');
  expect(far.state).toBe('succeeded');
  expect((await published()).filter((row) => row.startsWith('2026-06-10'))).toEqual(['2026-06-10 stays']);
  expect((await repriseJson<{ state: string }>(home, 'backfill', 'chatorbit', '--all')).state).toBe('succeeded');
  expect(await published()).toEqual(['2026-06-10 stays', '2026-06-12 near, corrected', '2026-06-20 far, corrected']);
  expect((await reprise(home, 'verify', 'chatorbit')).exit).toBe(0);
});

it('must be a number of days', async () => {
  const { exit, err } = await reprise(home, 'plan', 'chatorbit', ...DAY, '--copy-horizon', 'week');
  expect([exit, err]).toEqual([
    2,
    expect.stringContaining('--copy-horizon must be a whole number of days; got `week`'),
  ]);
});
