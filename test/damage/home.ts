// One intact home with every kind of table, built once, and the copies of it that are damaged: what is typed on them, in the
// process of the test, and what is done to them by hand.

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { inProcess } from '../cli/in-process.ts';
import { putObject, WRITERS } from '../cli/lake.ts';
import { printedCommands } from '../cli/printed.ts';
import { type Ended, needed } from '../cli/reprise.ts';
import { type Sale, Shop } from '../cli/shop.ts';
import { type Row, rowsOf } from '../cli/warehouse.ts';
import { copyHome } from '../copy-home.ts';

const DAYS = ['2026-06-01', '2026-06-02', '2026-06-03', '2026-06-05', '2026-06-06', '2026-06-08'];
/** A dozen sales a day: one of them is less than the tenth at which a run asks first. */
const LETTERS = 'abcdefghijkl';
const TABLES = ['events', 'sales', 'lines', 'marks', 'quarantine'];

const sale = (letter: string, day: string): Sale => ({
  ...{ id: `${letter}-${day}`, at: `${day}T10:00:00Z`, note: `note ${letter}`, memo: 'memo' },
  ...{ lines: ['x', 'y'], marks: [`mark ${letter} ${day}`] },
});

/** Written without compression, so that it can be replaced by one of the same size. */
export const REPLACEABLE = 'lake/raw/shop/dt=2026-06-04/hour=00/replaceable.parquet';

export function plainObject(home: Home, note: string): void {
  const delivery = deliveryOf({ ...sale('h', '2026-06-04'), note });
  const column = (name: 'received_at' | 'source' | 'body') => ({
    name,
    data: [delivery[name]],
    type: 'STRING' as const,
  });
  parquetWriteFile({
    filename: home.at(REPLACEABLE),
    columnData: [column('received_at'), column('source'), column('body')],
    codec: 'UNCOMPRESSED',
  });
  const written = new Date('2026-06-04T11:00:00Z');
  utimesSync(home.at(REPLACEABLE), written, written);
}

/** Whoever types on a home, and what is done to its files. */
export class Home {
  readonly path: string;
  readonly warehouse: string;
  readonly #pipelines: string;

  constructor(path: string, pipelines: string) {
    this.path = path;
    this.warehouse = join(path, 'warehouse.duckdb');
    this.#pipelines = pipelines;
  }

  /** A command line, or its words after `reprise`. */
  type(line: string | readonly string[]): Promise<Ended> {
    const words = typeof line === 'string' ? (printedCommands(`next: ${line}`)[0] ?? []) : line;
    const pipelines = ['status', 'runs'].includes(words[0] ?? '') ? [] : ['--pipelines', this.#pipelines];
    return inProcess(this.path, ...words, ...pipelines);
  }

  async json<T>(line: string): Promise<T> {
    const { out, err } = await this.type(`${line} --json`);
    if (!out.startsWith('{') && !out.startsWith('[')) throw new Error(`${line} printed no JSON document: ${err}`);
    const document = JSON.parse(out) as T;
    return document;
  }

  sql(statement: string): Promise<Row[]> {
    return rowsOf(this.warehouse, statement);
  }

  /** Every row of every table, without the run that wrote it and when. */
  async rows(): Promise<string[]> {
    const rows: string[] = [];
    for (const table of TABLES)
      for (const row of await this.sql(`FROM shop.${table}`)) {
        // Columns that were brought back are the last ones.
        const { _run_id, _published_at, ...content } = row;
        const sorted = Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1));
        rows.push(JSON.stringify([table, sorted], (_, value) => (typeof value === 'bigint' ? `${value}` : value)));
      }
    return rows.sort();
  }

  /** Keys below a folder, in order. */
  keys(below: string): string[] {
    const entries = readdirSync(join(this.path, below), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return files.map((path) => path.slice(this.path.length + 1)).sort();
  }

  at(key: string): string {
    return join(this.path, key);
  }

  read(key: string): string {
    return readFileSync(this.at(key), 'utf8');
  }

  write(key: string, content: string | Uint8Array): void {
    writeFileSync(this.at(key), content);
  }

  /** Throws when the change changes nothing. */
  edit(key: string, change: (text: string) => string): void {
    const before = this.read(key);
    const after = change(before);
    if (after === before) throw new Error(`${key} is as it was`);
    this.write(key, after);
  }

  cut(key: string): void {
    this.write(key, readFileSync(this.at(key)).subarray(0, Math.floor(statSync(this.at(key)).size / 2)));
  }

  garbage(key: string): void {
    this.write(key, randomBytes(statSync(this.at(key)).size));
  }

  remove(key: string): void {
    rmSync(this.at(key), { recursive: true });
  }
}

/** The intact home, and where it was between its two runs. */
export class IntactHome {
  readonly #shop = new Shop();
  readonly home = new Home(this.#shop.home, join(this.#shop.folder, 'pipelines'));
  /** The warehouse file as it was after the first run. */
  readonly olderWarehouse = join(this.#shop.folder, 'older.duckdb');
  #copies = 0;
  #rows: readonly string[] = [];
  #runs: readonly string[] = [];

  static async build(): Promise<IntactHome> {
    const intact = new IntactHome();
    await intact.#build();
    return intact;
  }

  /** The rows that every repair ends in. */
  get rows(): readonly string[] {
    return this.#rows;
  }

  /** The ids of the runs, in their order. */
  get runs(): readonly string[] {
    return this.#runs;
  }

  copy(): Home {
    const path = join(this.#shop.folder, `copy-${++this.#copies}`);
    copyHome(this.home.path, path);
    return new Home(path, join(this.#shop.folder, 'pipelines'));
  }

  /** Puts a file or folder of the intact home where it was. */
  putBack(home: Home, key: string): void {
    rmSync(home.at(key), { recursive: true, force: true });
    copyHome(this.home.at(key), home.at(key));
  }

  remove(): void {
    this.#shop.remove();
  }

  async #build(): Promise<void> {
    const shop = this.#shop;
    shop.declare();
    for (const day of DAYS)
      await shop.land(...[...LETTERS].map((letter) => sale(letter, day)), { ...sale('z', day), isRejected: true });
    // Not landed but brought: with a checksum in each of its pages.
    await putObject(
      this.home.path,
      'shop',
      'brought',
      [deliveryOf(sale('g', '2026-06-04'))],
      needed(WRITERS.duckdb, 'writer'),
    );
    plainObject(this.home, 'plain');
    await this.#typed('reprise backfill shop --all');
    copyHome(this.home.warehouse, this.olderWarehouse);
    await shop.land({ ...sale('a', '2026-06-02'), note: 'corrected', arrives: '2026-06-09T00:00:00Z' });
    await this.#typed('reprise reconcile shop');
    await this.#typed('reprise schema apply shop');
    this.#rows = await this.home.rows();
    const runs = await this.home.json<{ runId: string; state: string }[]>('reprise runs');
    this.#runs = runs.map(({ runId }) => runId).reverse();
    if (this.#runs.length !== 2) throw new Error(`the home has ${this.#runs.length} runs`);
  }

  async #typed(line: string): Promise<void> {
    const { exit, out, err } = await this.home.type(line);
    if (exit !== 0) throw new Error(`${line} ended with ${exit}: ${out}${err}`);
  }
}

const deliveryOf = ({ id, at, note, memo, lines, marks = [] }: Sale) => ({
  received_at: new Date(Date.parse(at) + 60_000).toISOString(),
  source: 'till',
  body: JSON.stringify({
    ...{ schema_version: 1, schemaVersion: 1, version: 1, type: 'sale', id, at, note, memo },
    ...{ lines: lines.map((sku) => ({ sku })), marks: marks.map((mark) => ({ mark, at })) },
  }),
});
