// The house rules, held against the sources: who may import whom, what the engine may not know, how files are named and
// opened. Each ban says what to use instead. Imports are read by pattern: the house style writes them one way.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../cli/commands/all.ts';
import { returnsWithoutAwait } from './awaited-returns.ts';
import { circles, forbidden, importsOf, ROOMS, readHouse, withoutComments } from './rooms.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const HOUSE = [...new Set(ROOMS.map(({ room }) => room.split('/')[0] as string))];
const AROUND = ['.ci', 'bin', 'bench', 'docs', 'sql', 'state-machines', 'test'];
const OWN_FILE = 'test/tidy.test.ts';

const LINES_MAX = 400;
/** Files over the limit, each with why it is one file. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'pipelines/pulsecart/samples.ts': 'one list of sample stories, read from the top',
  'pipelines/chatorbit/samples.ts': 'one list of sample stories, read from the top',
  'test/local/raw-reader.test.ts': 'one contract, against what several writers and damages make of a file',
};

/** Everything installed, and what for: docs/decisions says why. */
const DEPENDENCIES = ['@duckdb/node-api', '@swc/wasm-typescript', 'acorn', 'jsonata', 'tinypool', 'yargs'];
const DEV_DEPENDENCIES = [
  '@biomejs/biome',
  '@types/node',
  '@types/yargs',
  'fast-check',
  'hyparquet',
  'hyparquet-writer',
  'parquetjs-lite',
  'typescript',
  'vitest',
];

interface Source {
  readonly file: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
}

const house = readHouse();
const houseFiles = house.map(({ file }) => file);
const tests = filesBelow('test').filter((file) => file.endsWith('.ts'));
const sources = [...houseFiles, ...tests].map(readSource);
const everyText = [...HOUSE, ...AROUND]
  .flatMap((folder) => filesBelow(folder))
  .concat(readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])))
  .filter((file) => /\.(?:ts|mjs|js|sql|md|json|asl|run)$|^\.ci\/|^\.[a-z]+rc$/.test(file))
  .filter((file) => file !== OWN_FILE);

describe('who imports whom', () => {
  it('is what each room allows', () => {
    expect(forbidden(house)).toEqual([]);
  });

  it('is never a circle, types among it', () => {
    expect(circles(house)).toEqual([]);
  });

  it('sees an import that goes upwards', () => {
    const upwards = { file: 'ports/a.ts', imports: [{ target: 'engine/plan/plan.ts', typeOnly: true }] };
    expect(forbidden([upwards])).toEqual(['ports/a.ts imports engine/plan/plan.ts']);
    expect(forbidden([{ file: 'nowhere/a.ts', imports: [] }])).toEqual(['nowhere/a.ts is in no room']);
  });

  it('sees imports, types among them, and circles where there are some', () => {
    const code = `import {\n  one,\n} from './b.ts';\nimport type { Two } from '../c.ts';\nexport * from './d.ts';\n`;
    expect(importsOf('x/a.ts', code)).toEqual([
      { target: 'x/b.ts', typeOnly: false },
      { target: 'c.ts', typeOnly: true },
      { target: 'x/d.ts', typeOnly: false },
    ]);
    const back = { file: 'x/b.ts', imports: [{ target: 'x/a.ts', typeOnly: true }] };
    expect(circles([{ file: 'x/a.ts', imports: importsOf('x/a.ts', code) }, back])).toEqual([
      ['x/a.ts', 'x/b.ts', 'x/a.ts'],
    ]);
  });
});

describe('what the engine may not know', () => {
  const BANS: readonly (readonly [pattern: RegExp, instead: string])[] = [
    [/\bDate\.now\b/, 'the Clock that is given: clock.nowMs()'],
    [/\bnew Date\(\s*\)/, 'the Clock that is given: isoTime(clock)'],
    [/\bMath\.random\b/, 'nothing: the engine is deterministic; take a seed or bytes as an argument'],
    [/\bperformance\.now\b/, 'the Clock that is given: clock.nowMs()'],
    [/\bprocess\./, 'an argument, filled in by the profile'],
    [/\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, 'the Clock that is given: clock.sleep()'],
    [/\brandom(?:Bytes|UUID|Int|Fill|FillSync)\b|\bgetRandomValues\b/, 'bytes that are given as an argument'],
  ];
  it.each(BANS)('no %s', (pattern, instead) => {
    const found = sources.filter(({ file, code }) => /^(?:engine|model)\//.test(file) && pattern.test(code));
    expect(
      found.map(({ file }) => file),
      `use instead: ${instead}`,
    ).toEqual([]);
  });
});

it('does not begin something for every member of a list at once', () => {
  const fanOut = /\bPromise\.all(?:Settled)?\(\s*[\w.$]+\.\w+\(/;
  const found = sources.filter(
    ({ file, code }) => /^(?:cli|profiles|engine|model|adapters|tasks)\//.test(file) && fanOut.test(code),
  );
  expect(
    found.map(({ file }) => file),
    'use instead: a loop; each of them may need an open file',
  ).toEqual([]);
});

it('only the terminal writes to stdout and stderr', () => {
  const writes = /\bprocess\.std(?:out|err)\.write\b|\bconsole\.\w+\(/;
  const found = sources.filter(
    ({ file, code }) => /^(?:cli|profiles|engine|model|lib|adapters|tasks|pipelines)\//.test(file) && writes.test(code),
  );
  expect(
    found.map(({ file }) => file),
    'use instead: Terminal, or complain() of cli/render/terminal.ts',
  ).toEqual(['cli/render/terminal.ts']);
});

describe('how statements name files', () => {
  const ONE_PLACE = 'adapters/duckdb/parquet-path.ts';
  /** Where DuckDB would take a path for a pattern, an address or a folder of columns. */
  const BANS: readonly (readonly [pattern: RegExp, instead: string])[] = [
    [/\b(?:read_parquet|parquet_\w+|read_csv\w*|read_json\w*|read_text|read_blob|glob)\s*\(/, 'readParquet(path)'],
    [/\bFROM\s+(?:'|\$\{quoteLiteral)/, 'readParquet(path)'],
    [/\bCOPY\b[^;]*?\bTO\s+(?:'|\$\{)/, 'copyToParquet(query, path)'],
    [/\bATTACH\s+(?!':memory:')['$]/, 'openDuck({ path })'],
  ];
  const statements = [
    ...sources.map(({ file, code }) => [file, code] as const),
    ...filesBelow('sql').map((file) => [file, read(file)] as const),
  ].filter(([file]) => file !== OWN_FILE && file !== ONE_PLACE);

  it.each(BANS)('no %s', (pattern, instead) => {
    const found = statements.filter(([, code]) => pattern.test(code)).map(([file]) => file);
    expect(found, `use instead: ${instead}`).toEqual([]);
  });

  it('sees the raw forms', () => {
    const raw = [
      `read_parquet(\${quoteLiteral(path)})`,
      `SELECT * FROM '\${path}'`,
      `FROM \${quoteLiteral(path)}`,
      `COPY (\${query}) TO '\${path}'`,
      `ATTACH '\${path}' AS other`,
    ];
    expect(raw.filter((text) => !BANS.some(([pattern]) => pattern.test(text)))).toEqual([]);
    expect(BANS.some(([pattern]) => pattern.test(read(ONE_PLACE)))).toBe(true);
  });
});

describe('files', () => {
  it(`have at most ${LINES_MAX} lines`, () => {
    const long = sources
      .filter(({ text }) => text.split('\n').length - 1 > LINES_MAX)
      .map(({ file }) => file)
      .filter((file) => !(file in LONG_FILES));
    expect(long, 'cut the file along its verbs').toEqual([]);
  });

  it('are named by what is in them', () => {
    const vague = /(?:^|[/.-])(?:utils?|helpers?|common|manager|misc)(?:[/.-]|$)/;
    expect(
      [...sources.map(({ file }) => file), ...everyText].filter((file) => vague.test(file)),
      'name it by the noun of its content',
    ).toEqual([]);
  });

  it('open with a comment that says what they are for', () => {
    const bare = sources.filter(({ file, text }) => houseFiles.includes(file) && !/^\s*\/[/*]/.test(text));
    const bareSql = filesBelow('sql').filter((file) => file.endsWith('.sql') && !read(file).startsWith('--'));
    expect([...bare.map(({ file }) => file), ...bareSql]).toEqual([]);
  });

  it.each([
    [/\bas any\b/, 'unknown, parsed once'],
    [/@ts-(?:ignore|nocheck|expect-error)/, 'a type that holds'],
    [/biome-ignore/, 'code that the rule accepts'],
    [/\b(?:it|test|describe)\.(?:only|skip|todo)\b/, 'a test that runs'],
  ])('hold no %s', (pattern, instead) => {
    const found = sources.filter(({ file, text }) => file !== OWN_FILE && pattern.test(text));
    expect(
      found.map(({ file }) => file),
      `use instead: ${instead}`,
    ).toEqual([]);
  });

  it.each([
    ['a path of one machine', /(?:^|[\s'"`(=])\/(?:work|home|tmp|root|Users)\//m, 'os.tmpdir(), or a relative path'],
    [
      'a registry host',
      /registry\.[a-z0-9-]+\.|\bnpmjs\.(?:com|org)|\bpypi\.org|yarnpkg\.com/,
      'the client’s own setting',
    ],
  ])('hold no %s', (_, pattern, instead) => {
    const found = everyText.filter((file) => pattern.test(read(file)));
    expect(found, `use instead: ${instead}`).toEqual([]);
  });
});

describe('promises', () => {
  it('are awaited where they are returned inside try', () => {
    const found = sources.flatMap(({ file, text }) => returnsWithoutAwait(text).map((line) => `${file}:${line}`));
    expect(found, 'return await …; a call that gives no promise goes into a constant first').toEqual([]);
  });

  it('are seen in every shape in which they are returned', () => {
    const returned = (what: string, before = 'async '): number[] =>
      returnsWithoutAwait(
        `export ${before}function f(): unknown {\n  try {\n    return ${what};\n  } finally {\n    end();\n  }\n}\n`,
      );
    expect(returned('work()')).toEqual([3]);
    expect(returned('given ? 1 : this.work?.()')).toEqual([3]);
    expect(returned('known ?? new Promise(begin)')).toEqual([3]);
    expect(returned('await work()')).toEqual([]);
    expect(returned('() => work()')).toEqual([]);
    expect(returned('work()', '')).toEqual([]);
    const caught = 'async function f() {\n try { a; } catch {\n return work();\n } finally { b; }\n return work();\n}';
    expect(returnsWithoutAwait(caught)).toEqual([3]);
  });
});

describe('what is written down', () => {
  const manifest = JSON.parse(read('package.json')) as {
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const decisions = filesBelow('docs/decisions').filter((file) => !file.endsWith('README.md'));

  it('installs nothing but what is listed here', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(DEPENDENCIES);
    expect(Object.keys(manifest.devDependencies).sort()).toEqual(DEV_DEPENDENCIES);
  });

  it('gives a reason for every dependency in docs/decisions', () => {
    const reasons = decisions.map(read).join('\n');
    const unexplained = [...DEPENDENCIES, ...DEV_DEPENDENCIES].filter((name) => !reasons.includes(`\`${name}\``));
    expect(unexplained).toEqual([]);
  });

  it('lists every decision, each with a number of its own', () => {
    const index = read('docs/decisions/README.md');
    const names = decisions.map((file) => file.split('/').at(-1) ?? '').sort();
    expect(names.filter((name) => !index.includes(`(${name})`))).toEqual([]);
    expect(names.filter((name, place) => name.slice(0, 4) === names[place - 1]?.slice(0, 4))).toEqual([]);
  });

  it('describes every command with each of its options in docs/command-line.md', () => {
    const page = read('docs/command-line.md');
    const missing = COMMANDS.flatMap(({ usage, options = {} }) => {
      const [, after] = page.split(`\n## \`${usage}\`\n`);
      if (after === undefined) return [`a section ## \`${usage}\``];
      const section = after.split('\n## ')[0] ?? '';
      const names = Object.entries(options).flatMap(([name, { alias }]) => [name, ...[alias ?? []].flat()]);
      return names
        .map((name) => (name.length === 1 ? `-${name}` : `--${name}`))
        .filter((name) => !section.includes(name))
        .map((name) => `${usage}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it('links only to files that are there', () => {
    const pages = everyText.filter((file) => file.endsWith('.md'));
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
        .map((match) => normalize(join(dirname(page), match[1] as string)))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${page} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('names only files and commands that are there', () => {
    const pages = everyText.filter((file) => file.endsWith('.md'));
    const named = (page: string, pattern: RegExp): string[] =>
      [...read(page).matchAll(pattern)].map(([, one = '']) => one);
    const files = new RegExp(`\`((?:${[...HOUSE, ...AROUND].join('|')})/[\\w./-]+)\``, 'g');
    const scripts = Object.keys(manifest.scripts);
    const absent = pages.flatMap((page) =>
      [
        ...named(page, files).filter((file) => !existsSync(join(root, file))),
        ...named(page, /npm run ([\w:]+)/g).filter((script) => !scripts.includes(script)),
      ].map((what) => `${page} → ${what}`),
    );
    expect(absent).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function readSource(file: string): Source {
  const text = read(file);
  return { file, text, code: withoutComments(text) };
}
