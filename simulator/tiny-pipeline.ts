// A pipeline as small as one can be that has everything which decides how a staged row meets the table: two sources
// with precedence, a bare and a prefixed identity, parts, offered rows with their own key and date. Its variants are
// the ways in which transforms change.

import { type CompiledPipeline, compilePipeline } from '../model/compile.ts';
import { array, integer, object, oneOf, text, timeText } from '../model/fields.ts';
import { column, compute, definePipeline, input, listed, type Pipeline, type Shape } from '../model/language.ts';

/** How the transforms differ from the plain ones. */
export interface Variant {
  /** A column gets another value. */
  readonly value: boolean;
  /** A word leaves the closed list: deliveries are rejected that were accepted. */
  readonly narrow: boolean;
  /** A required field becomes optional: deliveries are accepted that were rejected. */
  readonly wide: boolean;
  /** Notes and memos change tables, which have the same columns. */
  readonly moved: boolean;
  /** Events are dated by another field. */
  readonly dated: boolean;
  /** Sales are identified by another field. */
  readonly keyed: boolean;
  /** Marks are identified by another field. */
  readonly marksKeyed: boolean;
  /** Marks are dated by another field. */
  readonly marksDated: boolean;
  /** Neither source goes before the other. */
  readonly levelled: boolean;
}

export const VARIANT_NAMES = [
  'value',
  'narrow',
  'wide',
  'moved',
  'dated',
  'keyed',
  'marksKeyed',
  'marksDated',
  'levelled',
] as const satisfies readonly (keyof Variant)[];

/** The variant whose bits are set, in the order of VARIANT_NAMES. */
function variantOf(bits: number): Variant {
  return Object.fromEntries(
    VARIANT_NAMES.map((name, place) => [name, ((bits >> place) & 1) === 1]),
  ) as unknown as Variant;
}

const compiled = new Map<number, CompiledPipeline>();

export function tinyPipeline(bits: number): CompiledPipeline {
  const known = compiled.get(bits);
  if (known !== undefined) return known;
  const pipeline = compilePipeline(declaration(variantOf(bits)), { sourceDigest: 'simulation' });
  compiled.set(bits, pipeline);
  return pipeline;
}

function declaration(variant: Variant): Pipeline {
  const note = { text: column.text('text') };
  return definePipeline({
    name: 'tiny',
    title: 'everything that decides how a staged row meets the table',
    sources: { shop: { versions: [1] }, web: { versions: [1], precedence: variant.levelled ? 0 : 1 } },
    shapes: {
      sale: {
        source: ['shop', 'web'],
        version: 1,
        when: { type: listed('sale') },
        eventType: { of: 'type' },
        fields: {
          id: text(),
          other_id: text(),
          at: timeText(),
          other_at: timeText(),
          amount: integer(),
          grade: oneOf(variant.narrow ? ['good'] : ['good', 'poor']),
          buyer: text(variant.wide ? { optional: true } : {}),
          lines: array(object({ item: text() })),
          marks: array(
            object({ mark: text(), other_mark: text(), at: timeText(), other_at: timeText(), word: text() }),
          ),
        },
        identity: { prefix: 'sale', parts: [variant.keyed ? 'other_id' : 'id'] },
        occurredAt: variant.dated ? 'other_at' : 'at',
      },
      note: noteShape('note', variant),
      memo: noteShape('memo', variant),
    },
    tables: {
      sales: {
        shapes: ['sale'],
        columns: {
          amount: column.integer(
            variant.value
              ? compute({ amount: input.integer('amount') }, ({ amount }) => (amount ?? 0n) + 100n)
              : compute({ amount: input.integer('amount') }, ({ amount }) => amount),
          ),
          grade: column.text('grade'),
          buyer: column.text('buyer'),
        },
      },
      sale_lines: {
        shapes: ['sale'],
        rows: { of: { sale: 'lines' }, index: { column: 'line_no', from: 1 } },
        columns: { item: column.text('./item') },
      },
      marks: {
        shapes: ['sale'],
        rows: { of: { sale: 'marks' } },
        offered: {
          identity: { parts: [variant.marksKeyed ? './other_mark' : './mark'] },
          occurredAt: variant.marksDated ? './other_at' : './at',
        },
        columns: { word: column.text('./word') },
      },
      notes: { shapes: [variant.moved ? 'memo' : 'note'], columns: note },
      memos: { shapes: [variant.moved ? 'note' : 'memo'], columns: note },
    },
  });
}

/** Notes and memos share their identities: a delivery can turn one into the other. */
function noteShape(type: string, variant: Variant): Shape {
  return {
    source: 'shop',
    version: 1,
    when: { type: listed(type) },
    eventType: { of: 'type' },
    fields: { id: text(), at: timeText(), other_at: timeText(), text: text() },
    identity: { bare: true, parts: ['id'] },
    occurredAt: variant.dated ? 'other_at' : 'at',
  };
}
