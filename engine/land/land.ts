// Landing: deliveries from outside become raw objects. First all of the file is read and checked, into scratch; only
// then do objects appear. An object is named by its content, so that landing again, also after a crash halfway, adds
// what is missing and nothing twice. Names go into tables, plans and logs, and content may hold cards: the home's key
// makes the name.

import { keyedHash } from '../../model/keyed.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { RawWriter } from '../../ports/raw-writer.ts';
import type { Scratch } from '../../ports/scratch.ts';
import { rawPrefix } from '../plan/raw-keys.ts';
import { readDelivery } from './delivery.ts';
import { notADelivery, readLines } from './lines.ts';
import { type Part, Partitions } from './partitions.ts';
import { decodeRecords } from './record.ts';

export interface LandOptions {
  readonly pipeline: string;
  /** NDJSON, uncompressed: a delivery a line. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly lake: ObjectStore;
  readonly writer: RawWriter;
  readonly deliveryKey: Uint8Array;
  /** Of this landing alone; closed at its end, whatever the end. */
  readonly scratch: Scratch;
  readonly onProgress?: (progress: LandProgress) => void;
}

export interface LandProgress {
  readonly read: number;
  readonly landed: number;
}

export interface Landing {
  /** Deliveries in the file. */
  readonly read: number;
  readonly landed: number;
  readonly objects: readonly { readonly key: string; readonly rows: number }[];
  /** Deliveries of objects that were there before. */
  readonly alreadyThere: number;
  readonly objectsAlreadyThere: number;
}

/** @throws NotADelivery, having landed nothing, when one line is none */
export async function land(options: LandOptions): Promise<Landing> {
  const { scratch } = options;
  try {
    const { parts, read } = await partition(options);
    const objects = await publishAll(options, parts, read);
    const landed = objects.reduce((sum, { rows }) => sum + rows, 0);
    return {
      read,
      landed,
      objects,
      alreadyThere: read - landed,
      objectsAlreadyThere: parts.length - objects.length,
    };
  } finally {
    await scratch.close();
  }
}

async function partition({ chunks, scratch, onProgress }: LandOptions): Promise<{ parts: Part[]; read: number }> {
  const partitions = new Partitions(scratch);
  let read = 0;
  let blankLine: number | undefined;
  for await (const { first, lines } of readLines(chunks)) {
    for (const [place, line] of lines.entries()) {
      if (line === '' || line === '\r') {
        blankLine ??= first + place;
        continue;
      }
      // Blank lines are the end of the file, or they are none.
      if (blankLine !== undefined) throw notADelivery(blankLine, 'is blank');
      const found = readDelivery(line);
      if ('fault' in found) throw notADelivery(first + place, found.fault);
      partitions.add(found.delivery);
      read++;
    }
    await partitions.drain();
    onProgress?.({ read, landed: 0 });
  }
  return { parts: await partitions.finish(), read };
}

/** The objects that were not there before. While one goes to the lake, the next is being written in scratch. */
async function publishAll(
  { pipeline, lake, writer, scratch, deliveryKey, onProgress }: LandOptions,
  parts: readonly Part[],
  read: number,
): Promise<{ key: string; rows: number }[]> {
  const objects: { key: string; rows: number }[] = [];
  let landed = 0;
  let moving = Promise.resolve();
  const move = async (key: string, path: string, rows: number): Promise<void> => {
    if ((await lake.writeFile(key, path, { if: 'absent' })) === 'lost') return;
    objects.push({ key, rows });
    landed += rows;
    onProgress?.({ read, landed });
  };
  try {
    for (const { partition, digest, scratchName, rows } of parts) {
      const folder = `${rawPrefix(pipeline)}${partition}`;
      const key = `${folder}/landed-${keyedHash(deliveryKey, 'raw object', digest)}.parquet`;
      const isThere = (await lake.head(key)) !== undefined || (await lake.head(oldKey(folder, digest))) !== undefined;
      if (!isThere) {
        const path = scratch.path(`${scratchName}.parquet`);
        await writer.write(path, decodeRecords(scratch.read(scratchName)));
        await moving;
        moving = move(key, path, rows);
        // Awaited below; until then a failure is nobody's.
        moving.catch(() => {});
      }
      await scratch.remove(scratchName);
    }
  } finally {
    await moving;
  }
  return objects;
}

/** The name that versions before this one gave: a plain hash. What they landed is not landed again. */
const oldKey = (folder: string, digest: string): string => `${folder}/${digest.slice(0, 32)}.parquet`;
