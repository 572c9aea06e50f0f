// Documents of the control store that somebody cuts, edits, swaps or removes.

import type { Damage } from './damage.ts';
import type { Home, IntactHome } from './home.ts';

const DOCTOR = 'reprise doctor';
const LEDGER = 'reprise ledger verify';
const RESTORE = 'reprise ledger restore shop';
const HEAD = 'control/ledger-heads/shop.json';
const COVERAGE = 'control/coverage/shop.json';
const LEASES = 'control/leases/shop.json';

// Of the first run, which published everything, and of its plan.
const run = (name: string) => (_: Home, intact: IntactHome) => `control/runs/${intact.runs[0]}/${name}`;
const plan = (_: Home, { home, runs: [first = ''] }: IntactHome): string =>
  home.keys('control/plans').find((key) => key.includes(`/${first.split('-')[0]}`)) ?? 'no plan';
const pages = (home: Home, ending: string): string[] =>
  home.keys('control/catalog').filter((key) => key.endsWith(ending));

/** Not as the ledger says: the chain has enough to write it again. */
const restored = (kind: string, done: Damage['done'], names: readonly (string | RegExp)[]): Damage => ({
  kind,
  done,
  found: { by: LEDGER, exit: 4, names },
  prints: [RESTORE],
});

const runs: readonly Damage[] = [
  restored('run.json is cut', (home, intact) => home.cut(run('run.json')(home, intact)), [
    'its record was removed or cannot be read',
  ]),
  restored('run.json is garbage', (home, intact) => home.garbage(run('run.json')(home, intact)), [
    'its record was removed or cannot be read',
  ]),
  restored('run.json is removed', (home, intact) => home.remove(run('run.json')(home, intact)), [
    'its record was removed or cannot be read',
  ]),
  restored(
    'run.json says another state',
    (home, intact) => home.edit(run('run.json')(home, intact), (text) => text.replace('"succeeded"', '"failed"')),
    ['state is "failed", was recorded as "succeeded"'],
  ),
  restored(
    'run.json is approved by hand',
    (home, intact) =>
      home.edit(run('run.json')(home, intact), (text) => text.replace('"approved": false', '"approved": true')),
    ['options.approved is true, was recorded as false'],
  ),
  restored(
    'run.json counts other rows',
    (home, intact) =>
      home.edit(run('run.json')(home, intact), (text) => text.replace(/"inserted": \d+/, '"inserted": 1')),
    ['summary is'],
  ),
  restored(
    'the outcome of a group is removed',
    (home, intact) => home.remove(run('groups/000000.json')(home, intact)),
    ['groups/000000.json was removed'],
  ),
  restored(
    'the outcome of a group is edited',
    (home, intact) =>
      home.edit(run('groups/000000.json')(home, intact), (text) => text.replace(/"inserted": \d+/, '"inserted": 1')),
    ['groups/000000.json was changed'],
  ),
  restored('all that is kept of runs is removed', (home) => home.remove('control/runs'), [
    'its record was removed or cannot be read',
  ]),
];

const fromBackup = (
  kind: string,
  of: (home: Home, intact: IntactHome) => string,
  done: (home: Home, key: string) => unknown,
  names: readonly (string | RegExp)[],
  also: Partial<Damage> = {},
): Damage => ({
  kind,
  done: (home, intact) => done(home, of(home, intact)),
  found: { by: DOCTOR, exit: 1, names },
  byHand: {
    advice: /restore .*from a (?:backup|copy)/,
    does: (home, intact) => intact.putBack(home, of(home, intact)),
  },
  prints: [],
  ...also,
});

const plans: readonly Damage[] = [
  fromBackup('a plan is removed', plan, (home, key) => home.remove(key), [/control\/plans\/\w+\.json is missing/]),
];

const rest: readonly Damage[] = [
  fromBackup(
    'the marker of the home is removed',
    () => 'control/home.json',
    (home, key) => home.remove(key),
    [/home\.json is missing/, 'it holds exactly {"format":1,"createdBy":"reprise"}'],
  ),
  fromBackup(
    'the marker of the home is garbage',
    () => 'control/home.json',
    (home, key) => home.garbage(key),
    [/home\.json cannot be read/],
  ),
  fromBackup(
    'delivery.key is removed',
    () => 'control/delivery.key',
    (home, key) => home.remove(key),
    [/delivery\.key is missing/],
    { types: [], prints: ['reprise init --new-delivery-key'] },
  ),
  fromBackup(
    'delivery.key is cut',
    () => 'control/delivery.key',
    (home, key) => home.cut(key),
    [/delivery\.key has 16 bytes instead of 32/],
    { types: [], prints: ['reprise init --new-delivery-key'] },
  ),
];

/** A document that is derived again: doctor says so, and by what. */
const derived = (
  kind: string,
  done: Damage['done'],
  names: readonly (string | RegExp)[],
  advice: string | RegExp,
  line: string,
): Damage => ({
  kind,
  done,
  found: { by: DOCTOR, exit: 0, names },
  byHand: { advice, does: (home) => home.type(line) },
  prints: [],
});

const caches: readonly Damage[] = [
  ...(['cut', 'garbage'] as const).map((how) =>
    derived(
      how === 'cut' ? 'the leases are cut' : 'the leases are garbage',
      (home) => home[how](LEASES),
      [/control\/leases\/shop\.json is damaged/],
      'nothing to do: the next run derives it from the ledger',
      'reprise backfill shop --all',
    ),
  ),
  ...(['cut', 'garbage'] as const).map((how) =>
    derived(
      how === 'cut' ? 'coverage is cut' : 'coverage is garbage',
      (home) => home[how](COVERAGE),
      [/control\/coverage\/shop\.json is damaged/],
      'nothing to do: the next reconcile derives it again',
      'reprise reconcile shop',
    ),
  ),
  derived(
    'the head of the ledger is garbage',
    (home) => home.garbage(HEAD),
    [/control\/ledger-heads\/shop\.json is damaged/],
    'nothing to do: the next entry writes it again',
    'reprise plan shop --all',
  ),
  derived(
    'versions of raw objects are garbage',
    (home) => home.garbage(home.keys('control/versions')[0] ?? ''),
    [/control\/versions\/\w+\.json is damaged/],
    'nothing to do: the next plan reads these objects again',
    'reprise plan shop --all',
  ),
  derived(
    'entries of the catalog are cut',
    (home) => home.cut(pages(home, '.json')[0] ?? ''),
    [/control\/catalog\/shop\/\S+\.json is damaged/],
    'nothing to do: the next plan reads these objects again',
    'reprise plan shop --all',
  ),
  {
    kind: 'a page of the catalog is garbage',
    done: (home) => home.garbage(pages(home, '.parquet')[0] ?? ''),
    found: { by: DOCTOR, exit: 0, names: [/control\/catalog\/shop\/\S+\.parquet is damaged/] },
    prints: ['reprise catalog build shop'],
  },
];

export const documents: readonly Damage[] = [...runs, ...plans, ...rest, ...caches];
