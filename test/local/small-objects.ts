// Raw objects of a few rows each, many of them, as a stream that is flushed every few seconds writes them.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';

export interface SmallDelivery {
  readonly receivedAt: string;
  readonly source: string;
  readonly body: string;
}

/** Bytes of an object with these deliveries. `time`: whether `received_at` is a timestamp or text. */
export function smallObject(
  deliveries: readonly SmallDelivery[],
  time: 'timestamp' | 'text' = 'timestamp',
): Uint8Array {
  const times = deliveries.map(({ receivedAt }) => receivedAt);
  const content = parquetWriteBuffer({
    columnData: [
      time === 'text'
        ? { name: 'received_at', data: times, type: 'STRING' }
        : { name: 'received_at', data: times.map((text) => new Date(text)), type: 'TIMESTAMP' },
      { name: 'source', data: deliveries.map(({ source }) => source), type: 'STRING' },
      { name: 'body', data: deliveries.map(({ body }) => body), type: 'STRING' },
    ],
  });
  return new Uint8Array(content);
}

/** The stock change of that number, at a time of its own within the day. */
export function stockChange(number: number, day: string): SmallDelivery {
  const second = number % 86_400;
  const [hour, minute] = [Math.floor(second / 3600), Math.floor(second / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  const at = `${day}T${two(hour)}:${two(minute)}:${two(second % 60)}Z`;
  const ids = { event_id: `sc-${number}`, sku: `sku-${number % 97}`, order_id: `order-${number}` };
  const body = { ...ids, type: 'stock_changed', v: 1, at, delta: 1, reason: 'sale' };
  return { receivedAt: at, source: 'inventory-service', body: JSON.stringify(body) };
}

/** Fills a lake of pulsecart with objects of one row each, dealt over that many days from 1 June 2026. */
export async function fillLake(home: string, objects: number, days: number): Promise<void> {
  for (let number = 0; number < objects; number++) {
    const day = new Date(Date.UTC(2026, 5, 1 + (number % days))).toISOString().slice(0, 10);
    const path = join(home, 'lake', 'raw', 'pulsecart', `dt=${day}`, `part-${number}.parquet`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, smallObject([stockChange(number, day)]));
  }
}
