// A few kinds of damage that have little in common; damage.long.test.ts has all of them.

import { afterAll, beforeAll, it } from 'vitest';
import { type Damage, tried } from './damage.ts';
import { documents } from './documents.ts';
import { IntactHome } from './home.ts';
import { ledger } from './ledger.ts';
import { raw } from './raw.ts';
import { rows } from './rows.ts';
import { warehouseFile } from './warehouse-file.ts';

const FEW = [
  'a row of events has another id',
  'an entry of the quarantine is moved to another date',
  'run.json is approved by hand',
  'an entry of the ledger is removed, and accepted',
  'a byte in a page with a checksum is flipped',
  'the table marks is dropped',
];

function named(kind: string): Damage {
  const found = [...rows, ...documents, ...ledger, ...raw, ...warehouseFile].find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`there is no kind ${kind}`);
  return found;
}

let intact: IntactHome;
beforeAll(async () => {
  intact = await IntactHome.build();
});
afterAll(() => intact.remove());

it.each(FEW.map(named))('$kind is found and mended', async (damage) => {
  await tried(intact, damage);
});
