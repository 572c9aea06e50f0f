// What a function means: its own code and what it reaches, by the scopes of JavaScript; all there is where that cannot
// be told.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meaningsOf } from '../../adapters/declaration/meaning.ts';
import { freeNames } from '../../lib/typescript/free-names.ts';
import { parseModule, type Syntax } from '../../lib/typescript/syntax.ts';

describe('free names', () => {
  it.each([
    ['(a) => a + b', 'b'],
    ['({ a, b: [c = d], ...e }) => a + b + c + e', 'b d'],
    ['(a) => { { const b = 1; } return b; }', 'b'],
    ['() => { if (x) { var b = 1; } return b; }', 'x'],
    ['() => { for (const [k, v] of pairs) use(k, v); return k; }', 'k pairs use'],
    ['function f(n) { return n && f(n - 1) + arguments.length; }', ''],
    ['() => arguments', 'arguments'],
    ['(o) => o.name + o[key] + ({ name: 1, [made]: 2, short }).name', 'key made short'],
    ['() => { try { run(); } catch (error) { return error; } return error; }', 'error run'],
    ['() => { later(); function later() { return inner; } }', 'inner'],
    ['() => { outer: for (;;) { break outer; } }', ''],
    ['() => class Own extends Base { static x = y; #z = 1; m() { return Own; } }', 'Base y'],
    [`() => tag\`\${held}\``, 'held tag'],
    ['(a = b) => { switch (a) { case c: let d; return d; } return d; }', 'b c d'],
    ['() => (x = 1)', 'x'],
  ])('of %s are: %s', (code, names) => {
    const [statement] = parseModule(`(${code})`);
    expect([...freeNames((statement as Syntax).expression as Syntax)].sort().join(' ')).toBe(names);
  });
});

describe('the meaning of a column’s function', () => {
  let folder: string;
  let count = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'reprise-meaning-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The meaning of `fn`, which stands in the modules as this text. */
  function meaning(fn: string, modules: Readonly<Record<string, string>>): string {
    const place = join(folder, String(count++));
    mkdirSync(place);
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(place, name), text);
    const held = Object.assign(() => null, { toString: () => fn });
    return meaningsOf(join(place, 'pipeline.js'))(held, { table: 't', column: 'c' });
  }

  const FN = '(x) => twice(x)';
  const modules = (edit: Readonly<Record<string, string>> = {}) => ({
    'pipeline.js': `import { twice } from './twice.js';\nimport './side.js';\nexport const pipeline = { tables: { t: { columns: { c: ${FN} } } } };`,
    'twice.js': 'export { double as twice } from "./double.js";',
    'double.js': 'const two = () => 2n;\nexport function double(x) { return x * two(); }\nexport const other = 1;',
    'side.js': 'const held = {};\nheld.word = 1;',
    ...edit,
  });

  it('is that of all it reaches, through exports of exports', () => {
    const before = meaning(FN, modules());
    expect(meaning(FN, modules({ 'double.js': modules()['double.js'].replace('2n', '3n') }))).not.toBe(before);
    expect(meaning(FN, modules({ 'double.js': modules()['double.js'].replace('= 1', '= 2') }))).toBe(before);
  });

  it('is not where code stands, or how it is written', () => {
    const before = meaning(FN, modules());
    const moved = {
      'twice.js':
        'export function double(x) { /* now here */ return (x * two()); }\nconst two = (() => (2n));\nexport { double as twice };',
    };
    expect(meaning(FN, modules(moved))).toBe(before);
  });

  it('is also what modules do when they are loaded', () => {
    expect(meaning(FN, modules({ 'side.js': 'const held = {};\nheld.word = 2;' }))).not.toBe(meaning(FN, modules()));
  });

  it('is the whole expression of the column for a function that holds a variable', () => {
    const text = (argument: string, rest = '') =>
      `const made = (word) => (x) => x + word;\nconst columns = { c: made('${argument}'), d: 1${rest} };\nexport const pipeline = { tables: { t: { columns } } };`;
    const of = (code: string) => meaning('(x) => x + word', { 'pipeline.js': code });
    expect(of(text('a'))).not.toBe(of(text('b')));
    expect(of(text('a', ', e: 2'))).toBe(of(text('a')));
  });

  it('is all code there is where the column cannot be found either', () => {
    const text = (more: string) =>
      `const made = (word) => (x) => x + word;\nconst shared = { c: made('a') };\nexport const pipeline = { tables: { t: { columns: { ...shared } } } };\n${more}`;
    const of = (code: string) => meaning('(x) => x + word', { 'pipeline.js': code });
    expect(of(text('const more = 1;'))).not.toBe(of(text('')));
    expect(of(text('// more\n'))).toBe(of(text('')));
  });
});
