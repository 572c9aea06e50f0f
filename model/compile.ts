// Turns a declaration into what runs: resolved paths, tables and digests. A declaration that contradicts itself fails
// here with every fault and where it is (check.ts); nothing is left to be found on an event.

import { faultsOfPipeline } from './check.ts';
import { type CompiledDerivation, compileDerivation, type DerivationPlace } from './derive.ts';
import { type CodeIdentity, schemaDigest, timeRulesDigest, transformDigest } from './digest.ts';
import { RepriseError } from './errors.ts';
import type { Field } from './fields.ts';
import type { Identity, Path, Pipeline, Shape, Source, Table } from './language.ts';
import { type Place, resolvePath } from './paths.ts';
import {
  CONTENT_HASH_COLUMN,
  LEADING_COLUMNS,
  LINEAGE_COLUMNS,
  OFFER_COLUMNS,
  type TableColumn,
  type TableKind,
} from './tables.ts';
import { type CompiledVersion, compileVersion } from './version.ts';

export interface CompiledSource extends Source {
  readonly name: string;
  readonly compiledVersions: readonly CompiledVersion[];
  readonly precedence: number;
  readonly shapes: readonly CompiledShape[];
}

export interface CompiledIdentity extends Identity {
  readonly places: readonly (Place | '$source')[];
}

export interface CompiledShape extends Shape {
  readonly name: string;
  readonly whenPlaces: readonly {
    readonly path: Path;
    readonly place: Place;
    readonly words: Readonly<Record<string, string>>;
  }[];
  readonly compiledIdentity: CompiledIdentity;
  readonly occurredAtPlace: Place;
  readonly eventTypePlace: Place | undefined;
  /** What the shape gives to each table, in the order of the pipeline's tables. */
  readonly gives: readonly ShapeRows[];
}

/** How one shape fills one table. */
export interface ShapeRows {
  readonly table: CompiledTable;
  readonly rowsOf: Place | undefined;
  readonly indexFrom: number | undefined;
  readonly derivations: readonly CompiledDerivation[];
  readonly offered: { readonly identity: CompiledIdentity; readonly occurredAt: Place } | undefined;
}

export interface CompiledTable {
  readonly name: string;
  readonly kind: TableKind;
  /** Column names that make a row unique. */
  readonly key: readonly string[];
  /** The product's own columns. */
  readonly own: readonly TableColumn[];
  /** All columns up to those that publishing adds. */
  readonly columns: readonly TableColumn[];
}

export interface CompiledPipeline {
  readonly name: string;
  readonly title: string;
  readonly declaration: Pipeline;
  readonly sources: ReadonlyMap<string, CompiledSource>;
  /** `events` first. */
  readonly tables: readonly CompiledTable[];
  readonly transformDigest: string;
  readonly schemaDigest: string;
  readonly timeRulesDigest: string;
}

/**
 * Checks and compiles a declaration; `code` stands for what its functions do.
 * Throws ModelContradiction that lists every fault with its place.
 */
export function compilePipeline(pipeline: Pipeline, code: CodeIdentity): CompiledPipeline {
  const faults = faultsOfPipeline(pipeline);
  if (faults.length > 0) {
    throw new RepriseError(
      'ModelContradiction',
      `pipeline ${pipeline.name} contradicts itself in ${faults.length} place(s):\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
      `mend pipelines/${pipeline.name}/pipeline.ts`,
    );
  }
  const tables = [eventsTable(), ...Object.entries(pipeline.tables).map(([name, table]) => compileTable(name, table))];
  const shapes = Object.entries(pipeline.shapes).map(([name, shape]) => compileShape(pipeline, tables, name, shape));
  const sources = new Map<string, CompiledSource>();
  for (const [name, source] of Object.entries(pipeline.sources)) {
    sources.set(name, {
      ...source,
      name,
      compiledVersions: source.versions.map(compileVersion),
      precedence: source.precedence ?? 0,
      shapes: shapes.filter((shape) => sourcesOf(shape).includes(name)),
    });
  }
  return {
    name: pipeline.name,
    title: pipeline.title,
    declaration: pipeline,
    sources,
    tables,
    transformDigest: transformDigest(pipeline, code),
    schemaDigest: schemaDigest(tables),
    timeRulesDigest: timeRulesDigest(pipeline, (shape, path) => {
      if (path.startsWith('$')) return path;
      const { kind, ...rest } = mustResolve(pipeline.shapes[shape] as Shape, path).field;
      return `${kind} ${'form' in rest ? rest.form : ''}`;
    }),
  };
}

export const sourcesOf = (shape: Shape): readonly string[] =>
  typeof shape.source === 'string' ? [shape.source] : shape.source;

function eventsTable(): CompiledTable {
  const own: TableColumn[] = [{ name: 'event_type', type: 'text', required: true, restricted: false }];
  const columns = [...LEADING_COLUMNS, ...own, ...LINEAGE_COLUMNS, CONTENT_HASH_COLUMN];
  return { name: 'events', kind: 'events', key: ['event_id'], own, columns };
}

function compileTable(name: string, table: Table): CompiledTable {
  const index = table.rows?.index;
  const own: TableColumn[] = index ? [{ name: index.column, type: 'integer', required: true, restricted: false }] : [];
  for (const [column, { type, restricted }] of Object.entries(table.columns)) {
    own.push({ name: column, type, required: false, restricted: restricted === true });
  }
  const extra = table.offered ? OFFER_COLUMNS : [];
  return {
    name,
    kind: table.offered ? 'offered' : 'parts',
    key: index && !table.offered ? ['event_id', index.column] : ['event_id'],
    own,
    columns: [...LEADING_COLUMNS, ...own, ...LINEAGE_COLUMNS, ...extra],
  };
}

function compileShape(pipeline: Pipeline, tables: readonly CompiledTable[], name: string, shape: Shape): CompiledShape {
  const gives = Object.entries(pipeline.tables)
    .filter(([, table]) => table.shapes.includes(name))
    .map(([tableName, table]) => {
      const compiled = tables.find((one) => one.name === tableName) as CompiledTable;
      return compileShapeRows(compiled, table, name, shape);
    });
  return {
    ...shape,
    name,
    whenPlaces: Object.entries(shape.when).map(([path, words]) => ({ path, place: mustResolve(shape, path), words })),
    compiledIdentity: compileIdentity(shape, shape.identity, undefined),
    occurredAtPlace: mustResolve(shape, shape.occurredAt),
    eventTypePlace: typeof shape.eventType === 'string' ? undefined : mustResolve(shape, shape.eventType.of),
    gives,
  };
}

function compileShapeRows(compiled: CompiledTable, table: Table, name: string, shape: Shape): ShapeRows {
  const rowsPath = table.rows?.of[name];
  const rowsOf = rowsPath === undefined ? undefined : mustResolve(shape, rowsPath);
  const element = rowsOf?.field.kind === 'array' ? rowsOf.field.of : undefined;
  const place: DerivationPlace = { shape, shapeName: name, element };
  return {
    table: compiled,
    rowsOf,
    indexFrom: table.rows?.index?.from,
    derivations: Object.values(table.columns).map((column) => compileDerivation(column, place)),
    offered: table.offered && {
      identity: compileIdentity(shape, table.offered.identity, element),
      occurredAt: mustResolve(shape, table.offered.occurredAt, element),
    },
  };
}

function compileIdentity(shape: Shape, identity: Identity, element: Field | undefined): CompiledIdentity {
  const places = identity.parts.map((part) => (part === '$source' ? part : mustResolve(shape, part, element)));
  return { ...identity, places };
}

/** For paths that check.ts has already seen to resolve. */
function mustResolve(shape: Shape, path: Path, element?: Field): Place {
  const place = resolvePath(shape, path, element);
  if (typeof place === 'string') throw new RepriseError('Internal', place, 'report this: a path was not checked');
  return place;
}
