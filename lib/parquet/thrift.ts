// Reads Thrift's compact protocol, as a Parquet footer has it, without trusting it: every length and count is held
// against the bytes that are left, and nesting is bounded. It knows no Parquet.

/** The bytes are no compact Thrift, or end too early. */
export class ThriftFault extends Error {}

export type ThriftType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12;

export const STRUCT: ThriftType = 12;
export const LIST: ThriftType = 9;
export const BINARY: ThriftType = 8;

const STOP = 0;
const LONG_FORM = 15;
const VARINT_BYTES_MAX = 10;

export class ThriftReader {
  /** Where the next byte is read. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #depthMax: number;
  #depth = 0;

  constructor(bytes: Uint8Array, at: number, depthMax: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#depthMax = depthMax;
  }

  /** Calls `field` for each field; what it does not read (it then returns false, having read nothing) is skipped. */
  struct(field: (id: number, type: ThriftType, headerAt: number) => boolean): void {
    if (++this.#depth > this.#depthMax) throw new ThriftFault('nested too deep');
    let id = 0;
    for (;;) {
      const headerAt = this.at;
      const header = this.#byte();
      if ((header & 0x0f) === STOP) break;
      const type = asType(header & 0x0f);
      id = header >> 4 === 0 ? this.#small(this.integer()) : id + (header >> 4);
      if (!field(id, type, headerAt)) this.skip(type);
    }
    this.#depth--;
  }

  /** Reads a list of `type`, one call of `element` each; a list of other elements is a fault. */
  list(type: ThriftType, element: () => void): number {
    const header = this.#byte();
    const size = header >> 4 === LONG_FORM ? this.#size() : header >> 4;
    if (size > this.#bytes.length - this.at) throw new ThriftFault('a list is longer than the footer');
    if (size > 0 && (header & 0x0f) !== type) throw new ThriftFault('a list holds other elements');
    for (let place = 0; place < size; place++) element();
    return size;
  }

  /** A zigzag integer. Beyond 2^53 it is no longer exact, which is beyond every limit anyway. */
  integer(): number {
    let low = 0;
    let high = 0;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.#byte();
      if (count < 4) low += (byte & 0x7f) * 2 ** (7 * count);
      else high += (byte & 0x7f) * 2 ** (7 * (count - 4));
      if ((byte & 0x80) === 0) {
        const folded = low + high * 2 ** 28;
        return low % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
      }
    }
    throw new ThriftFault('an integer has no end');
  }

  binary(): Uint8Array {
    const size = this.#size();
    if (size > this.#bytes.length - this.at) throw new ThriftFault('a text is longer than the footer');
    this.at += size;
    return this.#bytes.subarray(this.at - size, this.at);
  }

  skip(type: ThriftType): void {
    switch (type) {
      case 1:
      case 2:
        return;
      case 3:
        this.#byte();
        return;
      case 4:
      case 5:
      case 6:
        this.integer();
        return;
      case 7:
        for (let count = 0; count < 8; count++) this.#byte();
        return;
      case 8:
        this.binary();
        return;
      case 9:
      case 10:
        this.#skipList();
        return;
      case 11:
        throw new ThriftFault('a footer has no maps');
      case 12:
        this.struct(() => false);
    }
  }

  #skipList(): void {
    if (++this.#depth > this.#depthMax) throw new ThriftFault('nested too deep');
    const type = asType((this.#bytes[this.at] ?? 0) & 0x0f || 1);
    // In a list, unlike in a field, a truth value takes a byte.
    this.list(type, () => this.skip(type <= 2 ? 3 : type));
    this.#depth--;
  }

  #size(): number {
    let size = 0;
    for (let count = 0; count < 5; count++) {
      const byte = this.#byte();
      size += (byte & 0x7f) * 2 ** (7 * count);
      if ((byte & 0x80) === 0) return size;
    }
    throw new ThriftFault('a length has no end');
  }

  #small(value: number): number {
    if (value < 0 || value > 0x7fff) throw new ThriftFault('a field id is out of range');
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new ThriftFault('the footer ends early');
    return byte;
  }
}

function asType(type: number): ThriftType {
  if (type < 1 || type > 12) throw new ThriftFault('no such type');
  return type as ThriftType;
}
