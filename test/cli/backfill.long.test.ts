// The main job from the command line: land, backfill, verify. Figures are held against the generator's own expectations;
// what goes wrong is told, and nothing is lost.

import { appendFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedOf, toNdjson } from '../../generator/sample.ts';
import { samples as chatorbit } from '../../pipelines/chatorbit/samples.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { samples as novadocs } from '../../pipelines/novadocs/samples.ts';
import { samples as promptflow } from '../../pipelines/promptflow/samples.ts';
import { samples as pulsecart, sampleCardNumbers } from '../../pipelines/pulsecart/samples.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import { type RunDocument, reprise, repriseJson, shell } from './reprise.ts';
import { type Row, rowsOf } from './warehouse.ts';

const DUCKDB = WRITERS.duckdb as Writer;
const OPTIONS = { seed: 11, events: 250, from: '2026-06-01', days: 1 };
const orders = pulsecart.generate(OPTIONS);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-backfill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const homeOf = (name: string): string => join(folder, name);

/** An empty home; raw objects are put into its lake by hand. */
async function emptyHome(name: string): Promise<string> {
  const home = homeOf(name);
  expect((await reprise(home, 'init')).exit).toBe(0);
  return home;
}

const sql = (home: string, statement: string): Promise<Row[]> => rowsOf(join(home, 'warehouse.duckdb'), statement);

const touched = (run: RunDocument): number =>
  Object.values(run.tables).reduce((sum, t) => sum + (t.inserted ?? 0) + (t.updated ?? 0) + (t.deleted ?? 0), 0);

describe('land and backfill', () => {
  const products = { pulsecart, chatorbit, promptflow, codewave, novadocs };
  it.each(Object.entries(products))(
    '%s ends as the generator expects, and a second time changes nothing',
    async (name, source) => {
      const home = homeOf(`all-${name}`);
      const drawn = source.generate(OPTIONS);
      const expected = expectedOf(drawn);
      const file = join(folder, `${name}.ndjson`);
      await writeFile(file, toNdjson(drawn));
      const landed = await repriseJson<{ landed: number }>(home, 'land', name, file);
      expect(landed.landed).toBe(expected.deliveries);
      const run = await repriseJson<RunDocument & { quarantined: Record<string, number>; verified: { ok: boolean } }>(
        home,
        'backfill',
        name,
        '--all',
      );
      expect(run.state).toBe('succeeded');
      expect(run.verified.ok).toBe(true);
      expect(run.quarantined).toEqual(expected.quarantined);
      const types = await sql(home, `SELECT event_type, CAST(count(*) AS INTEGER) AS n FROM ${name}.events GROUP BY 1`);
      expect(Object.fromEntries(types.map((row) => [row.event_type, row.n]))).toEqual(expected.eventsByType);
      const dates = await sql(
        home,
        `SELECT CAST(event_date AS VARCHAR) AS d, CAST(count(*) AS INTEGER) AS n FROM ${name}.events GROUP BY 1`,
      );
      expect(Object.fromEntries(dates.map((row) => [row.d, row.n]))).toEqual(expected.eventsByDate);
      const again = await repriseJson<RunDocument>(home, 'backfill', name, '--all', '--no-verify');
      expect([again.state, touched(again)]).toEqual(['nothing_to_do', 0]);
      expect((await repriseJson<{ landed: number }>(home, 'land', name, file)).landed).toBe(0);
    },
  );

  it('objects of DuckDB, parquetjs-lite and hyparquet-writer end in the same tables', async () => {
    const digests: unknown[] = [];
    // Half a surrogate pair has no UTF-8, so no writer of text can hold it.
    const holdable = orders.filter((sample) => !/\p{Surrogate}/u.test(sample.body));
    for (const [name, writer] of Object.entries(WRITERS)) {
      // No home yet: a lake that others have filled becomes one.
      const home = homeOf(`writer-${name}`);
      await putObject(home, 'pulsecart', 'a', holdable, writer);
      const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify');
      expect(run.state, name).toBe('succeeded');
      const verified = await repriseJson<{
        ok: boolean;
        digests: readonly { table: string; date: string; digest: string }[];
      }>(home, 'verify', 'pulsecart');
      expect(verified.ok, name).toBe(true);
      // Each home keys the sources that its quarantine may not show.
      const tables = verified.digests.filter(({ table }) => table !== 'quarantine');
      digests.push(tables.map(({ table, date, digest }) => [table, date, digest]));
    }
    expect(digests[1]).toEqual(digests[0]);
    expect(digests[2]).toEqual(digests[0]);
  });
});

describe('what must not happen', () => {
  it('one cent edited by hand is found by verify, named, and mended by --repair', async () => {
    const home = await emptyHome('cent');
    await putObject(home, 'pulsecart', 'a', orders, DUCKDB);
    await repriseJson(home, 'backfill', 'pulsecart', '--all', '--no-verify');
    const [order] = await sql(home, 'SELECT event_id FROM pulsecart.orders ORDER BY 1 LIMIT 1');
    await sql(home, `UPDATE pulsecart.orders SET total = total + 0.01 WHERE event_id = '${String(order?.event_id)}'`);
    const found = await reprise(home, 'verify', 'pulsecart');
    expect(found.exit).toBe(4);
    expect(found.out).toContain(String(order?.event_id));
    expect(found.out).toContain('--repair');
    const repaired = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--repair', '--no-verify');
    expect(repaired.tables['pulsecart.orders']?.updated).toBe(1);
    expect((await reprise(home, 'verify', 'pulsecart')).exit).toBe(0);
  });

  it('no card number is anywhere but in the lake, logs of --verbose included', async () => {
    const home = await emptyHome('cards');
    await putObject(home, 'pulsecart', 'a', orders, DUCKDB);
    const run = await reprise(home, 'backfill', 'pulsecart', '--all', '--verbose');
    expect(run.exit).toBe(0);
    await writeFile(join(home, 'verbose.log'), run.err);
    await writeFile(join(home, 'run.txt'), run.out);
    const spaced = sampleCardNumbers.map((number) => [...number].join('[ -]*'));
    const leak = new RegExp(spaced.join('|'));
    let searched = 0;
    for (const file of await readdir(home, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.parentPath.includes(join(home, 'lake'))) continue;
      searched++;
      expect(leak.test((await readFile(join(file.parentPath, file.name))).toString('latin1')), file.name).toBe(false);
    }
    expect(searched).toBeGreaterThan(10);
    const tables = await sql(home, "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables");
    for (const { name } of tables) {
      expect(
        leak.test(JSON.stringify(await sql(home, `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${String(name)}`))),
        String(name),
      ).toBe(false);
    }
  });

  it('an object that cannot be read is one entry, and nothing is deleted', async () => {
    const home = await emptyHome('gaps');
    const half = orders.length / 2;
    const key = await putObject(home, 'pulsecart', 'a', orders.slice(0, half), DUCKDB);
    await putObject(home, 'pulsecart', 'b', orders.slice(half), DUCKDB);
    const first = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify');
    const whole = await readFile(join(home, 'lake', key));
    await truncate(join(home, 'lake', key), whole.length - 100);
    const run = await repriseJson<RunDocument & { unreadable: { key: string }[]; quarantined: Record<string, number> }>(
      home,
      'backfill',
      'pulsecart',
      '--all',
    );
    expect(run.state).toBe('published_with_gaps');
    expect(run.unreadable.map((one) => one.key)).toEqual([key]);
    expect(run.quarantined.unreadable_object).toBe(1);
    expect(Object.values(run.tables).every((counts) => counts.deleted === 0)).toBe(true);
    const [events] = await sql(home, 'SELECT CAST(count(*) AS INTEGER) AS n FROM pulsecart.events');
    expect(events?.n).toBe(first.tables['pulsecart.events']?.inserted);
    await writeFile(join(home, 'lake', key), whole);
    const mended = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all');
    expect(['succeeded', 'nothing_to_do']).toContain(mended.state);
    const [left] = await sql(
      home,
      "SELECT CAST(count(*) AS INTEGER) AS n FROM pulsecart.quarantine WHERE reason = 'unreadable_object'",
    );
    expect(left?.n).toBe(0);
  });

  it('a plan that drifted is refused, saying what', async () => {
    const home = await emptyHome('drift');
    const key = await putObject(home, 'pulsecart', 'a', orders, DUCKDB);
    const { planId } = await repriseJson<{ planId: string }>(home, 'plan', 'pulsecart', '--all');
    await appendFile(join(home, 'lake', key), 'x');
    const changed = await reprise(home, 'run', planId.slice(0, 12));
    expect([changed.exit, changed.out + changed.err]).toEqual([3, expect.stringContaining(`${key} changed`)]);
    await rename(join(home, 'lake', key), join(home, 'lake', `${key}.gone`));
    const gone = await reprise(home, 'run', planId.slice(0, 12));
    expect([gone.exit, gone.out + gone.err]).toEqual([3, expect.stringContaining(`${key} is gone`)]);
  });

  it('bad input is told with what to do, never with a stack trace', async () => {
    const home = await emptyHome('bad');
    const cases: readonly (readonly [number, RegExp, ...string[]])[] = [
      [2, /no raw objects/, 'backfill', 'pulsecart', '--all'],
      [2, /is empty/, 'plan', 'pulsecart', '--from', '2026-06-01', '--to', '2026-06-01'],
      [2, /is reversed/, 'plan', 'pulsecart', '--from', '2026-06-02', '--to', '2026-06-01'],
      [2, /has no raw objects/, 'plan', 'pulsecart', '--from', '2999-01-01', '--to', '2999-01-02'],
      [2, /is not a date/, 'plan', 'pulsecart', '--from', 'June', '--to', '2026-06-01'],
      [2, /not given/, 'backfill', 'pulsecart'],
      [2, /no pipeline pulsekart.*\n.*pulsecart/, 'backfill', 'pulsekart', '--all'],
      [2, /no plan abc/, 'run', 'abc'],
      [2, /no run abc/, 'verify', 'abc'],
      [2, /Unknown argument|unknown/i, 'backfill', 'pulsecart', '--al'],
      [2, /no share/, 'backfill', 'pulsecart', '--all', '--max-change', 'x'],
    ];
    for (const [exit, says, ...args] of cases) {
      const ended = await reprise(home, ...args);
      expect([ended.exit, ended.err], args.join(' ')).toEqual([exit, expect.stringMatching(says)]);
      expect(ended.err).not.toMatch(/\n\s+at /);
    }
    const foreign = await mkdtemp(join(folder, 'foreign-'));
    await writeFile(join(foreign, 'thesis.txt'), 'mine');
    expect((await reprise(foreign, 'backfill', 'pulsecart', '--all')).exit).toBe(2);
    expect(await readdir(foreign)).toEqual(['thesis.txt']);
  });

  it('standard input is landed and tried as a file is', async () => {
    const home = homeOf('stdin');
    const lines = toNdjson(orders.slice(0, 40));
    await writeFile(join(folder, 'orders.ndjson'), lines);
    const piped = await shell(folder, home, 'cat orders.ndjson | reprise land pulsecart - --json');
    expect(JSON.parse(piped.out)).toMatchObject({ read: 40, landed: 40 });
    const again = await shell(folder, home, 'reprise land pulsecart orders.ndjson - --json < orders.ndjson');
    expect(JSON.parse(again.out)).toMatchObject({ read: 80, landed: 0, alreadyThere: 80 });
    const tried = await shell(folder, home, 'reprise try pulsecart - --limit 0 --json < orders.ndjson');
    expect(JSON.parse(tried.out)).toMatchObject({ tried: 40 });
  });

  it('a line that is no delivery lands nothing, and is named by its number', async () => {
    const home = homeOf('line');
    const file = join(folder, 'line.ndjson');
    await writeFile(file, `${toNdjson(orders.slice(0, 3))}{"received_at":"2026-06-01T00:00:00Z","source":"web"}\n`);
    const ended = await reprise(home, 'land', 'pulsecart', file);
    expect([ended.exit, ended.err]).toEqual([2, expect.stringMatching(/line 4/)]);
    expect((await reprise(home, 'plan', 'pulsecart', '--all')).err).toMatch(/no raw objects/);
  });

  it('a second process says who holds the warehouse', async () => {
    const home = await emptyHome('held');
    await putObject(home, 'pulsecart', 'a', orders, DUCKDB);
    const engine = await Engine.open({
      ...{ home, create: false, pipelinesFolder: undefined, command: 'holding on', waitMs: 0, say: () => {} },
    });
    try {
      await engine.warehouse();
      const second = await reprise(home, 'verify', 'pulsecart', '--wait', '0');
      const who = `process ${process.pid} runs \`holding on\``;
      expect([second.exit, second.err]).toEqual([3, expect.stringContaining(who)]);
    } finally {
      await engine.close();
    }
    expect((await reprise(home, 'verify', 'pulsecart', '--wait', '0')).exit).toBe(4);
  });

  it('a change beyond its limit waits for a yes; resume publishes it', async () => {
    const home = await emptyHome('gate');
    const half = orders.length / 2;
    await putObject(home, 'pulsecart', 'a', orders.slice(0, half), DUCKDB);
    await repriseJson(home, 'backfill', 'pulsecart', '--all', '--no-verify');
    await putObject(home, 'pulsecart', 'b', orders.slice(half), DUCKDB);
    await sql(home, "UPDATE pulsecart.events SET _content_hash = 'other', _transform_version = 'earlier'");
    const waits = await repriseJson<RunDocument & { next: string }>(
      home,
      'backfill',
      'pulsecart',
      '--all',
      '--max-change',
      '5%',
      '--no-verify',
    );
    expect(waits.state).toBe('awaiting_approval');
    expect(waits.next).toContain(`reprise approve ${waits.runId}`);
    expect(waits.next).not.toContain('--yes');
    const published = await repriseJson<RunDocument>(home, 'resume', waits.runId, '--yes');
    expect(published.state).toBe('succeeded');
    expect(published.tables['pulsecart.events']?.updated).toBeGreaterThan(0);
  });
});
