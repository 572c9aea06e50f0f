// What a declaration shows to those who read its tables: tables, columns and where their values come from, and which
// deliveries become rows. Plain JSON, so that it can be kept and compared with the declaration of another day.

import { type CompiledPipeline, sourcesOf } from '../../model/compile.ts';
import { describePipeline, originForShape, type TableDescription } from '../../model/describe.ts';
import type { MeaningOf } from '../../model/digest.ts';
import type { Fields } from '../../model/fields.ts';
import type { Pipeline, Shape, Version } from '../../model/language.ts';
import { LEADING_COLUMNS, type SqlType } from '../../model/tables.ts';
import { type OriginSurface, originSurface, type Words } from './origin.ts';

export interface ShapeSurface {
  readonly name: string;
  readonly sources: readonly { readonly name: string; readonly precedence: number; readonly secret: boolean }[];
  readonly version: string;
  readonly when: Readonly<Record<string, Words>>;
  readonly identity: string;
  readonly occurredAt: string;
  readonly fields: Fields;
}

export interface ColumnSurface {
  readonly name: string;
  readonly type: SqlType;
  readonly restricted: boolean;
  readonly about: string;
  /** By shape; a shape that is absent leaves the column null. */
  readonly origins: Readonly<Record<string, OriginSurface>>;
}

export interface TableSurface {
  readonly name: string;
  readonly key: readonly string[];
  /** The identity of rows that several events offer. */
  readonly offered?: string;
  readonly shapes: readonly string[];
  /** The list whose elements become rows, by shape. */
  readonly rowsOf: Words;
  /** The product's own columns. */
  readonly columns: readonly ColumnSurface[];
}

export interface Surface {
  readonly pipeline: string;
  readonly shapes: readonly ShapeSurface[];
  readonly tables: readonly TableSurface[];
}

/** `meaningOf` stands for what the functions of columns do. */
export function surfaceOf(pipeline: CompiledPipeline, meaningOf: MeaningOf): Surface {
  const { declaration } = pipeline;
  const described = describePipeline(pipeline);
  return {
    pipeline: pipeline.name,
    shapes: described.shapes.map(({ name, identity, occurredAt }) => {
      const shape = declaration.shapes[name] as Shape;
      return {
        name,
        sources: sourcesOf(shape).map((source) => ({
          name: source,
          precedence: declaration.sources[source]?.precedence ?? 0,
          secret: declaration.sources[source]?.secret === true,
        })),
        version: versionText(declaration, shape),
        when: shape.when,
        identity: shape.identity.bare ? `${identity} as sent` : identity,
        occurredAt: `${occurredAt.path} (${occurredAt.form})`,
        fields: shape.fields,
      };
    }),
    tables: described.tables.map((table) => tableSurface(declaration, table, meaningOf)),
  };
}

/** A pattern stands with its name: either may change what is accepted. */
function versionText(declaration: Pipeline, shape: Shape): string {
  const listed = sourcesOf(shape).flatMap((source) => declaration.sources[source]?.versions ?? []);
  const isOurs = (one: Version): boolean => typeof one === 'object' && one.name === shape.version;
  const pattern = listed.find(isOurs);
  return typeof pattern === 'object' ? `${pattern.name} (${pattern.pattern})` : String(shape.version);
}

function tableSurface(declaration: Pipeline, table: TableDescription, meaningOf: MeaningOf): TableSurface {
  return {
    name: table.name,
    key: table.key,
    ...(table.offered && { offered: `${table.offered.identity} at ${table.offered.occurredAt}` }),
    shapes: table.shapes,
    rowsOf: table.rowsOf,
    columns: table.columns.map((column) => {
      const origins: Record<string, OriginSurface> = {};
      for (const shape of table.shapes) {
        const origin = originForShape(column, shape);
        if (origin !== undefined)
          origins[shape] = originSurface({ declaration, meaningOf, table, column, shape, origin });
      }
      const { name, type, restricted, about = '' } = column;
      return { name, type, restricted, about, origins };
    }),
  };
}

/** Columns that the tables have for their readers: what each begins with, and its own. */
export const columnCount = (surface: Surface): number =>
  surface.tables.reduce((sum, table) => sum + LEADING_COLUMNS.length + table.columns.length, 0);

/** Which shape of `after` is which of `before`: by name, else by the deliveries that it takes. */
export function matchShapes(before: Surface, after: Surface): ReadonlyMap<string, string> {
  const matched = new Map<string, string>();
  const named = (surface: Surface, name: string): boolean => surface.shapes.some((shape) => shape.name === name);
  for (const shape of after.shapes) {
    const stood = named(before, shape.name)
      ? shape.name
      : before.shapes.find((one) => !named(after, one.name) && takes(one) === takes(shape))?.name;
    if (stood !== undefined) matched.set(shape.name, stood);
  }
  return matched;
}

const takes = ({ sources, version, when }: ShapeSurface): string =>
  JSON.stringify([sources.map((source) => source.name), version, when]);
