// Payments that a too narrow rule rejected: retried, they leave the quarantine and come into the tables, and nothing else
// that is quarantined is touched.

import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedOf, toNdjson } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import { type DiffDocument, needed, type RunDocument, reprise, repriseJson } from './reprise.ts';
import { rowsOf } from './warehouse.ts';

/** Does not know the spelling `settled` of a captured payment. */
const YESTERDAY = join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday');

interface RetryDocument {
  readonly state: string;
  readonly entries: number;
  readonly accepted: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly objectsReadable: readonly string[];
  readonly objectsUnreadable: readonly string[];
  readonly windows: readonly { readonly from: string; readonly to: string }[];
  readonly runs: readonly { readonly runId: string; readonly state: string; readonly causes: Record<string, number> }[];
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

let folder: string;
let home: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-retry-'));
  home = join(folder, 'home');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const retry = (...args: string[]): Promise<RetryDocument> =>
  repriseJson<RetryDocument>(home, 'quarantine', 'retry', 'pulsecart', ...args);

describe('quarantine retry', () => {
  const drawn = samples.generate({ seed: 5, events: 600, from: '2026-06-01', days: 2 });
  const expected = expectedOf(drawn);

  it('brings what today’s transforms accept, and says before and after', async () => {
    const file = join(folder, 'orders.ndjson');
    await writeFile(file, toNdjson(drawn));
    expect((await reprise(home, 'land', 'pulsecart', file)).exit).toBe(0);
    const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--pipelines', YESTERDAY);
    expect(run.state).toBe('succeeded');

    const would = await retry('--dry-run', '--reason', 'schema_violation');
    expect([would.state, would.runs, would.after]).toEqual(['dry_run', [], would.before]);
    const done = await retry('--reason', 'schema_violation');
    const accepted = needed(done.accepted.schema_violation, 'accepted payment');
    const rejected = needed(done.rejected.schema_violation?.schema_violation, 'payment rejected again');
    expect([done.state, would.accepted, would.windows]).toEqual(['retried', done.accepted, done.windows]);
    expect(accepted).toBeGreaterThan(0);
    expect(done.before).toEqual({ ...expected.quarantined, schema_violation: accepted + rejected });
    expect(done.after).toEqual(expected.quarantined);
    expect(done.runs.map(({ state }) => state)).toEqual(done.windows.map(() => 'succeeded'));

    const diff = await repriseJson<DiffDocument>(home, 'diff', needed(done.runs[0]?.runId, 'run'));
    expect(diff.tables['pulsecart.payments']?.causes.map(({ cause }) => cause)).toContain('repaired_quarantine');
    const events = await rowsOf(join(home, 'warehouse.duckdb'), 'SELECT count(*)::INTEGER AS n FROM pulsecart.events');
    expect(events[0]?.n).toBe(expected.events);
    const whole = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all');
    expect(whole.causes.repaired_quarantine ?? 0).toBe(0);
    const verified = await repriseJson<{ ok: boolean; checked: number }>(home, 'verify', 'pulsecart');
    expect([verified.ok, verified.checked > 0]).toEqual([true, true]);
  });

  it('has nothing to retry when all would be rejected again', async () => {
    const again = await retry();
    expect([again.state, again.accepted, again.runs]).toEqual(['nothing_to_retry', {}, []]);
    expect(again.entries).toBe(Object.values(expected.quarantined).reduce((sum, n) => sum + n, 0));
    const { exit, out } = await reprise(home, 'quarantine', 'retry', 'pulsecart');
    expect([exit, out]).toEqual([0, expect.stringContaining('nothing to retry')]);
  });

  it('takes an object that was mended, and counts what is gone', async () => {
    const more = samples.generate({ seed: 6, events: 40, from: '2026-06-02', days: 1, idPrefix: 'more-' });
    const write = WRITERS.duckdb as Writer;
    const key = await putObject(home, 'pulsecart', 'broken', more, write);
    await truncate(join(home, 'lake', key), 100);
    await reprise(home, 'backfill', 'pulsecart', '--from', '2026-06-01', '--to', '2026-06-06');
    const broken = await retry('--reason', 'unreadable_object');
    expect([broken.state, broken.objectsUnreadable]).toEqual(['nothing_to_retry', [key]]);
    await putObject(home, 'pulsecart', 'broken', more, write);
    const mended = await retry('--reason', 'unreadable_object');
    expect([mended.state, mended.objectsReadable, mended.after.unreadable_object]).toEqual([
      'retried',
      [key],
      undefined,
    ]);
    const rows = await rowsOf(
      join(home, 'warehouse.duckdb'),
      `SELECT count(*)::INTEGER AS n FROM pulsecart.events WHERE _raw_object = '${key}'`,
    );
    expect(Number(rows[0]?.n)).toBeGreaterThan(0);
  });
});
