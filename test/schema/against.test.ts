// What `schema check` can be compared with: git refs, folders and files; whose dbt models it names; how it ends.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckDocument } from '../../cli/render/schema.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { type CheckEnd, type CheckOptions, runChecks } from './checks.ts';

const SHIPPED = join(packageRoot(), 'pipelines', 'pulsecart');
let repository: string;

const git = (...args: string[]): void => {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['-C', repository, ...who, ...args], { stdio: 'pipe' });
};

const SAME: Readonly<Record<string, string>> = {
  'a file': join(SHIPPED, 'pipeline.ts'),
  'the folder of the pipeline': SHIPPED,
  'a folder of pipelines': join(packageRoot(), 'pipelines'),
  'a checkout': packageRoot(),
  'built pipelines': join(packageRoot(), 'dist', 'pipelines'),
  'a branch': 'main',
  'a folder that is nowhere near the engine': 'alone',
  'a folder of an earlier release': 'former',
};
const OLDER: Readonly<Record<string, string>> = {
  'a tag': 'before',
  'a commit': 'HEAD~1',
  'a file at a ref': 'before:pipelines/pulsecart/pipeline.ts',
};
const NONE: Readonly<Record<string, string>> = {
  nowhere: 'nowhere is no file, no folder and no git ref here',
  'before:pipelines/other/pipeline.ts': 'git ref before has no pipelines/other/pipeline.ts',
  'pipelines/pulsecart/order-total.ts': 'declares no pipeline, not pulsecart',
  ports: 'holds no pipeline pulsecart',
  broken: 'cannot be read as TypeScript',
};
const MODELS: Readonly<Record<string, string>> = {
  'staging/by_source.sql': "select sku, quantity from {{ source('pulsecart', 'order_lines') }}",
  'staging/by_name.sql': 'SELECT l.SKU FROM "pulsecart"."order_lines" AS l',
  'staging/everything.sql': 'select * from {{ source( "pulsecart", \'order_lines\' ) }}',
  'marts/another_column.sql': "select count(*), quantity from {{ source('pulsecart', 'order_lines') }}",
  'marts/another_table.sql': "select sku from {{ source('pulsecart', 'stock_changes') }}",
  'marts/another_schema.sql': "select sku from {{ source('webshop', 'order_lines') }}",
  'marts/commented.sql': "-- sku\nselect quantity {# sku #} from {{ source('pulsecart', 'order_lines') }} /* sku */",
};
const BEFORE = { pipeline: 'pulsecart', against: 'before' };
const ALL = ['chatorbit', 'codewave', 'novadocs', 'promptflow', 'pulsecart'];
const OTHERS: Readonly<Record<string, CheckOptions>> = {
  allowed: { ...BEFORE, 'allow-breaking': true },
  'nothing to compare with': { pipeline: 'pulsecart' },
  'a dbt project': { ...BEFORE, dbt: 'dbt' },
  'no dbt project': { ...BEFORE, dbt: 'ports' },
  ...Object.fromEntries(ALL.map((pipeline) => [pipeline, { pipeline, against: join(packageRoot(), 'pipelines') }])),
};

const ends = new Map<string, CheckEnd>();
const end = (what: string): CheckEnd => ends.get(what) as CheckEnd;

/** Sources of pulsecart and the engine in a repository of their own: first without a column, then as they ship. */
beforeAll(async () => {
  repository = mkdtempSync(join(tmpdir(), 'reprise-against-'));
  const sources = join(repository, 'pipelines', 'pulsecart');
  for (const part of ['model', 'ports']) cpSync(join(packageRoot(), part), join(repository, part), { recursive: true });
  mkdirSync(sources, { recursive: true });
  for (const file of ['pipeline.ts', 'order-total.ts']) cpSync(join(SHIPPED, file), join(sources, file));
  git('init', '-q', '-b', 'main');
  const shipped = readFileSync(join(SHIPPED, 'pipeline.ts'), 'utf8');
  writeFileSync(
    join(sources, 'pipeline.ts'),
    shipped.replace("        url: column.text('product.url'),\n", '').replace('./sku', './title'),
  );
  git('add', 'pipelines', 'model', 'ports');
  git('commit', '-q', '-m', 'before');
  git('tag', 'before');
  cpSync(join(SHIPPED, 'pipeline.ts'), join(sources, 'pipeline.ts'));
  git('commit', '-q', '-a', '-m', 'today');
  for (const folder of ['alone', 'former', 'broken']) mkdirSync(join(repository, folder));
  for (const file of ['pipeline.ts', 'order-total.ts']) cpSync(join(SHIPPED, file), join(repository, 'alone', file));
  cpSync(join(SHIPPED, 'order-total.ts'), join(repository, 'former', 'order-total.ts'));
  const former = shipped.replaceAll('../../model/', '../../engine/model/');
  writeFileSync(join(repository, 'former', 'pipeline.ts'), former);
  writeFileSync(join(repository, 'broken', 'pipeline.ts'), 'export const pipeline = {{ secret;\n');
  for (const [file, text] of Object.entries(MODELS)) {
    const path = join(repository, 'dbt', 'models', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const checks = new Map<string, CheckOptions>(Object.entries(OTHERS));
  const againsts = [...Object.values(SAME), ...Object.values(OLDER), ...Object.keys(NONE)];
  for (const against of againsts) checks.set(against, { pipeline: 'pulsecart', against });
  const found = await runChecks([...checks.values()], repository);
  [...checks.keys()].forEach((what, place) => void ends.set(what, found[place] as CheckEnd));
}, 120_000);
afterAll(() => rmSync(repository, { recursive: true, force: true }));

describe('the declaration before', () => {
  it.each(Object.entries(OLDER))('may be %s', (_, against) => {
    const { exit, document } = end(against);
    expect([exit, document?.breaking]).toEqual([3, 1]);
    expect(document?.changes.map(({ table, column, change }) => [table, column, change])).toEqual([
      ['order_lines', 'sku', 'meaning'],
      ['product_views', 'url', 'added'],
    ]);
  });

  it.each(Object.entries(SAME))('may be %s', (_, against) => {
    expect(end(against)).toMatchObject({ exit: 0, text: expect.stringContaining('the transforms are the same') });
  });

  it.each(ALL)('is the same for the sources of %s as for what they are built into', (pipeline) => {
    expect(end(pipeline)).toMatchObject({ exit: 0, document: { changes: [], transformsChanged: false } });
  });

  it.each(Object.entries(NONE))('cannot be %s', (against, why) => {
    expect(end(against)).toMatchObject({ exit: 2, error: expect.stringContaining(why) });
    expect(end(against).error).not.toContain('secret');
  });
});

describe('how it ends', () => {
  it('is 0 when what breaks is allowed', () => {
    expect(end('allowed')).toMatchObject({ exit: 0, text: expect.stringContaining('allowed by --allow-breaking') });
  });

  it('is 2 when nothing is said to compare with', () => {
    expect(end('nothing to compare with').exit).toBe(2);
  });
});

describe('dbt models', () => {
  it('are named when they read what changes', () => {
    const { modelsRead, changes } = end('a dbt project').document as CheckDocument;
    expect(modelsRead).toBe(Object.keys(MODELS).length);
    expect(changes.find((change) => change.column === 'sku')?.readers).toEqual([
      { file: 'models/staging/by_name.sql', takesAll: false },
      { file: 'models/staging/by_source.sql', takesAll: false },
      { file: 'models/staging/everything.sql', takesAll: true },
    ]);
  });

  it('are found in dbt/ when no project is named, and a project without any is refused', () => {
    expect(end('before').document?.modelsRead).toBe(Object.keys(MODELS).length);
    expect(end('no dbt project').exit).toBe(2);
  });
});
