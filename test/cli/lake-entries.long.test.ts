// What lies in a lake beside plain objects under plain names: it is read where it can be read, and named where not, and
// it never stops what lies beside it.

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visibleLine } from '../../cli/render/visible.ts';
import { type Delivery, toNdjson } from '../../generator/sample.ts';
import { documentOf, inProcess } from './in-process.ts';
import { WRITERS, type Writer } from './lake.ts';
import type { DoctorDocument, RunDocument } from './reprise.ts';
import { rowsOf } from './warehouse.ts';

const DUCKDB = WRITERS.duckdb as Writer;
const PIPELINE = 'pulsecart';
let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-entries-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stock = (id: string, date = '2026-06-01'): Delivery => ({
  received_at: `${date}T10:00:00Z`,
  source: 'inventory-service',
  body: JSON.stringify({
    ...{ event_id: id, type: 'stock_changed', v: 1, at: `${date}T10:00:00Z` },
    ...{ sku: 'A', delta: 1, reason: 'sale', order_id: 'o1' },
  }),
});

async function newHome(): Promise<{ home: string; lake: string }> {
  const home = join(folder, `home-${count++}`);
  expect((await inProcess(home, 'init')).exit).toBe(0);
  const lake = join(home, 'lake', 'raw', PIPELINE);
  mkdirSync(join(lake, 'dt=2026-06-01'), { recursive: true });
  return { home, lake };
}

/** A Parquet file of one event. */
async function one(id: string): Promise<Buffer> {
  const path = join(folder, `one-${id}.parquet`);
  if (!existsSync(path)) await DUCKDB(path, [stock(id)]);
  return readFileSync(path);
}

async function eventsOf(home: string): Promise<string> {
  const [row] = await rowsOf(
    join(home, 'warehouse.duckdb'),
    `SELECT string_agg(split_part(event_id, ':', 2), ' ' ORDER BY event_id) AS ids FROM ${PIPELINE}.events`,
  );
  return String(row?.ids);
}

interface PlanDocument {
  readonly skipped: readonly { readonly key: string; readonly why: string }[];
}

describe('entries of the lake', () => {
  it('are read behind links and under other names of Parquet; the others are named, and stop nothing', async () => {
    const { home, lake } = await newHome();
    const day = join(lake, 'dt=2026-06-01');
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'a.parquet'), await one('linked-day'));
    symlinkSync(elsewhere, join(lake, 'dt=2026-06-03'));
    mkdirSync(join(folder, 'hour'));
    writeFileSync(join(folder, 'hour', 'b.parquet'), await one('linked-hour'));
    symlinkSync(join(folder, 'hour'), join(day, 'hour=01'));
    symlinkSync('/nowhere', join(day, 'dangling.parquet'));
    symlinkSync(lake, join(day, 'loop'));
    symlinkSync('self', join(day, 'self'));
    writeFileSync(join(day, 'x.PARQUET'), await one('upper-case'));
    writeFileSync(join(day, 'x.parq'), await one('short'));
    writeFileSync(join(day, '20240701_144951_00037_abcde_1ad6f92e'), await one('athena'));
    writeFileSync(join(day, 'README'), 'text');
    writeFileSync(join(day, 'y.parquet.inprogress'), await one('unfinished'));
    writeFileSync(Buffer.concat([Buffer.from(`${day}/caf`), Buffer.of(0xe9), Buffer.from('.parquet')]), await one('n'));
    writeFileSync(join(day, 'is\ufffdfine.parquet'), await one('odd-but-a-name'));
    writeFileSync(join(day, 'back\\slash.parquet'), await one('n'));
    writeFileSync(join(day, 'line\nbreak.parquet'), await one('n'));
    for (const date of ['2026-02-30', '0000-00-00', '2026-06-00']) {
      mkdirSync(join(lake, `dt=${date}`));
      writeFileSync(join(lake, `dt=${date}`, 'x.parquet'), 'bad');
    }
    mkdirSync(join(lake, '_delta_log'));
    writeFileSync(join(lake, '_delta_log', '0.json'), '{}');
    mkdirSync(join(lake, 'metadata'));
    writeFileSync(join(lake, 'metadata', 'v1.json'), '{}');
    writeFileSync(join(lake, 'beside.parquet'), await one('n'));
    writeFileSync(join(day, '_SUCCESS'), '');
    writeFileSync(join(day, '.part.crc'), '');

    const at = `raw/${PIPELINE}`;
    const skipped = [
      { key: `${at}/_delta_log`, why: 'delta_log' },
      { key: `${at}/beside.parquet`, why: 'outside_partitions' },
      { key: `${at}/dt=0000-00-00/x.parquet`, why: 'impossible_date' },
      { key: `${at}/dt=2026-02-30/x.parquet`, why: 'impossible_date' },
      { key: `${at}/dt=2026-06-00/x.parquet`, why: 'impossible_date' },
      { key: `${at}/dt=2026-06-01/README`, why: 'not_parquet' },
      { key: `${at}/dt=2026-06-01/_SUCCESS`, why: 'hidden' },
      { key: `${at}/dt=2026-06-01/back\\slash.parquet`, why: 'refused_name' },
      { key: `${at}/dt=2026-06-01/caf\ufffd.parquet`, why: 'name_not_utf8' },
      { key: `${at}/dt=2026-06-01/dangling.parquet`, why: 'dangling_link' },
      { key: `${at}/dt=2026-06-01/line\nbreak.parquet`, why: 'refused_name' },
      { key: `${at}/dt=2026-06-01/loop`, why: 'link_loop' },
      { key: `${at}/dt=2026-06-01/self`, why: 'dangling_link' },
      { key: `${at}/dt=2026-06-01/y.parquet.inprogress`, why: 'not_parquet' },
      { key: `${at}/metadata/v1.json`, why: 'not_parquet' },
    ];
    expect((await documentOf<PlanDocument>(home, 'plan', PIPELINE, '--all')).skipped).toEqual(skipped);
    const run = await documentOf<RunDocument>(home, 'backfill', PIPELINE, '--all');
    expect(run.state).toBe('succeeded');
    expect(await eventsOf(home)).toBe('athena linked-day linked-hour odd-but-a-name short upper-case');
    expect((await documentOf<PlanDocument>(home, 'reconcile', PIPELINE)).skipped).toEqual(skipped);
    expect((await documentOf<PlanDocument>(home, 'catalog', 'build', PIPELINE)).skipped).toEqual(skipped);
    expect((await documentOf<PlanDocument>(home, 'verify', PIPELINE)).skipped).toEqual(skipped);

    const named = skipped.filter(({ why }) => why !== 'hidden' && why !== 'not_parquet');
    for (const command of [
      ['plan', PIPELINE, '--all'],
      ['reconcile', PIPELINE],
      ['verify', PIPELINE],
    ]) {
      const { out } = await inProcess(home, ...command);
      expect(out).toContain(`${named.length} entries of the lake not read`);
      expect(out).toContain('3 other files in the lake are not Parquet');
      expect(out).toContain('dt=2026-06-01/line\\nbreak.parquet');
    }
    expect((await inProcess(home, 'backfill', PIPELINE, '--all')).err).toContain('entries of the lake not read');
    const { checks } = await documentOf<DoctorDocument>(home, 'doctor');
    const lakeFindings = checks.filter(({ check }) => check === 'lake');
    for (const { key } of named)
      expect(lakeFindings).toContainEqual(
        expect.objectContaining({ state: 'wrong', says: expect.stringContaining(visibleLine(key)) }),
      );
  });

  it('say in an empty lake what is there instead', async () => {
    const { home, lake } = await newHome();
    writeFileSync(join(lake, 'dt=2026-06-01', 'back\\slash.parquet'), await one('n'));
    const { exit, err } = await inProcess(home, 'plan', PIPELINE, '--all');
    expect([exit, err]).toEqual([2, expect.stringContaining('back\\slash.parquet')]);
  });

  it.each([
    ['a linked day', (lake: string) => symlinkSync(folder, join(lake, 'dt=2026-06-05'))],
    ['a dangling day', (lake: string) => symlinkSync('/nowhere', join(lake, 'dt=2026-06-05'))],
    [
      'a linked hour',
      (lake: string) => {
        mkdirSync(join(lake, 'dt=2026-06-05'));
        symlinkSync(folder, join(lake, 'dt=2026-06-05', 'hour=10'));
      },
    ],
  ])('are not landed through %s', async (_, prepare) => {
    const { home, lake } = await newHome();
    prepare(lake);
    const file = join(folder, `land-${count}.ndjson`);
    writeFileSync(file, `${JSON.stringify(stock('landed', '2026-06-05'))}\n`);
    const before = readdirSync(folder);
    const { exit, err } = await inProcess(home, 'land', PIPELINE, file);
    expect([exit, err]).toEqual([2, expect.stringContaining('is a link, and nothing is written through links')]);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('are not taken for landed where a dangling link has the name of the object', async () => {
    const { home, lake } = await newHome();
    const file = join(folder, 'land-named.ndjson');
    writeFileSync(file, `${JSON.stringify(stock('landed', '2026-06-05'))}\n`);
    expect((await inProcess(home, 'land', PIPELINE, file)).exit).toBe(0);
    const hour = join(lake, 'dt=2026-06-05', 'hour=10');
    const [name] = readdirSync(hour);
    await rm(join(hour, name as string));
    symlinkSync('/nowhere', join(hour, name as string));
    expect((await inProcess(home, 'land', PIPELINE, file)).exit).toBe(2);
  });
});

describe('objects that are intact or damaged', () => {
  it('without rows, with empty row groups, or with a checksum that does not fit', async () => {
    const { home, lake } = await newHome();
    const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '..', 'local', 'pages', name));
    const day = join(lake, 'dt=2026-06-01');
    writeFileSync(join(day, 'pandas.parquet'), fixture('no-rows-pandas.parquet'));
    writeFileSync(join(day, 'alone.parquet'), fixture('empty-group-alone.parquet'));
    writeFileSync(join(day, 'rows-then-empty.parquet'), fixture('empty-group-last.parquet'));
    const whole = await documentOf<RunDocument & { unreadable: object[] }>(home, 'backfill', PIPELINE, '--all');
    expect([whole.state, whole.unreadable]).toEqual(['succeeded', []]);
    const rows = async (): Promise<unknown> =>
      (
        await rowsOf(
          join(home, 'warehouse.duckdb'),
          `SELECT reason, CAST(count(*) AS INTEGER) AS n FROM ${PIPELINE}.quarantine GROUP BY 1 ORDER BY 1`,
        )
      ).map(({ reason, n }) => [reason, n]);
    // The bodies of this object are nobody's events: each is rejected for what it is.
    const rejected = [
      ['schema_violation', 26],
      ['unknown_source', 14],
    ];
    expect(await rows()).toEqual(rejected);

    const damaged = fixture('crc-plain-1.parquet');
    const at = damaged.indexOf('"text"') + 2;
    damaged[at] = (damaged[at] as number) ^ 4;
    writeFileSync(join(day, 'damaged.parquet'), damaged);
    const gaps = await documentOf<RunDocument & { unreadable: { key: string; detail: string }[] }>(
      home,
      ...['backfill', PIPELINE, '--all', '--yes'],
    );
    expect(gaps.unreadable).toEqual([
      expect.objectContaining({
        key: `raw/${PIPELINE}/dt=2026-06-01/damaged.parquet`,
        detail: 'a page of column body in row group 0 does not fit its checksum',
      }),
    ]);
    expect(await rows()).toEqual([...rejected, ['unreadable_object', 1]]);
  });
});

describe('dates at the edges', () => {
  const land = async (home: string, deliveries: readonly Delivery[]): Promise<void> => {
    const file = join(folder, `dates-${count++}.ndjson`);
    writeFileSync(file, toNdjson(deliveries as Parameters<typeof toNdjson>[0]));
    expect((await inProcess(home, 'land', PIPELINE, file)).exit).toBe(0);
  };

  it('9999-12-31 is planned, published, reconciled, explained and undone like others', async () => {
    const { home } = await newHome();
    const last = stock('z', '9999-12-31');
    await land(home, [stock('ok'), last, { ...last, source: 'web', body: '{bad' }]);
    const looked = await documentOf<{ needsWhole: { from: string; to: string; command: string }[] }>(
      home,
      ...['reconcile', PIPELINE],
    );
    expect(looked.needsWhole.map(({ from, to }) => [from, to])).toEqual([
      ['2026-06-01', '2026-06-02'],
      ['9999-12-31', 'infinity'],
    ]);
    expect((await inProcess(home, 'reconcile', PIPELINE, '--strict')).exit).toBe(3);
    for (const { command } of looked.needsWhole)
      expect((await inProcess(home, ...command.split(' ').slice(1))).exit).toBe(0);
    expect(await eventsOf(home)).toBe('ok z');
    expect((await inProcess(home, 'reconcile', PIPELINE, '--strict')).exit).toBe(0);
    await land(home, [stock('y', '9999-12-31')]);
    expect(await documentOf(home, 'reconcile', PIPELINE)).toMatchObject({ state: 'published', dates: ['9999-12-31'] });
    expect(await eventsOf(home)).toBe('ok y z');
    for (const to of ['infinity', '10000-01-01']) {
      expect(await documentOf(home, 'backfill', PIPELINE, '--from', '9999-12-31', '--to', to)).toMatchObject({
        state: 'nothing_to_do',
      });
      expect((await inProcess(home, 'lateness', PIPELINE, '--to', to)).exit).toBe(0);
      const listed = await documentOf<{ total: number }>(
        home,
        ...['quarantine', 'list', PIPELINE, '--from', '9999-12-31', '--to', to],
      );
      expect(listed.total).toBe(1);
    }
    expect((await inProcess(home, 'verify', PIPELINE)).exit).toBe(0);
    expect((await inProcess(home, 'why', 'inventory-service:z')).exit).toBe(0);
    const run = await documentOf<RunDocument>(home, 'backfill', PIPELINE, '--all');
    expect(run.state).toBe('nothing_to_do');
    const runs = await documentOf<{ runId: string; state: string }[]>(home, 'runs');
    const newest = runs.find(({ state }) => state === 'succeeded');
    expect((await inProcess(home, 'undo', newest?.runId ?? '', '--yes')).exit).toBe(0);
    expect(await eventsOf(home)).toBe('ok z');
  });

  it('the future is planned where events are, and refused where none is', async () => {
    const { home } = await newHome();
    await land(home, [stock('ok'), stock('fut', '2099-06-01')]);
    const looked = await documentOf<{ needsWhole: { command: string }[] }>(home, 'reconcile', PIPELINE);
    expect(looked.needsWhole).toHaveLength(2);
    for (const { command } of looked.needsWhole)
      expect((await inProcess(home, ...command.split(' ').slice(1))).exit).toBe(0);
    expect(await eventsOf(home)).toBe('fut ok');
    const { exit, err } = await inProcess(home, 'plan', PIPELINE, '--from', '2098-01-01', '--to', '2098-01-02');
    expect([exit, err]).toEqual([2, expect.stringContaining('is in the future, and no event is there')]);
  });
});
