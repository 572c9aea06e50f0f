// Every kind of damage, one after the other, each on a copy of one intact home. Prints which command found it, and what
// fixed it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { table } from '../../cli/render/text.ts';
import { type Fixed, tried } from './damage.ts';
import { documents } from './documents.ts';
import { IntactHome } from './home.ts';
import { ledger } from './ledger.ts';
import { raw } from './raw.ts';
import { rows } from './rows.ts';
import { runs } from './runs.ts';
import { warehouseFile } from './warehouse-file.ts';

const FAMILIES = { rows, documents, runs, ledger, raw, 'the warehouse file': warehouseFile };

let intact: IntactHome;
const fixed: Fixed[] = [];

beforeAll(async () => {
  intact = await IntactHome.build();
});
afterAll(() => {
  intact.remove();
  const lines = fixed.map(({ kind, foundBy, fixedBy }) => [kind, foundBy, fixedBy]);
  console.log(table(['damage', 'found by', 'fixed by'], lines));
});

it('is of kinds that have names of their own', () => {
  const kinds = Object.values(FAMILIES).flatMap((family) => family.map(({ kind }) => kind));
  expect(kinds.length).toBeGreaterThan(40);
  expect(new Set(kinds).size).toBe(kinds.length);
});

describe.each(Object.entries(FAMILIES))('%s', (_, family) => {
  it.each(family)('$kind', async (damage) => {
    fixed.push(await tried(intact, damage));
  });
});
