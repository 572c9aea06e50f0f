// Raw objects that somebody removes, cuts, replaces or puts beside others.

import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteFile } from 'hyparquet-writer';
import { type Damage, obey } from './damage.ts';
import { type Home, type IntactHome, plainObject, REPLACEABLE } from './home.ts';

const DATE = '2026-06-03';
const FOLDER = `lake/raw/shop/dt=${DATE}`;
const BROUGHT = 'lake/raw/shop/dt=2026-06-04/hour=00/brought.parquet';
const VERIFY = 'reprise verify shop';
const RECONCILE = 'reprise reconcile shop';
const DOCTOR = 'reprise doctor';
const replay = (from: string, to: string): string => `reprise backfill shop --from ${from} --to ${to}`;

type KeyOf = (home: Home) => string;
const object: KeyOf = (home) => home.keys(FOLDER)[0] ?? 'no object';
const brought: KeyOf = () => BROUGHT;

const putBack =
  (key: KeyOf) =>
  (home: Home, intact: IntactHome): void =>
    intact.putBack(home, key(intact.home));

/** What cannot be read is put back, before or after the dates were replayed without it. */
function unreadable(kind: string, key: KeyOf, done: (home: Home) => unknown, why: string): readonly Damage[] {
  const [from, to] = key === brought ? ['2026-06-04', '2026-06-05'] : [DATE, '2026-06-04'];
  const found = {
    done,
    found: { by: VERIFY, exit: 4, names: [new RegExp(`cannot be read: raw/shop/\\S+ \\(${why}\\)`)] },
    advice: 'restore them in the lake, then see what is left: reprise reconcile shop',
    prints: [RECONCILE, replay(from, to)],
  };
  return [
    { ...found, kind: `${kind}, and put back`, byHand: putBack(key), types: [RECONCILE] },
    {
      ...found,
      kind: `${kind}, and put back after a replay without it`,
      types: [replay(from, to)],
      ends: async (home, intact) => {
        putBack(key)(home, intact);
        await obey(home, RECONCILE);
      },
    },
  ];
}

/** A letter in the middle of the bodies. */
function flip(home: Home): void {
  const content = readFileSync(home.at(BROUGHT));
  const { columns = [] } = parquetMetadata(new Uint8Array(content).buffer).row_groups[0] ?? {};
  const body = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === 'body')?.meta_data;
  const at = Number(body?.data_page_offset) + Math.floor(Number(body?.total_compressed_size) / 2);
  content[at] = (content[at] as number) ^ 1;
  home.write(BROUGHT, content);
}

const withoutBody = (home: Home): void =>
  parquetWriteFile({
    filename: home.at(object(home)),
    columnData: (['received_at', 'source'] as const).map((name) => ({ name, data: ['till'], type: 'STRING' as const })),
  });

/** As long as the one that it replaces. */
const OTHER_NOTE = 'other';

/** The same size and times, another note. */
function replace(home: Home): void {
  const path = home.at(REPLACEABLE);
  const before = statSync(path);
  plainObject(home, OTHER_NOTE);
  const after = statSync(path);
  if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw new Error('the object looks replaced');
}

const gone = (kind: string, key: string, by: string, dates: string): Damage => ({
  kind,
  done: (home) => renameSync(home.at(key), `${home.path}-aside`),
  found: { by, exit: 0, names: [`raw is gone of ${dates}`] },
  advice: /expired, or taken away/,
  byHand: (home) => renameSync(`${home.path}-aside`, home.at(key)),
  prints: [],
});

const LOOK = 'reprise reconcile shop --dry-run';
const COPY = BROUGHT.replace('brought', 'copy');
const MOVED = 'lake/raw/shop/dt=2026-06-20/hour=00/moved.parquet';
const ALL = 'lake/raw';
const AWAY = 'put back below lake/raw/shop what was taken away';

export const raw: readonly Damage[] = [
  ...unreadable('a raw object is cut', object, (home) => home.cut(object(home)), 'truncated'),
  ...unreadable(
    'a raw object is another file',
    object,
    (home) => home.write(object(home), 'this is no Parquet file, but some text'),
    'no Parquet file',
  ),
  ...unreadable('a raw object is empty', object, (home) => home.write(object(home), ''), '.*'),
  ...unreadable('a raw object lacks a column', object, withoutBody, '.*body.*'),
  ...unreadable('a byte in a page with a checksum is flipped', brought, flip, '.*checksum'),
  {
    kind: 'a raw object is replaced by one of the same size and time',
    done: replace,
    found: { by: RECONCILE, exit: 0, names: ['because an object that had been read was replaced'] },
    prints: [replay('2026-06-04', '2026-06-05')],
    ends: async (home, intact) => {
      expectNote(await home.sql("SELECT note FROM shop.sales WHERE event_id = 'h-2026-06-04'"));
      putBack(() => REPLACEABLE)(home, intact);
      await obey(home, RECONCILE);
    },
  },
  {
    kind: 'a raw object is replaced, which verify sees too',
    done: replace,
    found: { by: VERIFY, exit: 4, names: [/sales +2026-06-04 +h-2026-06-04 +differs/] },
    prints: [replay('2026-06-04', '2026-06-05')],
    ends: async (home, intact) => {
      putBack(() => REPLACEABLE)(home, intact);
      await obey(home, VERIFY);
    },
  },
  gone('a raw object is moved away', BROUGHT, VERIFY, '1 event at 2026-06-04 (1)'),
  gone('the raw of a date is moved away', FOLDER, VERIFY, `12 events at ${DATE} (12)`),
  {
    ...gone('the raw of a date is moved away, and doctor asked', FOLDER, DOCTOR, `12 events at ${DATE}`),
    advice: AWAY,
  },
  { ...gone('the lake is moved away, and doctor asked', ALL, DOCTOR, '74 events at 2026-06-01 (12)'), advice: AWAY },
  {
    ...gone('the lake is moved away', ALL, RECONCILE, ''),
    found: { by: RECONCILE, exit: 0, names: ['the lake has no raw object of shop, and 7 dates were published'] },
    advice: 'what was taken away is to be put back below lake/raw/shop',
    types: [RECONCILE],
  },
  {
    ...gone('the lake is moved away, and verify asked', ALL, VERIFY, ''),
    found: { by: VERIFY, exit: 2, names: ['the lake has no raw objects under raw/shop/'] },
    advice: 'or put back what was taken away',
    prints: ['reprise land shop FILE…'],
    types: [],
  },
  {
    kind: 'a stray file is beside the objects',
    done: (home) => home.write(`${FOLDER}/notes.txt`, 'by hand'),
    found: { by: DOCTOR, exit: 0, names: [`are not looked at, among them raw/shop/dt=${DATE}/notes.txt`] },
    byHand: (home) => home.remove(`${FOLDER}/notes.txt`),
    prints: [],
  },
  {
    kind: 'an object is below no date',
    done: (home) => renameSync(home.at(object(home)), home.at('lake/raw/shop/astray.parquet')),
    found: { by: DOCTOR, exit: 1, names: ['raw/shop/astray.parquet is not read: not below dt=YYYY-MM-DD/'] },
    advice: 'move it below dt=YYYY-MM-DD/',
    byHand: (home, intact) => renameSync(home.at('lake/raw/shop/astray.parquet'), home.at(object(intact.home))),
    prints: [],
  },
  {
    kind: 'a raw object is there under another name too',
    done: (home) => copyFileSync(home.at(BROUGHT), home.at(COPY)),
    found: { by: LOOK, exit: 0, names: ['would replay 1 object', COPY.replace('lake/', '')] },
    prints: [],
    types: [RECONCILE],
    // Its rows are now those of the copy.
    ends: async (home) => {
      home.remove(COPY);
      await obey(home, RECONCILE);
    },
  },
  {
    kind: 'a raw object is moved to another date of arrival',
    done: (home) => {
      mkdirSync(dirname(home.at(MOVED)), { recursive: true });
      renameSync(home.at(BROUGHT), home.at(MOVED));
    },
    found: { by: LOOK, exit: 0, names: [MOVED.replace('lake/', ''), 'because an object that had been read is gone'] },
    prints: [replay('2026-06-04', '2026-06-05')],
    types: [RECONCILE, replay('2026-06-04', '2026-06-05')],
    ends: async (home) => {
      renameSync(home.at(MOVED), home.at(BROUGHT));
      await obey(home, RECONCILE);
    },
  },
];

function expectNote(rows: readonly object[]): void {
  if (JSON.stringify(rows) !== JSON.stringify([{ note: OTHER_NOTE }]))
    throw new Error(`the note is ${JSON.stringify(rows)}`);
}
