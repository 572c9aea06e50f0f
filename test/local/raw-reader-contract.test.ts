// The reader of Parquet keeps the promises of every reader; what several writers and damages make of a file is tested beside
// it, in raw-reader.test.ts.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { createRawReader } from '../../adapters/duckdb/raw-reader.ts';
import { describeRawReader } from '../contracts/raw-reader.ts';

const ROW_GROUP_ROWS = 2;

describeRawReader('DuckDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-raw-contract-'));
  const reader = createRawReader({ scratch: join(folder, 'spill') });
  let objects = 0;
  const write = async (content: Uint8Array): Promise<string> => {
    const path = join(folder, `${objects++}.parquet`);
    await writeFile(path, content);
    return path;
  };
  return {
    reader,
    land: (deliveries) => {
      const columnData = (['received_at', 'source', 'body'] as const).map((name) => ({
        ...{ name, type: 'STRING' as const, nullable: true },
        data: deliveries.map((delivery) => delivery[name]),
      }));
      return write(Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: ROW_GROUP_ROWS })));
    },
    landBroken: () => write(Buffer.from('PAR1 and no footer')),
    close: async () => {
      await reader.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
