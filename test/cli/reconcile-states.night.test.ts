// What reconcile does beside everything else that happens on a home: crashes, lost records, other transforms, objects that
// change, others at work.

import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Leases } from '../../engine/ledger/leases.ts';
import type { Reconciliation } from '../../engine/reconcile/reconcile.ts';
import type { Delivery } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { wholeCoverage } from '../coverage-whole.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';
import { backfill, land, newHome, onHome, reconcile, standing } from './reconcile-home.ts';
import { reprise, repriseJson } from './reprise.ts';
import { stock } from './stock-change.ts';

const NAME = 'pulsecart';
/** Other transforms, that make the same of stock changes. */
const OTHERS = join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday');
const WRITE = WRITERS.duckdb as Writer;

const FIRST = [
  stock('a', '2026-06-01', '2026-06-01T10:00:01.000Z'),
  stock('b', '2026-06-02', '2026-06-02T10:00:01.000Z'),
  stock('c', '2026-06-05', '2026-06-05T10:00:01.000Z'),
];
const LATE = [stock('late', '2026-06-01', '2026-06-20T10:00:01.000Z')];

let home: string;

beforeEach(async () => {
  home = await newHome();
  await on(async (engine) => {
    await land(engine, NAME, FIRST);
    expect((await backfill(engine, NAME)).state).toBe('succeeded');
  });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const on = <T>(work: (engine: Engine) => Promise<T>, pipelines?: string): Promise<T> => onHome(home, work, pipelines);
const outcomeOf = ({ runs, needsWhole, waiting }: Reconciliation) => ({
  runs: runs.map(({ state }) => state),
  whole: needsWhole.map(({ from, to, because }) => [from, to, ...because]),
  waiting: waiting.map(({ from, to, objects }) => [from, to, objects]),
});
const NOTHING = { runs: [], whole: [], waiting: [] };
const COVERAGE = () => join(home, 'control', 'coverage', `${NAME}.json`);

describe('what was read', () => {
  it('is published by windows of its dates, once', () =>
    on(async (engine) => {
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
      await land(engine, NAME, [...LATE, stock('later', '2026-06-05', '2026-06-20T10:00:02.000Z')]);
      const found = await reconcile(engine, NAME);
      expect([outcomeOf(found), found.read.length, found.objects]).toEqual([
        { ...NOTHING, runs: ['succeeded', 'succeeded'] },
        1,
        4,
      ]);
      const windows = await Promise.all(found.runs.map(async (run) => (await engine.runs.plan(run.planId)).body));
      expect(windows.map(({ window, dates }) => [window.from, window.to, dates.length])).toEqual([
        ['2026-06-01', '2026-06-02', 1],
        ['2026-06-05', '2026-06-06', 1],
      ]);
      const again = await reconcile(engine, NAME);
      expect([outcomeOf(again), again.read]).toEqual([NOTHING, []]);
    }));

  it('is read a second time, and changes nothing, after a crash between a commit and the note of it', () =>
    on(async (engine) => {
      const before = await readFile(COVERAGE());
      await land(engine, NAME, LATE);
      await reconcile(engine, NAME);
      const rows = await standing(engine, NAME);
      await writeFile(COVERAGE(), before);
      const again = await reconcile(engine, NAME);
      expect([outcomeOf(again), again.read.length]).toEqual([{ ...NOTHING, runs: ['nothing_to_do'] }, 1]);
      expect(await standing(engine, NAME)).toEqual(rows);
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
    }));

  it.each(['lost', 'damaged', 'asked for'])('is derived again when the record is %s', (how) =>
    on(async (engine) => {
      await land(engine, NAME, LATE);
      await reconcile(engine, NAME);
      const before = await wholeCoverage(engine.home.control, NAME);
      if (how === 'lost') await rm(COVERAGE());
      if (how === 'damaged') await writeFile(COVERAGE(), '{"format":2,');
      expect(outcomeOf(await reconcile(engine, NAME, how === 'asked for'))).toEqual(NOTHING);
      expect(before).toBeDefined();
      expect(await wholeCoverage(engine.home.control, NAME)).toEqual(before);
    }),
  );

  it.each(['lost', 'damaged'])('is derived again when a day of it is %s that has to be opened', (how) =>
    on(async (engine) => {
      const days = join(home, 'control', 'coverage', NAME, 'dt=2026-06-20');
      await land(engine, NAME, LATE);
      await reconcile(engine, NAME);
      for (const name of await readdir(days)) {
        if (how === 'lost') await rm(join(days, name));
        else await truncate(join(days, name), 50);
      }
      await land(engine, NAME, [stock('later', '2026-06-05', '2026-06-20T10:00:02.000Z')]);
      const found = await reconcile(engine, NAME);
      expect([outcomeOf(found), found.read.length]).toEqual([{ ...NOTHING, runs: ['succeeded'] }, 1]);
      expect(await wholeCoverage(engine.home.control, NAME)).toBeDefined();
    }),
  );

  it('does not count any more after an undo', () =>
    on(async (engine) => {
      await land(engine, NAME, LATE);
      const [run] = (await reconcile(engine, NAME)).runs;
      expect((await reprise(home, 'undo', run?.runId ?? '', '--yes', '--reason', 'test')).exit).toBe(0);
      // The undo keeps today's transforms from that date.
      const found = await reconcile(engine, NAME);
      expect(found.retired.map(({ from, to }) => [from, to])).toEqual([['2026-06-01', '2026-06-02']]);
      expect(outcomeOf(found)).toEqual(NOTHING);
    }));
});

describe('what needs a whole plan', () => {
  it('is a date that was never published whole', () =>
    on(async (engine) => {
      await land(engine, NAME, [stock('new', '2026-06-03', '2026-06-03T10:00:01.000Z'), ...LATE]);
      const whole = [['2026-06-03', '2026-06-04', 'it was never published whole']];
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, runs: ['succeeded'], whole });
      const again = await reconcile(engine, NAME);
      expect([outcomeOf(again), again.read]).toEqual([{ ...NOTHING, whole }, []]);
      await backfill(engine, NAME, { from: '2026-06-03', to: '2026-06-04' });
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
    }));

  it('is a date of other transforms, until it is whole by today’s, even when that changes no row', async () => {
    await on((engine) => land(engine, NAME, LATE));
    await on(async (engine) => {
      const whole = [['2026-06-01', '2026-06-02', 'it was published by other transforms']];
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, whole });
      await backfill(engine, NAME, { from: '2026-06-01', to: '2026-06-02' });
      expect((await backfill(engine, NAME, { from: '2026-06-02', to: '2026-06-03' })).state).toBe('nothing_to_do');
      await land(engine, NAME, [stock('d', '2026-06-02', '2026-06-21T10:00:01.000Z')]);
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, runs: ['succeeded'] });
    }, OTHERS);
  });

  it('is a date that the warehouse holds, whatever the record says', () =>
    on(async (engine) => {
      const record = JSON.parse(await readFile(COVERAGE(), 'utf8')) as { wholeEpochs: Record<string, number> };
      record.wholeEpochs['2026-06-03'] = 1;
      await writeFile(COVERAGE(), JSON.stringify(record));
      await land(engine, NAME, [stock('new', '2026-06-03', '2026-06-03T10:00:01.000Z')]);
      const whole = [['2026-06-03', '2026-06-04', 'it was never published whole']];
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, runs: ['partially_published'], whole });
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, whole });
    }));

  it('is what a replaced object gave and gives', () =>
    on(async (engine) => {
      const key = await putObject(home, NAME, 'one', [stock('x', '2026-06-01', '2026-06-04T00:00:01.000Z')], WRITE);
      await reconcile(engine, NAME);
      await putObject(home, NAME, 'one', [stock('y', '2026-06-02', '2026-06-04T00:00:01.000Z')], WRITE);
      const found = await reconcile(engine, NAME);
      expect(found.read).toContain(key);
      expect(found.needsWhole.map(({ from }) => from)).toEqual(['2026-06-01']);
      await backfill(engine, NAME, { from: '2026-06-01', to: '2026-06-03' });
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
      const ids = [...(await standing(engine, NAME)).keys()].filter((row) => row.startsWith('events'));
      expect(ids.map((id) => id.split(/[: ]/)[2])).toEqual(['a', 'b', 'c', 'y']);
    }));

  it('is what an object gave that is gone, where others hold the date still', () =>
    on(async (engine) => {
      const one = await putObject(home, NAME, 'one', [stock('x', '2026-06-01', '2026-06-04T00:00:01.000Z')], WRITE);
      await reconcile(engine, NAME);
      await rm(join(home, 'lake', one));
      expect(outcomeOf(await reconcile(engine, NAME)).whole).toEqual([
        ['2026-06-01', '2026-06-02', 'an object that had been read is gone'],
      ]);
      await backfill(engine, NAME, { from: '2026-06-01', to: '2026-06-02' });
      for await (const { key } of engine.home.lake.list(`raw/${NAME}/dt=2026-06-05/`))
        await engine.home.lake.remove(key);
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
    }));

  it('is where an object arrived that cannot be read, once', () =>
    on(async (engine) => {
      const key = await putObject(home, NAME, 'one', LATE, WRITE);
      await truncate(join(home, 'lake', key), 50);
      const found = await reconcile(engine, NAME);
      expect([outcomeOf(found), found.unreadable.map((one) => one.key)]).toEqual([
        { ...NOTHING, whole: [['2026-06-04', '2026-06-05', 'an object cannot be read']] },
        [key],
      ]);
      expect((await backfill(engine, NAME, { from: '2026-06-04', to: '2026-06-05' })).state).toBe(
        'published_with_gaps',
      );
      const after = await reconcile(engine, NAME);
      expect([outcomeOf(after), after.unreadable.length]).toEqual([NOTHING, 1]);
    }));

  it('is what a newer copy of a batch takes back', async () => {
    const batch = (receivedAt: string, seqs: readonly number[]): Delivery => ({
      received_at: receivedAt,
      source: 'editor',
      body: JSON.stringify({
        batch_id: 'batch-1',
        type: 'edit_batch',
        v: 1,
        room: 'room',
        doc: 'doc',
        agent: 'agent',
        sent_at: '2026-06-01T10:00:00.000Z',
        ops: seqs.map((seq) => ({ seq, at: Date.parse(`2026-06-0${1 + seq}T00:00:00Z`), parents: [], patches: [] })),
      }),
    });
    await on(async (engine) => {
      await land(engine, 'codewave', [batch('2026-06-04T10:00:00.000Z', [0, 1, 2])]);
      await backfill(engine, 'codewave');
      await land(engine, 'codewave', [batch('2026-06-20T10:00:00.000Z', [0, 2])]);
      const found = await reconcile(engine, 'codewave');
      expect(outcomeOf(found)).toEqual({
        ...NOTHING,
        runs: ['succeeded', 'succeeded'],
        whole: [['2026-06-02', '2026-06-03', 'a newer copy of a batch takes rows back']],
      });
      await backfill(engine, 'codewave', { from: '2026-06-02', to: '2026-06-03' });
      expect(outcomeOf(await reconcile(engine, 'codewave'))).toEqual(NOTHING);
      const operations = [...(await standing(engine, 'codewave')).keys()].filter((row) => row.startsWith('edit_op'));
      expect(operations.map((row) => row.replace(/ 0$/, '').slice(-1))).toEqual(['0', '2']);
    });
  });
});

describe('while another run works', () => {
  it('leaves dates of another run for the next time', () =>
    on(async (engine) => {
      await land(engine, NAME, [...LATE, stock('free', '2026-06-05', '2026-06-20T11:00:01.000Z')]);
      const other = new Leases({ ...engine.leaseDeps, holder: 'elsewhere', isDead: async () => false }, NAME);
      const { lease } = await other.take('other-1', { from: '2026-06-01', to: '2026-06-03' });
      const found = outcomeOf(await reconcile(engine, NAME));
      expect(found).toEqual({ runs: ['succeeded'], whole: [], waiting: [['2026-06-01', '2026-06-02', 1]] });
      await other.release('other-1', lease.fence);
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual({ ...NOTHING, runs: ['succeeded'] });
    }));
});

describe('while other processes work', () => {
  // Of whoever reconciles: a process reads the pipelines as they are built.
  beforeEach(async () => void (await reprise(home, 'backfill', NAME, '--all')));

  it('waits for the warehouse no longer than it may, and says so', async () => {
    await on((engine) => land(engine, NAME, LATE));
    await on(async (holder) => {
      await holder.warehouse();
      const found = await repriseJson<{ state: string; waiting: readonly { because: string }[] }>(
        home,
        'reconcile',
        NAME,
        '--wait',
        '0',
      );
      expect([found.state, found.waiting[0]?.because]).toEqual(['waiting', expect.stringContaining('in use')]);
    });
    expect((await reprise(home, 'reconcile', NAME)).out).toContain('published');
  });

  it('does no harm when it is called twice at the same time', async () => {
    await on((engine) => land(engine, NAME, LATE));
    const both = await Promise.all([1, 2].map(() => reprise(home, 'reconcile', NAME, '--json')));
    expect(both.map(({ exit }) => exit)).toEqual([0, 0]);
    const found = both.map(({ out }) => JSON.parse(out) as { state: string; inserted: number });
    expect(found.reduce((sum, one) => sum + one.inserted, 0)).toBe(2);
    await on(async (engine) => {
      expect(outcomeOf(await reconcile(engine, NAME))).toEqual(NOTHING);
      expect([...(await standing(engine, NAME)).keys()].filter((row) => row.startsWith('events'))).toHaveLength(4);
    });
  });
});

describe('on the command line', () => {
  it('says what it would do, does it, and exits as it is asked to', async () => {
    await reprise(home, 'backfill', NAME, '--all');
    await on((engine) => land(engine, NAME, [...LATE, stock('new', '2026-07-01', '2026-07-01T10:00:01.000Z')]));
    const would = await repriseJson<Record<string, unknown>>(home, 'reconcile', NAME, '--dry-run');
    expect(would).toMatchObject({
      state: 'dry_run',
      objects: 5,
      runs: [],
      would: [{ from: '2026-06-01', to: '2026-06-02' }],
      needsWhole: [{ command: `reprise backfill ${NAME} --from 2026-07-01 --to 2026-07-02` }],
    });
    const done = await repriseJson<Record<string, unknown>>(home, 'reconcile', NAME);
    expect(done).toMatchObject({ state: 'published', objects: 5, dates: ['2026-06-01'], inserted: 2, updated: 0 });
    const text = await reprise(home, 'reconcile', NAME, '--strict');
    expect([text.exit, text.out]).toEqual([3, expect.stringContaining('--from 2026-07-01 --to 2026-07-02')]);
    expect((await reprise(home, 'reconcile', NAME)).exit).toBe(0);
  });
});
