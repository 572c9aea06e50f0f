// Writes a struct of Thrift's compact protocol again with some of its fields changed; all others are copied byte by byte.

import { LIST, STRUCT, ThriftFault, ThriftReader, type ThriftType } from './thrift.ts';

/** What becomes of a field: it is left out, gets another integer, or is a struct or a list of structs to be edited. */
export type FieldEdit =
  | { readonly edit: 'drop' }
  | { readonly edit: 'integer'; readonly value: number }
  | { readonly edit: 'struct'; readonly fields: StructEdit }
  /** `fields` by the place of the struct in the list; undefined leaves it as it is. */
  | { readonly edit: 'structs'; readonly fields: (place: number) => StructEdit | undefined };

/** By field id; fields without an edit are kept. */
export type StructEdit = Readonly<Record<number, FieldEdit>>;

/** The struct that begins at `at`, edited. Throws ThriftFault. */
export function editStruct(bytes: Uint8Array, at: number, depthMax: number, edits: StructEdit): Uint8Array {
  const out: Uint8Array[] = [];
  write({ bytes, reader: new ThriftReader(bytes, at, depthMax), out }, edits);
  return Buffer.concat(out);
}

interface Editing {
  readonly bytes: Uint8Array;
  readonly reader: ThriftReader;
  readonly out: Uint8Array[];
}

function write(editing: Editing, edits: StructEdit): void {
  const { bytes, reader, out } = editing;
  let last = 0;
  reader.struct((id, type) => {
    const edit = edits[id];
    if (edit?.edit === 'drop') return false;
    out.push(fieldHeader(id - last, id, type));
    last = id;
    const from = reader.at;
    if (edit === undefined) {
      reader.skip(type);
      out.push(bytes.subarray(from, reader.at));
    } else if (edit.edit === 'integer') {
      reader.integer();
      out.push(varint(edit.value * 2));
    } else if (edit.edit === 'struct' && type === STRUCT) {
      write(editing, edit.fields);
    } else if (edit.edit === 'structs' && type === LIST) {
      writeList(editing, edit.fields);
    } else {
      throw new ThriftFault('a field is of another type');
    }
    return true;
  });
  out.push(Uint8Array.of(0));
}

function writeList({ bytes, reader, out }: Editing, fields: (place: number) => StructEdit | undefined): void {
  const items: Uint8Array[] = [];
  let place = 0;
  const size = reader.list(STRUCT, () => {
    const edits = fields(place++);
    const from = reader.at;
    if (edits === undefined) {
      reader.skip(STRUCT);
      items.push(bytes.subarray(from, reader.at));
    } else write({ bytes, reader, out: items }, edits);
  });
  out.push(
    size < 15 ? Uint8Array.of((size << 4) | STRUCT) : Buffer.concat([[0xf0 | STRUCT], varint(size)].map(asBytes)),
  );
  out.push(...items);
}

const asBytes = (part: Uint8Array | readonly number[]): Uint8Array => Uint8Array.from(part);

/** One byte for ids that follow closely, else the type and the id. */
const fieldHeader = (step: number, id: number, type: ThriftType): Uint8Array =>
  step >= 1 && step <= 15 ? Uint8Array.of((step << 4) | type) : Buffer.concat([asBytes([type]), varint(id * 2)]);

/** Seven bits a byte, the lowest first. A zigzag integer that is not negative is given doubled. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Uint8Array.from([...bytes, left]);
}
