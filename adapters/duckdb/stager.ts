// Stages rows through DuckDB: one instance in memory for each slice, spilling to scratch, and one to settle all slices
// into the winners.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledPipeline, CompiledTable } from '../../model/compile.ts';
import type { Evaluation } from '../../model/evaluate.ts';
import { sealKey } from '../../model/keyed.ts';
import type { RawRow } from '../../model/raw-row.ts';
import { QUARANTINE_COLUMNS, type TableColumn } from '../../model/tables.ts';
import { dateOfMicros } from '../../model/time.ts';
import type { SliceWriter, StagedFile, Stager } from '../../ports/stage.ts';
import { makeFolder } from '../system/open-homes.ts';
import { type Cell, TableAppender } from './appender.ts';
import { columnDefinitions } from './columns.ts';
import { copyOrder, greatestFirst, offerOrder } from './copy-order.ts';
import { type Duck, openDuck } from './instance.ts';
import { MEMORY, STEP } from './memory.ts';
import { copyToParquet, readParquet } from './parquet-path.ts';
import { sql } from './sql.ts';

export interface StagerOptions {
  /** A folder for spills and unfinished files; a slice makes its own below it. */
  readonly scratch: string;
  /** Where a slice's finished files go. */
  readonly folder: string;
  /** Opens sealed deliveries, to put them in order. */
  readonly deliveryKey: Uint8Array;
  /** Opens an empty instance that spills to the folder; one in memory when absent. */
  readonly open?: (spill: string) => Promise<Duck>;
}

export class DuckStager implements Stager {
  readonly #options: StagerOptions;

  constructor(options: StagerOptions) {
    this.#options = options;
  }

  async #open(spill: string, memoryMb: number): Promise<Duck> {
    const { open, deliveryKey } = this.#options;
    const duck = await (open === undefined ? openStageDuck(spill, memoryMb) : open(spill));
    await duck.run(sql('open-seal', { key: sealKey(deliveryKey) }));
    return duck;
  }

  async openSlice(pipeline: CompiledPipeline): Promise<SliceWriter> {
    const spill = join(this.#options.scratch, 'slice-spill');
    const duck = await this.#open(spill, MEMORY.stageMb);
    const writer = new DuckSliceWriter(pipeline, duck, this.#options.folder, spill);
    await writer.open();
    return writer;
  }

  async settle(
    pipeline: CompiledPipeline,
    staged: readonly StagedFile[],
    folder: string,
  ): Promise<readonly StagedFile[]> {
    const spill = join(this.#options.scratch, 'settle-spill');
    const duck = await this.#open(spill, MEMORY.settleMb);
    try {
      await makeFolder(folder);
      for (const { name, columns } of stageTables(pipeline)) {
        const files = staged.filter((file) => file.table === name).map((file) => file.path);
        await duck.run(
          files.length === 0
            ? `CREATE TABLE staged_${name} (${columnDefinitions(columns)}, filename VARCHAR)`
            : `CREATE VIEW staged_${name} AS SELECT * FROM ${readParquet(files, { filename: true })}`,
        );
      }
      await duck.run(sql('losers', orderFills(pipeline)));
      const settled: StagedFile[] = [];
      for (const { name, table } of stageTables(pipeline)) {
        const files = staged.filter((file) => file.table === name);
        settled.push(...(table ? await settleTable(duck, pipeline, table, files, folder) : files));
      }
      return settled;
    } finally {
      await duck.close();
      await rm(spill, { recursive: true, force: true });
    }
  }
}

/**
 * A staged file that holds no loser is settled as it stands; the others are written anew without them. Offers that lost
 * to another event's are kept apart: one may have to stand in, when the warehouse has that event newer than raw.
 */
async function settleTable(
  duck: Duck,
  pipeline: CompiledPipeline,
  table: CompiledTable,
  files: readonly StagedFile[],
  folder: string,
): Promise<StagedFile[]> {
  let joins = losersJoin(table);
  if (table.kind === 'offered' && files.length > 0) {
    const from = `FROM staged_${table.name} AS staged ${joins}`;
    await duck.run(sql('losing-offers', { table: table.name, from, ...orderFills(pipeline) }));
    joins += ` ANTI JOIN losing_${table.name} AS l ON ${SAME_OFFER}`;
  }
  const settled: StagedFile[] = [];
  if (table.kind === 'offered' && files.length > 0) {
    // File by file, because each of them can be sorted in memory.
    const beaten = await rowsByFile(duck, table, `SEMI JOIN losing_${table.name} AS l ON ${SAME_OFFER}`);
    for (const [number, file] of files.entries()) {
      const rows = beaten.get(file.path) ?? 0;
      if (rows === 0) continue;
      const path = join(folder, `${beatenName(table)}-${number}.parquet`);
      const from = `FROM ${readParquet(file.path)} AS staged`;
      await duck.run(
        copyTo(`SELECT staged.* ${from} SEMI JOIN losing_${table.name} AS l ON ${SAME_OFFER} ORDER BY event_id`, path),
      );
      settled.push({ ...file, table: beatenName(table), path, rows });
    }
  }
  const rowsLeft = await rowsByFile(duck, table, joins);
  for (const [number, file] of files.entries()) {
    const rows = rowsLeft.get(file.path) ?? 0;
    if (rows === file.rows) settled.push(file);
    if (rows === file.rows || rows === 0) continue;
    const path = join(folder, `${table.name}-${number}.parquet`);
    const from = `FROM ${readParquet(file.path)} AS staged ${joins}`;
    await duck.run(copyTo(`SELECT staged.* ${from} ORDER BY ${orderOf(table)}`, path));
    settled.push({ ...file, path, rows });
  }
  return settled;
}

async function rowsByFile(duck: Duck, table: CompiledTable, joins: string): Promise<ReadonlyMap<string, number>> {
  const rows = await duck.rows(
    `SELECT filename, count(*) AS n FROM staged_${table.name} AS staged ${joins} GROUP BY 1`,
  );
  return new Map(rows.map((row) => [String(row.filename), Number(row.n)]));
}

const SAME_OFFER = `l.event_id = staged.event_id AND l._offered_by = staged._offered_by
  AND l._raw_object = staged._raw_object AND l._raw_row = staged._raw_row`;

/** The name under which a run keeps the offers of winning events that lost to other events'. */
export const beatenName = (table: CompiledTable): string => `beaten_${table.name}`;

/** Leaves out what belongs to a delivery that lost its event. */
function losersJoin(table: CompiledTable): string {
  const owner = table.kind === 'offered' ? '_offered_by' : 'event_id';
  return `ANTI JOIN losers ON losers.event_id = staged.${owner}
    AND losers._raw_object = staged._raw_object AND losers._raw_row = staged._raw_row`;
}

const orderOf = (table: CompiledTable): string => ['event_date', ...table.key].join(', ');
/** Snappy: ZSTD leaves short runs of packed codes as they are, and 0x31 twenty times reads as a well-known card number. */
const copyTo = (query: string, path: string): string =>
  copyToParquet(query, path, 'COMPRESSION snappy, ROW_GROUP_SIZE 100000');

const orderFills = (pipeline: CompiledPipeline): Record<string, string> => ({
  greatest_first: greatestFirst(copyOrder(pipeline, 'staged')),
  greatest_offer_first: greatestFirst(offerOrder(pipeline, 'staged')),
});

function openStageDuck(spill: string, memoryMb: number): Promise<Duck> {
  return openDuck({ memoryMb, threads: 1, tempFolder: spill, preserveInsertionOrder: false });
}

function stageTables(
  pipeline: CompiledPipeline,
): { name: string; columns: readonly TableColumn[]; table?: CompiledTable }[] {
  return [
    ...pipeline.tables.map((table) => ({ name: table.name, columns: table.columns, table })),
    { name: 'quarantine', columns: QUARANTINE_COLUMNS },
  ];
}

class DuckSliceWriter implements SliceWriter {
  readonly #pipeline: CompiledPipeline;
  readonly #duck: Duck;
  readonly #folder: string;
  readonly #spill: string;
  #appenders: TableAppender[] = [];
  readonly #files: StagedFile[] = [];
  #runs = 0;

  constructor(pipeline: CompiledPipeline, duck: Duck, folder: string, spill: string) {
    this.#pipeline = pipeline;
    this.#duck = duck;
    this.#folder = folder;
    this.#spill = spill;
  }

  /** Makes the tables that rows go into. */
  async open(): Promise<void> {
    for (const { name, columns } of stageTables(this.#pipeline)) {
      await this.#duck.run(`CREATE OR REPLACE TABLE staged_${name} (${columnDefinitions(columns)})`);
      const types = columns.map((column) => column.type);
      this.#appenders.push(await TableAppender.open(await this.#duck.connect(), `staged_${name}`, types));
    }
  }

  add(rawObject: string, raw: RawRow, evaluation: Evaluation): void {
    const { transformDigest, tables } = this.#pipeline;
    if (!evaluation.accepted) {
      const { reason, detail, day, schemaVersion, source } = evaluation;
      const cells = [
        reason,
        detail,
        source,
        raw.receivedAtMicros,
        rawObject,
        raw.row,
        day,
        schemaVersion,
        transformDigest,
      ];
      (this.#appenders.at(-1) as TableAppender).add(cells);
      return;
    }
    for (const row of evaluation.rows) {
      const kind = tables[row.table]?.kind;
      const cells: Cell[] = [
        row.eventId,
        dateOfMicros(row.occurredAtMicros),
        row.occurredAtMicros,
        raw.receivedAtMicros,
        raw.source,
        evaluation.schemaVersion,
        ...row.values,
        evaluation.delivery,
        rawObject,
        raw.row,
        transformDigest,
        row.rowHash,
      ];
      if (kind === 'events') cells.push(evaluation.contentHash);
      if (kind === 'offered') cells.push(evaluation.eventId, row.offerIndex);
      (this.#appenders[row.table] as TableAppender).add(cells);
    }
  }

  // What is held is written when it is much, so that no sort has more of it than fits in memory.
  async drain(): Promise<void> {
    if (this.#appenders.reduce((sum, { bytes }) => sum + bytes, 0) < STEP.runBytes) return;
    await this.#writeRun();
    await this.open();
  }

  async finish(): Promise<readonly StagedFile[]> {
    await this.#writeRun();
    await this.#end();
    return this.#files;
  }

  async #writeRun(): Promise<void> {
    const longest = this.#appenders.map(({ longestText }) => longestText);
    for (const appender of this.#appenders) appender.close();
    this.#appenders = [];
    await this.#duck.run(sql('losers', orderFills(this.#pipeline)));
    this.#files.push(...(await writeWinners(this.#duck, this.#pipeline, this.#folder, this.#runs++, longest)));
  }

  async discard(): Promise<void> {
    for (const appender of this.#appenders) appender.close();
    this.#appenders = [];
    await this.#end();
    for (const { path } of this.#files) await rm(path, { force: true });
  }

  async #end(): Promise<void> {
    await this.#duck.close();
    await rm(this.#spill, { recursive: true, force: true });
  }
}

/**
 * Writes the rows of deliveries that no other of the run beats, one sorted file for each table that has any. Deliveries
 * that another run beats, and offers of several events, are only settled once all slices are there: an offer that loses
 * inside a slice may win when the winner's event loses.
 */
async function writeWinners(
  duck: Duck,
  pipeline: CompiledPipeline,
  folder: string,
  run: number,
  longestTexts: readonly number[],
): Promise<StagedFile[]> {
  await makeFolder(folder);
  const files: StagedFile[] = [];
  for (const [place, { name, table }] of stageTables(pipeline).entries()) {
    const path = join(folder, `${name}-${run}.parquet`);
    const from = `FROM staged_${name} AS staged ${table ? losersJoin(table) : ''}`;
    const rows = Number((await duck.rows(`SELECT count(*) AS n ${from}`))[0]?.n);
    if (rows === 0) continue;
    const order = table ? orderOf(table) : 'event_date, _raw_object, _raw_row';
    await duck.run(copyTo(`SELECT staged.* ${from} ORDER BY ${order}`, path));
    files.push({ table: name, path, rows, longestText: longestTexts[place] });
  }
  return files;
}
