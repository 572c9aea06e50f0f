// A warehouse file that was restored from an older copy, deleted, or swapped with another home's: every command that
// plans names what is missing, and what they print brings it back.

import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop();
const other = new Shop();
const older = join(shop.folder, 'older.duckdb');
const current = join(shop.folder, 'current.duckdb');

interface Run {
  readonly runId: string;
  readonly state: string;
  readonly causes: Readonly<Record<string, number>>;
}

const sale = (id: string, day: number) => ({
  ...{ id, at: `2026-06-0${day}T10:00:00Z`, note: `note ${id}`, memo: 'm' },
  ...{ lines: ['x'], marks: [`mark ${id}`] },
});
const day = (number: number) => ['a', 'b', 'c'].map((id) => sale(`${id}${number}`, number));
const rejected = (number: number) => ({ ...sale(`r${number}`, number), isRejected: true });

const content = async (): Promise<unknown[]> => {
  const rows: unknown[] = [];
  for (const table of ['events', 'sales', 'lines', 'marks', 'quarantine'])
    rows.push(
      ...(await shop.sql(`SELECT '${table}' AS t, * EXCLUDE (_run_id, _published_at) FROM shop.${table} ORDER BY ALL`)),
    );
  return rows;
};

beforeAll(async () => {
  shop.declare();
  await shop.land(...day(1), ...day(2), ...day(4), rejected(1));
  expect((await shop.json<Run>('reprise backfill shop --all')).state).toBe('succeeded');
  copyFileSync(shop.warehouse, older);
  await shop.land(...day(5), rejected(5), { ...sale('a1', 1), note: 'corrected', arrives: '2026-06-06T00:00:00Z' });
  expect((await shop.json<Run>('reprise backfill shop --from 2026-06-01 --to 2026-06-02 --yes')).state).toBe(
    'succeeded',
  );
  expect((await shop.json<Run>('reprise backfill shop --from 2026-06-05 --to 2026-06-07')).state).toBe('succeeded');
  copyFileSync(shop.warehouse, current);
}, 120_000);
afterAll(() => {
  shop.remove();
  other.remove();
});

/** What doctor says to do, after all commands have named the difference. */
async function expectNamed(...windows: readonly string[]): Promise<void> {
  const commands = windows.map((window) => `reprise backfill shop ${window}`);
  const doctor = await shop.json<{ ok: boolean; checks: { check: string; state: string; fix?: string }[] }>(
    'reprise doctor',
  );
  expect(doctor.ok).toBe(false);
  expect(doctor.checks.filter(({ check }) => check === 'published')).toMatchObject([
    { state: 'wrong', fix: commands.join(', then ') },
  ]);
  const reconciled = await shop.type('reprise reconcile shop --dry-run');
  expect(reconciled.out).toContain('the warehouse was restored or replaced');
  const again = await shop.type('reprise reconcile shop');
  expect(again.exit).toBe(0);
  for (const command of commands) expect(again.out).toContain(command);
  for (const line of ['reprise plan shop --from 2026-06-01 --to 2026-06-02', 'reprise verify shop']) {
    const { err } = await shop.type(line);
    expect(err).toContain('the warehouse lacks');
    for (const command of commands) expect(err).toContain(`bring it back: ${command}`);
  }
  for (const command of commands) {
    const run = await shop.json<Run>(command);
    expect(run.state).toBe('succeeded');
    expect(Object.keys(run.causes).filter((cause) => !['republished', 'correction'].includes(cause))).toEqual([]);
  }
}

async function expectWhole(before: unknown): Promise<void> {
  expect(await content()).toEqual(before);
  expect((await shop.type('reprise verify shop')).exit).toBe(0);
  expect((await shop.type('reprise doctor')).exit).toBe(0);
  expect((await shop.type('reprise reconcile shop')).out).not.toContain('reprise backfill');
}

it('that was restored from an older copy is named, and filled again', async () => {
  const before = await content();
  copyFileSync(older, shop.warehouse);
  await expectNamed('--from 2026-06-01 --to 2026-06-02', '--from 2026-06-05 --to 2026-06-06');
  await expectWhole(before);
}, 240_000);

it('that is gone is named, and filled again', async () => {
  const before = await content();
  rmSync(shop.warehouse);
  await expectNamed('--from 2026-06-01 --to 2026-06-03', '--from 2026-06-04 --to 2026-06-06');
  await expectWhole(before);
}, 240_000);

it('of another home is refused before anything is written into it', async () => {
  other.declare();
  await other.land(sale('z', 1));
  expect((await other.json<Run>('reprise backfill shop --all')).state).toBe('succeeded');
  copyFileSync(other.warehouse, shop.warehouse);
  for (const line of ['reprise backfill shop --all', 'reprise plan shop --all', 'reprise reconcile shop']) {
    const { exit, err } = await shop.type(line);
    expect(exit, err).toBe(3);
    expect(err).toContain('runs of another home published');
  }
  copyFileSync(current, shop.warehouse);
}, 240_000);
