// Homes for tests of undo: pulsecart loaded with the right transforms and then with wrong ones, all rows as text so that two
// states can be held against each other, and live rows in between.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import type { UndoSummary } from '../../engine/run/run-record.ts';
import { type Sample, toNdjson } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { samples as pulsecart } from '../../pipelines/pulsecart/samples.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { landChunks } from '../../profiles/embedded/landing.ts';
import { liveLoad } from '../convergence/live-loader.ts';
import { copyHome } from '../copy-home.ts';
import { listRaw } from '../listed-raw.ts';
import { type RunDocument, repriseJson } from './reprise.ts';

export type Row = Readonly<Record<string, unknown>>;
/** All columns of all rows, by `<table> <key>`. */
export type Rows = ReadonlyMap<string, string>;
export type UndoDocument = RunDocument & {
  readonly dates: readonly string[];
  readonly undo: UndoSummary & {
    readonly changedSince: number;
    readonly rawGone: number;
    readonly rows: readonly { readonly table: string; readonly key: Readonly<Record<string, string>> }[];
  };
};

export const YESTERDAY = ['--pipelines', join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday')];
export const drawn = pulsecart.generate({ seed: 11, events: 400, from: '2026-06-01', days: 2 });

/** A folder of pipelines with one, made from today's: `changes` is what stands in definePipeline after `...today,`. */
export async function pipelinesWith(folder: string, name: string, changes: string): Promise<string[]> {
  const own = join(folder, `pipelines-${name}`, name);
  await mkdir(own, { recursive: true });
  const dist = relative(own, join(packageRoot(), 'dist'));
  await writeFile(
    join(own, 'pipeline.js'),
    `import { column, definePipeline } from '${dist}/model/language.js';
import { pipeline as today } from '${dist}/pipelines/${name}/pipeline.js';
const { tables } = today;
export const pipeline = definePipeline({ ...today, ${changes} });
`,
  );
  return ['--pipelines', join(folder, `pipelines-${name}`)];
}

/** A folder of homes. */
export class Homes {
  readonly folder: string;
  #homes = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Homes> {
    return new Homes(await mkdtemp(join(tmpdir(), 'reprise-undo-')));
  }

  /** The path of a home that is not there yet. */
  next(): string {
    return join(this.folder, `home-${++this.#homes}`);
  }

  copy(home: string): string {
    const copy = this.next();
    copyHome(home, copy);
    return copy;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** A home that was loaded with the right transforms, and then replayed with wrong ones. */
  async wrong(): Promise<{ home: string; run: RunDocument; right: Rows }> {
    const home = this.next();
    const file = join(this.folder, 'pulsecart.ndjson');
    await writeFile(file, toNdjson(drawn));
    await repriseJson(home, 'land', 'pulsecart', file);
    await backfill(home);
    const right = await rowsOf(home, 'pulsecart');
    return { home, run: await backfill(home, '--yes', ...YESTERDAY), right };
  }
}

export async function backfill(home: string, ...options: readonly string[]): Promise<RunDocument> {
  const run = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify', ...options);
  expect(run.state).toBe('succeeded');
  return run;
}

export const undo = (home: string, run: string): Promise<UndoDocument> =>
  repriseJson<UndoDocument>(home, 'undo', run, '--yes', '--reason', 'a test');

export async function inHome<T>(home: string, work: (engine: Engine) => Promise<T>): Promise<T> {
  const options = { pipelinesFolder: undefined, command: 'test', waitMs: 20_000, say: () => {} };
  const engine = await Engine.open({ ...options, home, create: false });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

export async function rowsOf(home: string, name: string): Promise<Rows> {
  return inHome(home, async (engine) => {
    const { duck } = await engine.warehouse();
    const pipeline = await engine.pipelines.compiled(name);
    const tables = pipeline.tables.map((table) => ({ name: table.name, key: table.key }));
    const rows = new Map<string, string>();
    for (const table of [...tables, { name: 'quarantine', key: ['_raw_object', '_raw_row'] }]) {
      const found = await duck.rows(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${name}.${table.name}`);
      for (const row of found) {
        const key = `${table.name} ${table.key.map((column) => String(row[column])).join(' ')}`;
        expect(rows.has(key), `${key} is there once`).toBe(false);
        rows.set(key, JSON.stringify(row));
      }
    }
    expect(rows.size).toBeGreaterThan(100);
    return rows;
  });
}

export const digests = (home: string, name = 'pulsecart'): Promise<unknown> =>
  inHome(home, async (engine) => (await engine.warehouse()).digests(await engine.pipelines.compiled(name), undefined));

/** Keys whose rows are not the same in both. */
export function differing(one: Rows, other: Rows): string[] {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys].filter((key) => one.get(key) !== other.get(key)).sort();
}

export async function select(home: string, statement: string): Promise<readonly Row[]> {
  return inHome(home, async (engine) => (await engine.warehouse()).duck.rows(statement));
}

/** Lands the deliveries and puts them into the tables at once, with today's transforms. */
export async function loadLive(home: string, deliveries: readonly Sample[]): Promise<void> {
  await inHome(home, async (engine) => {
    const known = new Set((await listRaw(engine.home.lake, 'pulsecart')).map(({ key }) => key));
    const chunks = (async function* () {
      yield Buffer.from(toNdjson(deliveries));
    })();
    await landChunks(engine, 'pulsecart', chunks);
    for (const { key } of await listRaw(engine.home.lake, 'pulsecart'))
      if (!known.has(key)) await liveLoad(engine, 'pulsecart', key);
  });
}
