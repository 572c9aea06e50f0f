// The ledger of a pipeline, its entries and its head: put back from a copy, or accepted as it is.

import { renameSync } from 'node:fs';
import { type Damage, obey, typeAll } from './damage.ts';

const LEDGER = 'reprise ledger verify';
const ACCEPT = 'reprise ledger accept shop --reason …';
const ENTRIES = 'control/ledger/shop';
const HEAD = 'control/ledger-heads/shop.json';
const entry = (number: number): string => `${ENTRIES}/${String(number).padStart(8, '0')}.json`;
/** Says which transforms are in force. */
const MIDDLE = entry(4);

const chains: readonly (readonly [kind: string, done: Damage['done'], names: readonly (string | RegExp)[]])[] = [
  [
    'the end of the ledger is cut off',
    (home) => {
      for (const key of home.keys(ENTRIES).slice(-3)) home.remove(key);
    },
    [/shop: 15 entries, 1 fault/, /entry 16 missing: .* says that there was an entry 1[78]/],
  ],
  [
    'an entry of the ledger is edited',
    (home) => home.edit(MIDDLE, (text) => text.replace('"epoch":1', '"epoch":2')),
    ['entry 5 changed: it does not follow the entry before it'],
  ],
  ['an entry of the ledger is removed', (home) => home.remove(MIDDLE), ['entry 4 missing: there is no such entry']],
  ['an entry of the ledger is garbage', (home) => home.garbage(MIDDLE), ['entry 4 not readable']],
  [
    'two entries of the ledger are swapped',
    (home) => {
      renameSync(home.at(MIDDLE), home.at('aside'));
      renameSync(home.at(entry(5)), home.at(MIDDLE));
      renameSync(home.at('aside'), home.at(entry(5)));
    },
    ['entry 4 misplaced: it says that it is entry 5'],
  ],
  [
    'the head of the ledger names a later entry',
    (home) => home.edit(HEAD, (text) => text.replace(/"sequence":\d+/, '"sequence":90')),
    [/the head of the ledger says that there was an entry 90/],
  ],
  [
    'the head of the ledger has another hash',
    (home) => home.edit(HEAD, (text) => text.replace(/"hash":"[0-9a-f]{8}/, '"hash":"00000000')),
    ['it is not the entry that the head of the ledger names'],
  ],
  [
    'the whole ledger is removed',
    (home) => home.remove(ENTRIES),
    [/entry 1 missing: the head of the ledger says that there was an entry 18/],
  ],
  [
    'the whole ledger and its head are removed',
    (home) => {
      home.remove(ENTRIES);
      home.remove(HEAD);
    },
    [/the warehouse says that there was an entry 17/],
  ],
];

const broken: readonly Damage[] = chains.flatMap(([kind, done, names]) => [
  {
    kind: `${kind}, and put back`,
    done,
    found: { by: LEDGER, exit: 4, names },
    advice: 'restore control/ledger/shop and control/ledger-heads/shop.json from a backup',
    byHand: (home, intact) => {
      intact.putBack(home, ENTRIES);
      intact.putBack(home, HEAD);
    },
    prints: [ACCEPT],
    types: [],
  },
  { kind: `${kind}, and accepted`, done, found: { by: LEDGER, exit: 4, names }, prints: [ACCEPT] },
]);

/** With what it retires, the entry is the last but two of an undo. */
const retired: Damage = {
  kind: 'the entry that retires transforms is removed, and accepted',
  done: async (home, intact) => {
    await typeAll(home, [`reprise undo ${intact.runs.at(-1)} --yes`]);
    const key = home.keys(ENTRIES).find((one) => home.read(one).includes('"transforms_retired"'));
    home.remove(key ?? 'no entry');
  },
  found: { by: LEDGER, exit: 4, names: [/entry \d+ missing: there is no such entry/] },
  prints: [ACCEPT],
  ends: (home) => obey(home, 'reprise verify shop'),
};

export const ledger: readonly Damage[] = [...broken, retired];
