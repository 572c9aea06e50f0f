// Raw objects of the simulation, and the reader that goes with them. Rows that were erased leave their positions.

import { createHash } from 'node:crypto';
import { RepriseError } from '../model/errors.ts';
import type { RawRow } from '../model/raw-row.ts';
import { parseTimeText } from '../model/time.ts';
import type { RawFooter, RawReader, RowRange, WholeObject } from '../ports/raw-reader.ts';
import type { Disk, SimStore } from './store.ts';

export interface RawDelivery {
  readonly received_at: string;
  readonly source: string | null;
  readonly body: string;
}

const ROW_GROUP_ROWS = 2;
const ROW_BYTES = 20;

/** `broken`: overwritten with what cannot be read. */
type RawContent = { readonly positions: number; readonly rows: readonly RawRow[] } | 'broken';

/** Lands an object, with all its rows but the erased ones; landing it again gives it another version. */
export function landObject(
  lake: SimStore,
  key: string,
  deliveries: readonly RawDelivery[],
  erased: ReadonlySet<number>,
): void {
  const rows = deliveries.map(rawRow).filter(({ row }) => !erased.has(row));
  const bytes = rows.reduce((sum, row) => sum + row.bodyBytes + ROW_BYTES, 0);
  lake.put(key, { positions: deliveries.length, rows } satisfies RawContent, bytes, { if: 'always' });
}

export function breakObject(lake: SimStore, key: string): void {
  lake.put(key, 'broken' satisfies RawContent, 1, { if: 'always' });
}

export class SimRawReader implements RawReader {
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async footer(path: string): Promise<RawFooter> {
    const { positions } = this.#content(path);
    const groups = Math.ceil(positions / ROW_GROUP_ROWS);
    const rowGroups = Array.from({ length: groups }, (_, group) => {
      const rows = Math.min(ROW_GROUP_ROWS, positions - group * ROW_GROUP_ROWS);
      return { rows, bytes: rows * ROW_BYTES };
    });
    return { rows: positions, rowGroups };
  }

  async *read(
    path: string,
    range: RowRange | undefined,
    bodyBytesMax: number,
  ): AsyncGenerator<readonly RawRow[], void, undefined> {
    const { positions, rows } = this.#content(path);
    const { from, to } = range ?? { from: 0, to: positions };
    yield rows
      .filter(({ row }) => row >= from && row < to)
      .map((row) => (row.bodyBytes > bodyBytesMax ? { ...row, body: undefined } : row));
  }

  async *readTogether(paths: readonly string[], bodyBytesMax: number): AsyncGenerator<WholeObject, void, undefined> {
    for (const [place, path] of paths.entries()) {
      if (this.#disk.get(path) === ('broken' satisfies RawContent)) continue;
      const rows: RawRow[] = [];
      for await (const batch of this.read(path, undefined, bodyBytesMax)) rows.push(...batch);
      yield { place, footer: await this.footer(path), rows };
    }
  }

  #content(path: string): Exclude<RawContent, 'broken'> {
    const content = this.#disk.get(path) as RawContent;
    if (content !== 'broken') return content;
    throw new RepriseError('UnreadableObject', 'the footer is no footer', 'replace it by an intact copy');
  }
}

export function rawRow(delivery: RawDelivery, row: number): RawRow {
  const receivedAtMicros = parseTimeText(delivery.received_at);
  if (receivedAtMicros === undefined) throw new RangeError(`received_at ${delivery.received_at} is no time`);
  return {
    row,
    receivedAtMicros,
    source: delivery.source,
    body: delivery.body,
    bodyBytes: Buffer.byteLength(delivery.body),
    bodySha256: createHash('sha256').update(delivery.body).digest('hex'),
  };
}
