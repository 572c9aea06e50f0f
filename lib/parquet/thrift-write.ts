// Writes structs of Thrift's compact protocol: what a Parquet footer needs of it, and no more.

const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
const SHORT_LIST_MAX = 14;

/** A field without its header, which depends on the field before. */
export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A zigzag integer of the given type: 5 is i32, 6 is i64. */
export const integerField = (id: number, type: number, value: number): ThriftField => ({
  id,
  type,
  bytes: varint(value * 2),
});

export const binaryField = (id: number, text: string): ThriftField => ({ id, type: BINARY, bytes: binary(text) });

export const structField = (id: number, struct: Uint8Array): ThriftField => ({ id, type: STRUCT, bytes: struct });

/** A list of integers, texts or structs. */
export function listField(id: number, element: number, items: readonly (number | string | Uint8Array)[]): ThriftField {
  const head =
    items.length <= SHORT_LIST_MAX
      ? Uint8Array.of((items.length << 4) | element)
      : Buffer.concat([Uint8Array.of(0xf0 | element), varint(items.length)]);
  const written = items.map((item) => {
    if (typeof item === 'number') return varint(item * 2);
    return typeof item === 'string' ? binary(item) : item;
  });
  return { id, type: LIST, bytes: Buffer.concat([head, ...written]) };
}

/** Fields ascending by id, no more than 15 apart. */
export function thriftStruct(fields: readonly ThriftField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const { id, type, bytes } of fields) {
    parts.push(Uint8Array.of(((id - last) << 4) | type), bytes);
    last = id;
  }
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

function binary(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** Whole numbers from 0 up; beyond 32 bits too. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  return Uint8Array.of(...bytes, left);
}
