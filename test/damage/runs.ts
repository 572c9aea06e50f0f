// What is kept of runs and plans: records, outcomes, rows as they were before, plans and the declarations they were made with.

import { copyFileSync } from 'node:fs';
import type { Damage } from './damage.ts';
import type { Home, IntactHome } from './home.ts';

const DOCTOR = 'reprise doctor';
const LEDGER = 'reprise ledger verify';

type KeyOf = (home: Home, intact: IntactHome) => string;

/** Of the first run, which published everything. */
const ofRun =
  (name: string): KeyOf =>
  (_, intact) =>
    `control/runs/${intact.runs[0]}/${name}`;
const RECORD = ofRun('run.json');
const GROUP = ofRun('groups/000000.json');
const plan: KeyOf = (_, { home, runs: [first = ''] }) =>
  home.keys('control/plans').find((key) => key.includes(`/${first.split('-')[0]}`)) ?? 'no plan';
const declaration: KeyOf = (_, { home }) => home.keys('control/declarations')[0] ?? 'no declaration';
const kept: KeyOf = (_, { runs }) => `stage/${runs.at(-1)}/changes/0.events.before.parquet`;

/** Not as the ledger says, which has enough to write it again. */
function byLedger(kind: string, of: KeyOf, done: (home: Home, key: string) => unknown, name: string): Damage {
  return {
    kind,
    done: (home, intact) => done(home, of(home, intact)),
    found: { by: LEDGER, exit: 4, names: [name] },
    prints: ['reprise ledger restore shop'],
  };
}

const replaced =
  (from: string | RegExp, to: string) =>
  (home: Home, key: string): void =>
    home.edit(key, (text) => text.replace(from, to));
const GONE = 'its record was removed or cannot be read';

const records: readonly Damage[] = [
  byLedger('the record of a run is cut', RECORD, (home, key) => home.cut(key), GONE),
  byLedger('the record of a run is garbage', RECORD, (home, key) => home.garbage(key), GONE),
  byLedger('the record of a run is removed', RECORD, (home, key) => home.remove(key), GONE),
  byLedger(
    'the record of a run says another state',
    RECORD,
    replaced('"succeeded"', '"failed"'),
    'state is "failed", was recorded as "succeeded"',
  ),
  byLedger(
    'the record of a run is approved by hand',
    RECORD,
    replaced('"approved": false', '"approved": true'),
    'options.approved is true, was recorded as false',
  ),
  byLedger('the record of a run counts other rows', RECORD, replaced(/"inserted": \d+/, '"inserted": 1'), 'summary is'),
  byLedger('the outcome of a group is removed', GROUP, (home, key) => home.remove(key), '000000.json was removed'),
  byLedger('the outcome of a group is garbage', GROUP, (home, key) => home.garbage(key), '000000.json was changed'),
  byLedger(
    'the outcome of a group is edited',
    GROUP,
    replaced(/"inserted": \d+/, '"inserted": 1'),
    'groups/000000.json was changed',
  ),
  byLedger('all that is kept of runs is removed', ofRun(''), (home) => home.remove('control/runs'), GONE),
];

const fromBackup = (
  kind: string,
  of: KeyOf,
  done: (home: Home, key: string) => unknown,
  name: string | RegExp,
  advice: string | RegExp = 'restore it from a backup',
): Damage => ({
  kind,
  done: (home, intact) => done(home, of(home, intact)),
  found: { by: DOCTOR, exit: 1, names: [name] },
  advice,
  byHand: (home, intact) => intact.putBack(home, of(home, intact)),
  prints: [],
});

const previews: readonly Damage[] = [
  {
    ...byLedger(
      'the preview of a run is edited',
      ofRun('preview.json'),
      replaced(/"inserted": \d+/, '"inserted": 1'),
      'preview.json was changed',
    ),
  },
  {
    ...byLedger(
      'what verification of a run found is edited',
      ofRun('verified.json'),
      replaced(/"checked": \d+/, '"checked": 1'),
      'verified.json was changed',
    ),
  },
];

const shardOf =
  (list: 'objects' | 'slices'): KeyOf =>
  (home, intact) => {
    const { body } = JSON.parse(intact.home.read(plan(home, intact))) as { body: Record<string, { sha256: string }> };
    return `control/plan-shards/${body[list]?.sha256}.jsonl`;
  };

const CHANGED = /plan \w+ has a body whose hash is \w+: it was changed after it was made/;
const FROM_BACKUP = /restore control\/plans\/\w+\.json from a backup: run \S+ was made of it/;
/** Of all there is, so that it is not one of the runs' plans. */
const newPlan = (home: Home, intact: IntactHome): string => {
  const old = new Set(intact.home.keys('control/plans'));
  return home.keys('control/plans').find((key) => !old.has(key)) ?? 'no plan';
};

const plans: readonly Damage[] = [
  fromBackup('a plan is removed', plan, (home, key) => home.remove(key), /control\/plans\/\w+\.json is missing/),
  fromBackup('a plan has no slices', plan, replaced(/("slices": \{\s*"count": )\d+/, '$10'), CHANGED, FROM_BACKUP),
  fromBackup(
    'a plan has a wider window',
    plan,
    replaced('"to": "2026-06-09"', '"to": "2026-07-09"'),
    CHANGED,
    FROM_BACKUP,
  ),
  fromBackup('a plan is cut', plan, (home, key) => home.cut(key), /plan \w+ cannot be read as a plan/, FROM_BACKUP),
  ...(['objects', 'slices'] as const).flatMap((list) =>
    (['cut', 'garbage', 'remove'] as const).map((how) =>
      fromBackup(
        `the ${list} of a plan: ${how}`,
        shardOf(list),
        (home, key) => home[how](key),
        new RegExp(`the ${list} of plan \\w+, control/plan-shards/\\w+\\.jsonl, are not what the plan names`),
        /restore control\/plan-shards\/\w+\.jsonl from a backup/,
      ),
    ),
  ),
  {
    kind: 'a plan that no run was made of is edited',
    done: async (home, intact) => {
      await home.type('reprise plan shop --from 2026-06-01 --to 2026-06-02');
      home.edit(newPlan(home, intact), (text) => text.replace('"to": "2026-06-02"', '"to": "2026-06-03"'));
    },
    found: { by: DOCTOR, exit: 1, names: [CHANGED] },
    advice: /no run was made of it: remove control\/plans\/\w+\.json/,
    byHand: (home, intact) => home.remove(newPlan(home, intact)),
    prints: [],
  },
  ...(
    [
      ['edited', replaced('sales', 'sells'), 'is not what its name says: it was changed'],
      ['removed', (home: Home, key: string) => home.remove(key), 'is missing: plans were made with it'],
    ] as const
  ).map(
    ([how, done, name]): Damage => ({
      kind: `a declaration is ${how}`,
      done: (home, intact) => done(home, declaration(home, intact)),
      found: { by: DOCTOR, exit: 1, names: [name] },
      prints: ['reprise plan shop --all'],
    }),
  ),
];

const changes: readonly Damage[] = [
  fromBackup(
    'rows as they were before a run are removed',
    kept,
    (home, key) => home.remove(key),
    /stage\/\S+\/changes\/0\.events\.before\.parquet is missing/,
  ),
  fromBackup(
    'rows as they were before a run are cut',
    kept,
    (home, key) => home.cut(key),
    /stage\/\S+\/changes\/0\.events\.before\.parquet is damaged/,
  ),
  {
    kind: 'rows as they were before a run are others',
    done: (home, intact) => {
      const key = kept(home, intact);
      copyFileSync(home.at(key.replace('before', 'decided')), home.at(key));
    },
    found: { by: 'reprise undo <run> --yes', exit: 3, names: ['changes/0.events.before.parquet'] },
    advice: /from a backup/,
    byHand: (home, intact) => intact.putBack(home, kept(home, intact)),
    prints: ['reprise backfill shop …'],
    types: [],
  },
];

export const runs: readonly Damage[] = [...records, ...previews, ...plans, ...changes];
