// The reference evaluator: one delivery in, canonical rows or a rejection out. It walks the declaration row by row and
// defines what the declaration means; verification rests on it.

import { rowHash } from './canonical.ts';
import type { CompiledPipeline, CompiledShape, CompiledSource, ShapeRows } from './compile.ts';
import { type Dating, datingOf, dispatch, identityAt } from './dating.ts';
import type { CompiledDerivation, DerivationContext } from './derive.ts';
import { sha256Hex } from './digest.ts';
import { RepriseError } from './errors.ts';
import { faultOfComputed, faultOfValue } from './fit.ts';
import { type Json, readJson } from './json.ts';
import { sealDelivery, sealKey } from './keyed.ts';
import { type ColumnType, Refusal, type Value } from './language.ts';
import { LIMITS, type Reason } from './limits.ts';
import { scalarAt } from './paths.ts';
import type { RawRow } from './raw-row.ts';
import { canonicalText } from './tables.ts';
import { dateOfMicros } from './time.ts';
import { keptSource } from './unlisted.ts';
import { faultOfMembers } from './validate.ts';
import { versionOf } from './version.ts';

export interface CanonicalRow {
  /** Position of the table in the pipeline's tables. */
  readonly table: number;
  readonly eventId: string;
  readonly occurredAtMicros: bigint;
  /** The table's own columns, in order. */
  readonly values: readonly Value[];
  readonly rowHash: string;
  /** Place among the rows that the event offers, from 0. */
  readonly offerIndex: number;
}

export type Evaluation =
  | {
      readonly accepted: true;
      readonly eventId: string;
      readonly eventType: string;
      readonly occurredAtMicros: bigint;
      readonly schemaVersion: string;
      /** Identifies the delivery's body: its sha256, of secret sources sealed. */
      readonly delivery: string;
      /** The row of `events` first. */
      readonly rows: readonly CanonicalRow[];
      /** Over all that the event is: its row and its parts, each in its table; not what it offers. */
      readonly contentHash: string;
    }
  | {
      readonly accepted: false;
      readonly reason: Reason;
      /** Which rule and which declared field; quotes nothing of the body. */
      readonly detail: string;
      /** UTC day number the delivery belongs to. */
      readonly day: number;
      readonly schemaVersion: string | null;
      /** As it may be kept: see unlisted.ts. */
      readonly source: string | null;
    };

/** Evaluates deliveries of one pipeline. `deliveryKey` keys what is said of secret bodies. */
export class Evaluator {
  readonly #pipeline: CompiledPipeline;
  readonly #deliveryKey: Uint8Array;
  readonly #sealKey: string;

  constructor(pipeline: CompiledPipeline, deliveryKey: Uint8Array) {
    this.#pipeline = pipeline;
    this.#deliveryKey = deliveryKey;
    this.#sealKey = sealKey(deliveryKey);
  }

  /** Checks in the contract's order; the first failure is the reason. Deterministic. */
  evaluate(raw: RawRow): Evaluation {
    const receivedDay = dateOfMicros(raw.receivedAtMicros);
    const reject = (
      reason: Reason,
      detail: string,
      day = receivedDay,
      schemaVersion: string | null = null,
    ): Evaluation => ({
      accepted: false,
      reason,
      detail,
      day,
      schemaVersion,
      source: keptSource((name) => this.#pipeline.sources.has(name), this.#deliveryKey, raw.source),
    });
    if (raw.bodyBytes > LIMITS.bodyBytesMax) {
      return reject('oversized', `body of ${raw.bodyBytes} bytes, at most ${LIMITS.bodyBytesMax}`);
    }
    const source = this.#pipeline.sources.get(raw.source ?? '');
    if (source === undefined) return reject('unknown_source', 'source is not listed');
    if (raw.body === undefined) return reject('malformed_json', 'not UTF-8');
    const read = readJson(raw.body, LIMITS.depthMax);
    if (!read.ok) return reject('malformed_json', `${read.fault} at character ${read.at}`);
    const root = read.value;
    if (root.kind !== 'object') return reject('schema_violation', 'the root is not an object');
    const version = versionOf(root, source.compiledVersions);
    if ('fault' in version) return reject('unknown_schema_version', version.fault);
    const shape = dispatch(source, version.name, root);
    if (typeof shape === 'string') return reject('schema_violation', shape, receivedDay, version.sent);
    const dating = datingOf(shape, source.name, root);
    const day = dating.occurredAtMicros === undefined ? receivedDay : dateOfMicros(dating.occurredAtMicros);
    const fault = faultOfMembers(shape.fields, root.members, '');
    if (fault !== undefined) return reject('schema_violation', fault, day, version.sent);
    const rows = this.#rows(shape, source, raw, root, version.sent, dating);
    if (rows instanceof Refusal) return reject('schema_violation', rows.why, day, version.sent);
    const { eventId, occurredAtMicros } = rows;
    if (occurredAtMicros - raw.receivedAtMicros > LIMITS.skewMicrosMax) {
      return reject('clock_skew', 'occurred more than 24 h after it was received', day, version.sent);
    }
    const parts = rows.rows.filter((row) => this.#pipeline.tables[row.table]?.kind !== 'offered');
    return {
      accepted: true,
      eventId,
      eventType: rows.eventType,
      occurredAtMicros,
      schemaVersion: version.sent,
      delivery: this.#delivery(source, raw),
      rows: rows.rows,
      contentHash: sha256Hex(parts.map((row) => `${this.#pipeline.tables[row.table]?.name}:${row.rowHash}`).join('')),
    };
  }

  #delivery(source: CompiledSource, raw: RawRow): string {
    return source.secret ? sealDelivery(this.#sealKey, raw.bodySha256) : raw.bodySha256;
  }

  #rows(shape: CompiledShape, source: CompiledSource, raw: RawRow, root: Json, schemaVersion: string, dating: Dating) {
    const { eventId, occurredAtMicros } = dating;
    if (eventId === undefined || occurredAtMicros === undefined) {
      throw new RepriseError('Internal', `shape ${shape.name} is valid but has no identity or time`, 'report this');
    }
    const eventType = eventTypeOf(shape, root);
    const event: EventFacts = { receivedAtMicros: raw.receivedAtMicros, source: source.name, schemaVersion };
    const rows: CanonicalRow[] = [];
    const context = {
      text: raw.body as string,
      root,
      element: undefined,
      source: source.name,
      eventType,
      schemaVersion,
    };
    rows.push(this.#row(0, eventId, occurredAtMicros, [eventType], 0, event));
    for (const given of shape.gives) {
      const more = this.#rowsOf(given, context, eventId, occurredAtMicros, event);
      if (more instanceof Refusal) return more;
      rows.push(...more);
    }
    return { eventId, eventType, occurredAtMicros, rows };
  }

  #rowsOf(given: ShapeRows, context: DerivationContext, eventId: string, micros: bigint, event: EventFacts) {
    const table = this.#pipeline.tables.indexOf(given.table);
    const elements = given.rowsOf === undefined ? [undefined] : items(given.rowsOf.node(context.root));
    const rows = new Map<string | number, CanonicalRow>();
    for (const [position, element] of elements.entries()) {
      const values: Value[] = given.indexFrom === undefined ? [] : [BigInt(position + given.indexFrom)];
      for (const derivation of given.derivations) {
        const value = this.#derived(derivation, { ...context, element }, given, values.length);
        if (value instanceof Refusal) return value;
        values.push(value);
      }
      if (given.offered === undefined || element === undefined) {
        rows.set(position, this.#row(table, eventId, micros, values, position, event));
        continue;
      }
      const ownId = identityAt(given.offered.identity, event.source, element, context.root) as string;
      const at = given.offered.occurredAt;
      const ownMicros = scalarAt(at.field, at.node(at.relative ? element : context.root)) as bigint;
      // Of rows with one key inside one event the later in the list counts.
      rows.set(ownId, this.#row(table, ownId, ownMicros, values, position, event));
    }
    return [...rows.values()];
  }

  /** A function that throws, or gives what its column cannot hold, is wrong for good: whoever reads on must stop. */
  #derived(
    { derive, by, isComputed }: CompiledDerivation,
    context: DerivationContext,
    given: ShapeRows,
    place: number,
  ): Value | Refusal {
    const { name, type } = given.table.own[place] as { name: string; type: ColumnType };
    let value: Value | Refusal;
    try {
      value = derive(context);
    } catch (error) {
      if (error instanceof RepriseError) throw error;
      const kind = error instanceof Error ? error.name : typeof error;
      throw this.#fault(`${given.table.name}.${name}`, by, `threw a ${kind}`);
    }
    if (value instanceof Refusal) return value;
    const fault = isComputed ? faultOfComputed(value, type) : faultOfValue(value, type);
    if (fault === undefined) return value;
    throw this.#fault(`${given.table.name}.${name}`, by, fault);
  }

  #fault(column: string, by: string, fault: string): RepriseError {
    const { name } = this.#pipeline;
    return new RepriseError(
      'TransformFault',
      `column ${name}.${column}: the ${by} ${fault}`,
      `correct it in pipelines/${name}, build, then plan again`,
    );
  }

  #row(
    table: number,
    eventId: string,
    micros: bigint,
    values: readonly Value[],
    offerIndex: number,
    event: EventFacts,
  ): CanonicalRow {
    const own = this.#pipeline.tables[table]?.own ?? [];
    const hash = rowHash([
      eventId,
      String(micros),
      String(event.receivedAtMicros),
      event.source,
      event.schemaVersion,
      ...values.map((value, place) => canonicalText(value, own[place]?.type ?? 'text')),
    ]);
    return { table, eventId, occurredAtMicros: micros, values, rowHash: hash, offerIndex };
  }
}

interface EventFacts {
  readonly receivedAtMicros: bigint;
  readonly source: string;
  readonly schemaVersion: string;
}

const items = (node: Json | undefined): readonly Json[] => (node?.kind === 'array' ? node.items : []);

function eventTypeOf(shape: CompiledShape, root: Json): string {
  if (typeof shape.eventType === 'string') return shape.eventType;
  const { of, prefix = '' } = shape.eventType;
  const place = shape.eventTypePlace;
  const value = place && scalarAt(place.field, place.node(root));
  const words = shape.when[of];
  return `${prefix}${words && typeof value === 'string' ? words[value] : value}`;
}
