// Deliveries on their way to objects: sorted into arrival hours, cut into parts of bounded size, kept in scratch files
// in the order in which they came. Its object's name is made from a part's digest, which is of exactly these bytes.

import { createHash, type Hash } from 'node:crypto';
import { dateOfMicros, formatDay } from '../../model/time.ts';
import type { Scratch } from '../../ports/scratch.ts';
import type { Delivery } from './delivery.ts';
import { LAND_LIMITS } from './limits.ts';
import { encodeRecord } from './record.ts';

const MICROS_PER_HOUR = 3_600_000_000n;
const HOURS_PER_DAY = 24n;
const HELD_BYTES_MIN = 4096;
const NOTHING = new Uint8Array(0);

/** The deliveries of one future object. */
export interface Part {
  /** `dt=YYYY-MM-DD/hour=HH`, of arrival, UTC. */
  readonly partition: string;
  readonly scratchName: string;
  readonly rows: number;
  /** sha256 over the deliveries in order, hex. It can be searched for what they hold: not to be shown or kept. */
  readonly digest: string;
}

interface OpenPart {
  readonly partition: string;
  readonly scratchName: string;
  readonly hash: Hash;
  rows: number;
  bodyBytes: number;
  /** Not yet in the scratch file: the first `heldBytes` of it. */
  held: Uint8Array;
  heldBytes: number;
}

export class Partitions {
  readonly #scratch: Scratch;
  /** The part that an hour's next delivery goes to. */
  readonly #current = new Map<bigint, OpenPart>();
  readonly #parts: OpenPart[] = [];
  /** Parts that hold something. */
  readonly #waiting = new Set<OpenPart>();
  #heldBytes = 0;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  add(delivery: Delivery): void {
    const { record, bodyBytes } = encodeRecord(delivery);
    const part = this.#partFor(flooredHour(delivery.receivedAtMicros), bodyBytes);
    part.hash.update(record);
    this.#hold(part, record);
    part.rows++;
    part.bodyBytes += bodyBytes;
  }

  /** To be awaited now and then: what is held goes to scratch when it is much. */
  async drain(): Promise<void> {
    if (this.#heldBytes >= LAND_LIMITS.heldBytesMax) await this.#flush();
  }

  /** Every part, by hour and then in the order of the file. */
  async finish(): Promise<Part[]> {
    await this.#flush();
    // Stable, so that parts of one hour stay as they were opened.
    const ordered = this.#parts.sort((a, b) => Number(a.partition > b.partition) - Number(a.partition < b.partition));
    return ordered.map(({ partition, scratchName, rows, hash }) => ({
      partition,
      scratchName,
      rows,
      digest: hash.digest('hex'),
    }));
  }

  #partFor(hour: bigint, bytes: number): OpenPart {
    const current = this.#current.get(hour);
    const hasRoom =
      current !== undefined &&
      current.rows < LAND_LIMITS.objectRowsMax &&
      current.bodyBytes + bytes <= LAND_LIMITS.objectBodyBytesMax;
    if (hasRoom) return current;
    const part: OpenPart = {
      partition: partitionOf(hour),
      scratchName: `part-${this.#parts.length}`,
      hash: createHash('sha256'),
      rows: 0,
      bodyBytes: 0,
      held: NOTHING,
      heldBytes: 0,
    };
    this.#parts.push(part);
    this.#current.set(hour, part);
    return part;
  }

  /** Room doubles, so that few records move. */
  #hold(part: OpenPart, record: Uint8Array): void {
    const needed = part.heldBytes + record.length;
    if (needed > part.held.length) {
      const roomier = new Uint8Array(Math.max(needed, 2 * part.held.length, HELD_BYTES_MIN));
      roomier.set(part.held.subarray(0, part.heldBytes));
      this.#heldBytes += roomier.length - part.held.length;
      part.held = roomier;
    }
    part.held.set(record, part.heldBytes);
    part.heldBytes = needed;
    this.#waiting.add(part);
  }

  async #flush(): Promise<void> {
    for (const part of this.#waiting) {
      await this.#scratch.append(part.scratchName, part.held.subarray(0, part.heldBytes));
      part.held = NOTHING;
      part.heldBytes = 0;
    }
    this.#waiting.clear();
    this.#heldBytes = 0;
  }
}

function flooredHour(micros: bigint): bigint {
  const hour = micros / MICROS_PER_HOUR;
  return hour * MICROS_PER_HOUR > micros ? hour - 1n : hour;
}

function partitionOf(hour: bigint): string {
  const day = dateOfMicros(hour * MICROS_PER_HOUR);
  const hourOfDay = Number(hour - BigInt(day) * HOURS_PER_DAY);
  return `dt=${formatDay(day)}/hour=${String(hourOfDay).padStart(2, '0')}`;
}
