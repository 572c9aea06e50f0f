// What a producer's body may hold, field by field, as data. A field is required unless it says otherwise. Reading and
// checking a body against these lives in validate.ts.

interface FieldTraits {
  /** May be absent or null. */
  readonly optional?: true;
  /** Must be present, may be null. */
  readonly nullable?: true;
  /** Names a person: the kind of erasure subject its value identifies. */
  readonly subject?: string;
  /** Its value may only reach restricted columns. */
  readonly restricted?: true;
  /** Its value may reach no column at all except through a function. */
  readonly secret?: true;
}

export type FieldKind =
  | { readonly kind: 'text' }
  | { readonly kind: 'integer' }
  | { readonly kind: 'number' }
  | { readonly kind: 'boolean' }
  /** Text time, epoch milliseconds, or the text `seconds.micros`. */
  | { readonly kind: 'time'; readonly form: 'text' | 'epoch_ms' | 'seconds_micros' }
  /** An exact decimal sent as text or as a JSON number. */
  | { readonly kind: 'decimal'; readonly form: 'text' | 'number' }
  /** Text out of a closed list; `spellings` maps what is sent to what it means. */
  | { readonly kind: 'oneOf'; readonly spellings: Readonly<Record<string, string>> }
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'array'; readonly of: Field }
  /** An array of fixed length, each place with its own field. */
  | { readonly kind: 'tuple'; readonly of: readonly Field[] };

export type Field = FieldKind & FieldTraits;
export type Fields = Readonly<Record<string, Field>>;

type Traits = FieldTraits;

export const text = (traits: Traits = {}): Field => ({ kind: 'text', ...traits });
export const integer = (traits: Traits = {}): Field => ({ kind: 'integer', ...traits });
export const number = (traits: Traits = {}): Field => ({ kind: 'number', ...traits });
export const boolean = (traits: Traits = {}): Field => ({ kind: 'boolean', ...traits });
export const timeText = (traits: Traits = {}): Field => ({ kind: 'time', form: 'text', ...traits });
export const epochMs = (traits: Traits = {}): Field => ({ kind: 'time', form: 'epoch_ms', ...traits });
export const secondsMicros = (traits: Traits = {}): Field => ({ kind: 'time', form: 'seconds_micros', ...traits });
export const decimalText = (traits: Traits = {}): Field => ({ kind: 'decimal', form: 'text', ...traits });
export const decimalNumber = (traits: Traits = {}): Field => ({ kind: 'decimal', form: 'number', ...traits });
export const object = (fields: Fields, traits: Traits = {}): Field => ({ kind: 'object', fields, ...traits });
/** An object of anything. */
export const anyObject = (traits: Traits = {}): Field => ({ kind: 'object', fields: {}, ...traits });
export const array = (of: Field, traits: Traits = {}): Field => ({ kind: 'array', of, ...traits });
export const tuple = (of: readonly Field[], traits: Traits = {}): Field => ({ kind: 'tuple', of, ...traits });

/** Text out of a list: either the listed words as they are, or `{canonical: [spellings…]}`. */
export function oneOf(
  words: readonly string[] | Readonly<Record<string, readonly string[]>>,
  traits: Traits = {},
): Field {
  const pairs = Array.isArray(words)
    ? words.map((word) => [word, word] as const)
    : Object.entries(words as Readonly<Record<string, readonly string[]>>).flatMap(([canonical, spellings]) =>
        spellings.map((spelling) => [spelling, canonical] as const),
      );
  return { kind: 'oneOf', spellings: Object.fromEntries(pairs), ...traits };
}
