// Lands deliveries into the lake of a home.

import { join } from 'node:path';
import { createRawWriter } from '../../adapters/duckdb/raw-writer.ts';
import { openScratch } from '../../adapters/folder/scratch.ts';
import { type Landing, type LandProgress, land } from '../../engine/land/land.ts';
import type { Engine } from './engine.ts';

export { openDeliveryFile } from '../../adapters/folder/delivery-file.ts';

/** Lands one stream of NDJSON into the engine's lake. */
export async function landChunks(
  engine: Engine,
  pipeline: string,
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (progress: LandProgress) => void = () => {},
): Promise<Landing> {
  const writer = createRawWriter({ scratch: join(engine.home.scratch, 'land-spill') });
  try {
    const scratch = await openScratch(join(engine.home.scratch, 'land'));
    const { lake, deliveryKey } = engine.home;
    return await land({ pipeline, chunks, lake, writer, scratch, deliveryKey, onProgress });
  } finally {
    await writer.close();
  }
}
