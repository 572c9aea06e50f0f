// Raw objects that somebody removes, cuts, replaces or puts beside others.

import { readFileSync, writeFileSync } from 'node:fs';
import { parquetMetadata } from 'hyparquet';
import type { Damage } from './damage.ts';
import type { Home, IntactHome } from './home.ts';

const DATE = '2026-06-03';
const REPLAY = `reprise backfill shop --from ${DATE} --to 2026-06-04`;
const FOLDER = `lake/raw/shop/dt=${DATE}`;
const BROUGHT = 'lake/raw/shop/dt=2026-06-04/hour=00/brought.parquet';
const object = (home: Home): string => home.keys(FOLDER)[0] ?? 'no object';

const back =
  (key: string | ((home: Home) => string)) =>
  (home: Home, intact: IntactHome): void =>
    intact.putBack(home, typeof key === 'string' ? key : key(intact.home));

/** What cannot be read is to be put back; the command that looks again is typed. */
const unreadable = (kind: string, key: (home: Home) => string, done: (home: Home) => unknown, why: string): Damage => ({
  kind,
  done,
  found: {
    by: 'reprise verify shop',
    exit: 4,
    names: [new RegExp(`cannot be read: raw/shop/\\S+ \\(${why}\\)`)],
  },
  byHand: { advice: 'restore them in the lake, then see what is left: reprise reconcile shop', does: back(key) },
  prints: ['reprise reconcile shop', REPLAY],
  types: ['reprise reconcile shop'],
});

/** A letter in the middle of the bodies. */
function flip(home: Home): void {
  const path = home.at(BROUGHT);
  const content = readFileSync(path);
  const { columns = [] } = parquetMetadata(new Uint8Array(content).buffer).row_groups[0] ?? {};
  const body = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === 'body')?.meta_data;
  const at = Number(body?.data_page_offset) + Math.floor(Number(body?.total_compressed_size) / 2);
  content[at] = (content[at] as number) ^ 1;
  writeFileSync(path, content);
}

export const raw: readonly Damage[] = [
  unreadable('a raw object is cut', object, (home) => home.cut(object(home)), 'truncated'),
  unreadable(
    'a raw object is another file',
    object,
    (home) => home.write(object(home), 'this is no Parquet file, but some text'),
    'no Parquet file',
  ),
  {
    ...unreadable('a byte in a page with a checksum is flipped', () => BROUGHT, flip, '.*checksum.*'),
    prints: ['reprise reconcile shop', 'reprise backfill shop --from 2026-06-04 --to 2026-06-05'],
  },
  {
    kind: 'a raw object is removed',
    done: (home) => home.remove(object(home)),
    found: { by: 'reprise verify shop', exit: 0, names: [`raw is gone of 12 events at ${DATE} (12)`] },
    byHand: { advice: /expired, or taken away/, does: back(object) },
    prints: [],
  },
];
