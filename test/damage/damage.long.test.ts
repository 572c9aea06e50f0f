// A few kinds of damage that have little in common; damage.night.test.ts has all of them.

import { afterAll, beforeAll, it } from 'vitest';
import { type Damage, tried } from './damage.ts';
import { documents } from './documents.ts';
import { IntactHome } from './home.ts';
import { ledger } from './ledger.ts';
import { raw } from './raw.ts';
import { rows } from './rows.ts';
import { runs } from './runs.ts';
import { warehouseFile } from './warehouse-file.ts';

const FEW = [
  'a row of events has another id',
  'the record of a run is approved by hand',
  'an entry of the ledger is removed, and accepted',
  'a byte in a page with a checksum is flipped, and put back',
  'the schema that was applied is edited',
  'the table marks is dropped',
];

function named(kind: string): Damage {
  const found = [...rows, ...documents, ...runs, ...ledger, ...raw, ...warehouseFile].find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not a kind of damage`);
  return found;
}

let intact: IntactHome;
beforeAll(async () => {
  intact = await IntactHome.build();
});
afterAll(() => intact.remove());

it.each(FEW.map(named))('$kind is found and fixed', async (damage) => {
  await tried(intact, damage);
});
