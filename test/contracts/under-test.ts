// What a contract of a warehouse needs: a warehouse under test, deliveries, and the rows that they give.

import type { Random } from '../../generator/random.ts';
import type { CompiledPipeline } from '../../model/compile.ts';
import { Evaluator } from '../../model/evaluate.ts';
import type { StagedFile, Stager } from '../../ports/stage.ts';
import type { PublishScope, Warehouse } from '../../ports/warehouse.ts';
import { dateOf, deliveryOf, randomDraft } from '../../simulator/deliveries.ts';
import type { LiveChange } from '../../simulator/live-load.ts';
import { DELIVERY_KEY, type Landed } from '../../simulator/model.ts';
import { rawRow } from '../../simulator/raw.ts';
import type { Row, Tables } from '../../simulator/rows.ts';

/** A warehouse with the tables of the tiny pipeline, and what stages rows for it. */
export interface WarehouseUnderTest {
  readonly warehouse: Warehouse;
  stager(name: string): { readonly stager: Stager; readonly folder: string };
  /** Where the changes of a run are kept. */
  changesFolder(runId: string): string;
  load(change: LiveChange): Promise<void>;
  /** Writes into NOTE, a column that people added to every table, of the rows with the keys. */
  annotate(table: string, keys: readonly Row[], note: string): Promise<void>;
  /** Replaces all rows of a table, as a hand with SQL does; NOTE is left empty. */
  write(table: string, rows: readonly Row[]): Promise<void>;
  /** All columns but those that publishing adds; NOTE too. */
  tables(): Promise<Tables>;
  /** Empties all tables. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** A column of every table under test that no declaration has. */
export const NOTE = 'note_by_hand';

/** Most raw objects of a state. */
export const OBJECTS_MAX = 4;
const DELIVERIES_MAX = 5;

/** Some deliveries in one raw object. */
export function landedObject(random: Random, number: number): Landed[] {
  const day = random.integer(0, 2);
  const object = `raw/tiny/dt=${dateOf(day)}/hour=12/${number}.parquet`;
  return Array.from({ length: random.integer(1, DELIVERIES_MAX) }, (_, row) => ({
    object,
    raw: rawRow(deliveryOf(randomDraft(random), day, 0), row),
  }));
}

/** The groups of a plan's dates, in order. */
export const groupsOf = ({ dates }: { dates: PublishScope['dates'] }): number[] => [
  ...new Set(dates.map(({ group }) => group)),
];

/** In two slices. */
export async function settled(
  under: WarehouseUnderTest,
  pipeline: CompiledPipeline,
  objects: readonly (readonly Landed[])[],
  runId: string,
): Promise<readonly StagedFile[]> {
  const evaluator = new Evaluator(pipeline, DELIVERY_KEY);
  const files: StagedFile[] = [];
  for (const number of [0, 1]) {
    const slice = await under.stager(`${runId}-slice-${number}`).stager.openSlice(pipeline);
    for (const { object, raw } of objects.filter((_, place) => place % 2 === number).flat())
      slice.add(object, raw, evaluator.evaluate(raw));
    files.push(...(await slice.finish()));
  }
  const { stager, folder } = under.stager(`${runId}-settled`);
  return stager.settle(pipeline, files, folder);
}

/** Rows but for what publishing adds, in an order of their own. */
export const texts = (rows: readonly Row[]): string[] =>
  rows
    .map(({ _run_id, _published_at, ...row }) =>
      JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
    )
    .sort();
