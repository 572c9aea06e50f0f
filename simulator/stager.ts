// Stages rows in memory: what ports/stage.ts promises, in plain code. Files hold rows as they will stand.

import type { CompiledPipeline, CompiledTable } from '../model/compile.ts';
import type { SliceWriter, StagedFile, Stager } from '../ports/stage.ts';
import { compareOrders, orderOfRow, quarantineRow, rowOf } from './model.ts';
import type { Row } from './rows.ts';
import type { Disk } from './store.ts';

/** The name under which a run keeps the offers of winning events that lost to other events'. */
export const beatenName = (table: string): string => `beaten_${table}`;

export class SimStager implements Stager {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  async openSlice(pipeline: CompiledPipeline): Promise<SliceWriter> {
    const rows = new Map<string, Row[]>(pipeline.tables.map(({ name }) => [name, []]));
    const rejected: Row[] = [];
    return {
      add: (rawObject, raw, evaluation) => {
        const landed = { object: rawObject, raw };
        const version = { _transform_version: pipeline.transformDigest };
        if (!evaluation.accepted) {
          rejected.push({ ...quarantineRow(landed, evaluation), ...version });
          return;
        }
        for (const row of evaluation.rows) {
          const table = pipeline.tables[row.table] as CompiledTable;
          rows.get(table.name)?.push({ ...rowOf(pipeline, { ...landed, evaluation }, row), ...version });
        }
      },
      drain: async () => {},
      finish: async () => {
        const winners = winningPlaces(pipeline, rows.get('events') ?? []);
        const files = pipeline.tables.map((table) => {
          const kept = (rows.get(table.name) ?? []).filter((row) => winners.get(ownerOf(table, row)) === placeOf(row));
          return this.#write(this.#folder, table.name, kept);
        });
        return [...files, this.#write(this.#folder, 'quarantine', rejected)].filter((file) => file.rows > 0);
      },
      discard: async () => {},
    };
  }

  async settle(
    pipeline: CompiledPipeline,
    staged: readonly StagedFile[],
    folder: string,
  ): Promise<readonly StagedFile[]> {
    const events = staged.filter((file) => file.table === 'events').flatMap((file) => rowsIn(this.#disk, file));
    const winners = winningPlaces(pipeline, events);
    const settled = staged.filter((file) => file.table === 'quarantine');
    for (const table of pipeline.tables) {
      const files = staged.filter((file) => file.table === table.name);
      const left = files.map((file) =>
        rowsIn(this.#disk, file).filter((row) => winners.get(ownerOf(table, row)) === placeOf(row)),
      );
      const offers = table.kind === 'offered' ? greatestOffers(pipeline, left.flat()) : undefined;
      const beaten =
        offers === undefined ? [] : left.flat().filter((row) => offers.get(row.event_id as string) !== row);
      if (beaten.length > 0) settled.push(this.#write(folder, beatenName(table.name), beaten));
      for (const [number, file] of files.entries()) {
        const rows = (left[number] ?? []).filter((row) => !beaten.includes(row));
        if (rows.length === file.rows) settled.push(file);
        else if (rows.length > 0) settled.push(this.#write(folder, `${table.name}`, rows, `-${number}`));
      }
    }
    return settled;
  }

  #write(folder: string, table: string, rows: readonly Row[], suffix = ''): StagedFile {
    const path = `${folder}/${table}${suffix}`;
    const dateOf = (row: Row): string => row.event_date ?? '';
    this.#disk.set(
      path,
      rows.toSorted((a, b) => (dateOf(a) === dateOf(b) ? 0 : dateOf(a) < dateOf(b) ? -1 : 1)),
    );
    return { table, path, rows: rows.length };
  }
}

export const rowsIn = (disk: Disk, file: StagedFile): readonly Row[] => (disk.get(file.path) ?? []) as readonly Row[];

const placeOf = (row: Row): string => `${row._raw_object}#${row._raw_row}`;
const ownerOf = (table: CompiledTable, row: Row): string =>
  (table.kind === 'offered' ? row._offered_by : row.event_id) as string;

/** For each event the place in raw of its greatest delivery; of the very same delivery the first place. */
function winningPlaces(pipeline: CompiledPipeline, events: readonly Row[]): Map<string, string> {
  const winners = new Map<string, Row>();
  for (const row of events) {
    const rival = winners.get(row.event_id as string);
    if (rival === undefined || isGreater(pipeline, row, rival)) winners.set(row.event_id as string, row);
  }
  return new Map([...winners].map(([key, row]) => [key, placeOf(row)]));
}

/** For each offered key its greatest offer. */
export function greatestOffers(pipeline: CompiledPipeline, offers: readonly Row[]): Map<string, Row> {
  const greatest = new Map<string, Row>();
  for (const row of offers) {
    const rival = greatest.get(row.event_id as string);
    if (rival === undefined || isGreater(pipeline, row, rival)) greatest.set(row.event_id as string, row);
  }
  return greatest;
}

function isGreater(pipeline: CompiledPipeline, row: Row, rival: Row): boolean {
  const order = compareOrders(orderOfRow(pipeline, row), orderOfRow(pipeline, rival));
  if (order !== 0) return order > 0;
  if (row._offered_by !== rival._offered_by) return (row._offered_by ?? '') < (rival._offered_by ?? '');
  if (row._raw_object !== rival._raw_object) return (row._raw_object ?? '') < (rival._raw_object ?? '');
  return Number(row._raw_row) < Number(rival._raw_row);
}
