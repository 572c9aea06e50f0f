// A path in a statement names one file, whatever it is called and whatever lies beside it.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Duck, openDuck, quoteLiteral } from '../../adapters/duckdb/instance.ts';
import { copyToParquet, readParquet } from '../../adapters/duckdb/parquet-path.ts';

/** Each with the neighbours that its name would match as a pattern, and what patterns of other dialects know. */
const NAMES = [
  ...['part-[0].parquet', 'part-0.parquet', 'part-[[]0].parquet'],
  ...['*.parquet', '**.parquet', '**/a.parquet', 'b/a.parquet', 'a?b.parquet', 'axb.parquet', '??.parquet'],
  ...['[!a].parquet', '[a-z].parquet', 'z.parquet', '[.parquet', '].parquet', '[].parquet', '[]].parquet'],
  ...['g[a]/.h*/x.parquet', 'ga/.h1/x.parquet', '{a,b}.parquet', '%20 .parquet', "it's.parquet", '$HOME~.parquet'],
  ...['dt=2026-06-01/x.parquet', 'line\nbreak.parquet', 'é[é].parquet', 's3:/x.parquet', 'x!#&;@.parquet'],
];

let folder: string;
let duck: Duck;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-path-'));
  duck = await openDuck({ memoryMb: 256, threads: 1, tempFolder: join(folder, 'spill[x]*?') });
  for (const name of NAMES) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await duck.run(copyToParquet(`SELECT ${quoteLiteral(name)} AS own`, path));
  }
});
afterAll(async () => {
  await duck.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a path in a statement', () => {
  it.each(NAMES)('%j is that file and no other', async (name) => {
    expect(await duck.rows(`SELECT * FROM ${readParquet(join(folder, name))}`)).toEqual([{ own: name }]);
  });

  it('is the same in a list, and comes back in `filename` as it was given', async () => {
    const paths = NAMES.map((name) => join(folder, name));
    const rows = await duck.rows(`SELECT * FROM ${readParquet(paths, { filename: true })}`);
    expect(rows).toEqual(NAMES.map((name) => ({ own: name, filename: join(folder, name) })));
  });

  it.each(['s3://bucket/x.parquet', 'file://x.parquet', '~/x.parquet', 'x.parquet'])('%j is refused', (path) => {
    expect(() => readParquet(path)).toThrow('is not absolute');
    expect(() => copyToParquet('SELECT 1', path)).toThrow('is not absolute');
  });
});
