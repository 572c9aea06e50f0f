// Documents of the control store beside runs and ledger: what makes the folder a home, and what is derived again.

import { copyFileSync, renameSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { openFileStore } from '../../adapters/folder/files.ts';
import { Coverage } from '../../engine/reconcile/coverage.ts';
import type { CoverageDraft } from '../../engine/reconcile/coverage-draft.ts';
import { arrivalDate } from '../../ports/arrival.ts';
import { type Damage, obey, typeAll } from './damage.ts';
import type { Home } from './home.ts';

const DOCTOR = 'reprise doctor';
const MARKER = 'control/home.json';
const KEY = 'control/delivery.key';
const HEAD = 'control/ledger-heads/shop.json';
const COVERAGE = 'control/coverage/shop.json';
const LEASES = 'control/leases/shop.json';
const SCHEMA = 'control/schemas/shop.json';
const pages = (home: Home, ending: string): string[] =>
  home.keys('control/catalog').filter((key) => key.endsWith(ending));

function swap(home: Home, ending: string): void {
  const [one = '', other = ''] = pages(home, ending).map((key) => home.at(key));
  renameSync(one, `${home.path}-aside`);
  renameSync(other, one);
  renameSync(`${home.path}-aside`, other);
}

const fromCopy = (
  kind: string,
  key: string,
  done: (home: Home, key: string) => unknown,
  names: readonly (string | RegExp)[],
  prints: readonly string[] = [],
): Damage => ({
  kind,
  done: (home) => done(home, key),
  found: { by: DOCTOR, exit: 1, names },
  advice: 'restore it from a copy of the home',
  byHand: (home, intact) => intact.putBack(home, key),
  prints,
  types: [],
});

const NEW_KEY = ['reprise init --new-delivery-key'];
const OTHER_KEY = /control\/delivery\.key is not what 2 manifests of runs are sealed with: the key was changed/;

const home: readonly Damage[] = [
  fromCopy('the marker of the home is removed', MARKER, (one, key) => one.remove(key), [
    /home\.json is missing/,
    'it holds exactly {"format":2,"createdBy":"reprise"}',
  ]),
  fromCopy('the marker of the home is cut', MARKER, (one, key) => one.cut(key), [/home\.json cannot be read/]),
  fromCopy('delivery.key is removed', KEY, (one, key) => one.remove(key), [/delivery\.key is missing/], NEW_KEY),
  fromCopy('delivery.key is cut', KEY, (one, key) => one.cut(key), [/has 16 bytes instead of 32/], NEW_KEY),
  fromCopy(
    'delivery.key is another',
    KEY,
    (one, key) => one.garbage(key),
    [OTHER_KEY],
    ['reprise backfill <pipeline> --all'],
  ),
  {
    kind: 'delivery.key is lost, and made anew',
    done: (one) => one.remove(KEY),
    found: { by: DOCTOR, exit: 1, names: [/delivery\.key is missing/] },
    prints: NEW_KEY,
    further: ['reprise backfill <pipeline> --all'],
  },
];

/** A document that is derived again: doctor says by what. */
const derived = (
  kind: string,
  done: (home: Home) => unknown,
  name: string | RegExp,
  advice: string,
  ...types: readonly string[]
): Damage => ({ kind, done, found: { by: DOCTOR, exit: 0, names: [name] }, advice, prints: [], types });

const BY_RUN = 'nothing to do: the next run derives it from the ledger';
const BY_RECONCILE = 'nothing to do: the next reconcile derives it again';
const BY_ENTRY = 'nothing to do: the next entry writes it again';
const BY_PLAN = 'nothing to do: the next plan reads these objects again';
const PLAN = 'reprise plan shop --all';
const damaged = (key: string): RegExp => new RegExp(`${key} is damaged: its \\d+ bytes are not a whole JSON document`);

const REBUILD = ['reprise reconcile shop --rebuild'];
const dayOf = (home: Home, arrival: string): string => home.keys(`control/coverage/shop/dt=${arrival}`)[0] ?? '';
const CHANGED_PAGE = /control\/catalog\/shop\/\S+\.jsonl is damaged, or was changed after it was written/;

const caches: readonly Damage[] = [
  ...(['cut', 'garbage'] as const).flatMap((how): Damage[] => [
    derived(
      `the leases are ${how}`,
      (one) => one[how](LEASES),
      damaged(LEASES),
      BY_RUN,
      'reprise backfill shop --from 2026-06-01 --to 2026-06-02',
    ),
    derived(
      `coverage is ${how}`,
      (one) => one[how](COVERAGE),
      damaged(COVERAGE),
      BY_RECONCILE,
      'reprise reconcile shop',
    ),
    {
      kind: `coverage of an arrival date is ${how}`,
      done: (one) => one[how](dayOf(one, '2026-06-01')),
      found: {
        by: DOCTOR,
        exit: 0,
        names: [/coverage\/shop\/dt=2026-06-01\/\S+ is damaged: it was changed after it was/],
      },
      prints: REBUILD,
    },
    derived(`the head of the ledger is ${how}`, (one) => one[how](HEAD), damaged(HEAD), BY_ENTRY, PLAN),
    derived(
      `entries of the catalog are ${how}`,
      (one) => one[how](pages(one, '.jsonl')[0] ?? ''),
      CHANGED_PAGE,
      BY_PLAN,
      PLAN,
    ),
    {
      kind: `a page of the catalog is ${how}`,
      done: (one) => one[how](pages(one, '.parquet')[0] ?? ''),
      found: { by: DOCTOR, exit: 0, names: [/control\/catalog\/shop\/\S+\.parquet is damaged/] },
      prints: ['reprise catalog build shop'],
    },
  ]),
  derived('the head of the ledger is removed', (one) => one.remove(HEAD), `${HEAD} is missing`, BY_ENTRY, PLAN),
  {
    ...derived(
      'versions of raw objects are garbage',
      (one) => one.garbage(one.keys('control/versions')[0] ?? ''),
      damaged('control/versions/\\w+\\.json'),
      BY_PLAN,
      PLAN,
    ),
    // Versions of files that are as young as this are not kept.
    byHand: () => setTimeout(2100),
  },
  derived(
    'entries of the catalog are edited',
    (one) => one.edit(pages(one, '.jsonl')[0] ?? '', (text) => text.replace(/"rows":\d+/, '"rows":1')),
    CHANGED_PAGE,
    BY_PLAN,
    PLAN,
  ),
  derived('entries of the catalog are swapped', (one) => swap(one, '.jsonl'), CHANGED_PAGE, BY_PLAN, PLAN),
  {
    kind: 'pages of the catalog are swapped',
    done: (one) => swap(one, '.parquet'),
    found: { by: 'reprise verify shop', exit: 1, names: [/2 page\(s\) of the catalog could not be read/] },
    advice: 'run this again: the objects that they knew are read again',
    prints: [],
    types: ['reprise verify shop'],
  },
  {
    kind: 'a page of the catalog is removed',
    done: (one) => one.remove(pages(one, '.parquet')[0] ?? ''),
    found: { by: 'reprise verify shop', exit: 1, names: [/1 page\(s\) of the catalog could not be read/] },
    advice: 'run this again: the objects that they knew are read again',
    prints: [],
    types: ['reprise verify shop'],
  },
];

const BROUGHT = 'lake/raw/shop/dt=2026-06-04/hour=00/brought.parquet';
const COPY = BROUGHT.replace('brought', 'copy');

/** As somebody would who gave the edited document the name that fits it, and named it in the root. */
async function forge(home: Home, key: string, date: string): Promise<void> {
  const coverage = new Coverage(openFileStore(home.at('control')), 'shop');
  const work = async (draft: CoverageDraft): Promise<void> => {
    const day = await draft.edit(arrivalDate(key));
    const known = day.get(key);
    if (known?.published[date] !== 0) throw new Error(`${key} is published at ${date}, or not known`);
    day.set(key, { ...known, published: { ...known.published, [date]: 1 } });
  };
  await coverage.change(work, () => Promise.reject(new Error('coverage is missing')));
}

const coverage: readonly Damage[] = [
  {
    kind: 'coverage of an arrival date is removed',
    done: (one) => one.remove(dayOf(one, '2026-06-01')),
    found: { by: DOCTOR, exit: 0, names: [/control\/coverage\/shop\/dt=2026-06-01\/\S+ is missing/] },
    prints: REBUILD,
  },
  {
    kind: 'coverage says that another listing was read',
    done: (one) => one.edit(COVERAGE, (text) => text.replace(/"listing":"\w+"/, `"listing":"${'0'.repeat(64)}"`)),
    found: {
      by: DOCTOR,
      exit: 1,
      names: [/coverage\/shop\.json does not say what is known of objects that arrived on 2026-06-01: it was edited/],
    },
    prints: REBUILD,
  },
  {
    kind: 'coverage claims a later epoch',
    done: (one) => one.edit(COVERAGE, (text) => text.replace('"2026-06-01":1', '"2026-06-01":9')),
    found: { by: DOCTOR, exit: 1, names: [/says that everything was published at 2026-06-01, and no run did that/] },
    prints: REBUILD,
  },
  {
    kind: 'coverage claims an object that no run has read',
    done: async (one) => {
      copyFileSync(one.at(BROUGHT), one.at(COPY));
      await typeAll(one, ['reprise reconcile shop --dry-run']);
      await forge(one, COPY.replace('lake/', ''), '2026-06-04');
    },
    found: {
      by: DOCTOR,
      exit: 1,
      names: [/says that raw\/shop\/\S+\/copy\.parquet was published at 2026-06-04, and no run did that/],
    },
    prints: REBUILD,
    // The copy is read now.
    ends: async (one) => {
      one.remove(COPY);
      await obey(one, 'reprise reconcile shop');
    },
  },
];

const applied = (how: string, done: (home: Home) => unknown, name: string | RegExp): Damage => ({
  kind: `the schema that was applied is ${how}`,
  done,
  found: { by: DOCTOR, exit: 1, names: [name] },
  prints: ['reprise schema apply shop'],
});

const schemas: readonly Damage[] = [
  applied(
    'edited',
    (one) => one.edit(SCHEMA, (text) => text.replaceAll('memo', 'note')),
    `${SCHEMA} is not what was applied last: it was changed`,
  ),
  applied('cut', (one) => one.cut(SCHEMA), `${SCHEMA} is not what was applied last: it was changed`),
  applied('removed', (one) => one.remove(SCHEMA), `${SCHEMA} is missing: a schema was applied`),
];

export const documents: readonly Damage[] = [...home, ...caches, ...coverage, ...schemas];
