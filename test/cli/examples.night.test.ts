// Every example that `--help` shows, run as it stands on a home that has what it speaks of: yesterday's transforms were
// published, today's wait for approval. Names that only this home knows are put in for those of the examples.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands/all.ts';
import { toNdjson } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { samples as chatorbit } from '../../pipelines/chatorbit/samples.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { samples as pulsecart } from '../../pipelines/pulsecart/samples.ts';
import { copyHome } from '../copy-home.ts';
import { type Ended, type QuarantineDocument, type RunDocument, shell } from './reprise.ts';
import { rowsOf } from './warehouse.ts';

const YESTERDAY = join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday');
const DRAW = { seed: 3, events: 150, from: '2026-06-01', days: 1 };
const RUN = '3f9a1c22b0d4-1';
const PLAN = '3f9a1c22';

type RunKind = 'published' | 'waiting';

interface Setting {
  /** Which run the example names; published unless said otherwise. */
  readonly run?: RunKind;
  /** Commands that make what it needs. */
  readonly before?: readonly string[];
  readonly exit?: number;
}

/** By the words an example begins with; the longest that fits counts. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  // It is paused before it publishes, and still waits for a yes afterwards.
  'reprise resume': { run: 'waiting', before: [`reprise pause ${RUN}`], exit: 3 },
  [`reprise resume ${RUN}`]: { run: 'waiting' },
  'reprise verify': { run: 'waiting', before: [`reprise resume ${RUN} --yes`] },
  'reprise init --new-delivery-key': { before: ['rm "$REPRISE_HOME/control/delivery.key"'] },
  'reprise approve': { run: 'waiting' },
  'reprise reject': { run: 'waiting' },
  'reprise cancel': { run: 'waiting' },
  'reprise pause': { run: 'waiting' },
  // It ends as the newest run does, which waits for a yes.
  'reprise watch': { exit: 3 },
  [`reprise watch ${RUN}`]: {},
};

/** It takes half a minute and is the same as the other example of the command, but for where its home is. */
const LEFT_OUT = 'reprise demo --keep demo-home';

let folder: string;
let base: string;
const known = { published: '', waiting: '', plan: '', object: '', row: 0, order: '', operation: '' };

async function json<T>(line: string, exit = 0): Promise<T> {
  const ended = await shell(folder, base, `${line} --json`);
  expect(ended.exit, `${line}: ${ended.err}`).toBe(exit);
  return JSON.parse(ended.out) as T;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-examples-'));
  base = join(folder, 'base');
  await writeFile(join(folder, 'events.ndjson.gz'), gzipSync(toNdjson(pulsecart.generate(DRAW))));
  await writeFile(join(folder, 'today.ndjson'), toNdjson(chatorbit.generate(DRAW)));
  await writeFile(join(folder, 'edits.ndjson'), toNdjson(codewave.generate(DRAW)));
  await json('reprise land pulsecart events.ndjson.gz');
  await json('reprise land codewave edits.ndjson');
  await json('reprise backfill codewave --all --yes');
  const published = await json<RunDocument & { planId: string }>(
    `reprise backfill pulsecart --all --yes --pipelines ${YESTERDAY}`,
  );
  const waiting = await json<RunDocument & { planId: string }>('reprise backfill pulsecart --all --max-change 0%', 3);
  const [entry] = (await json<QuarantineDocument>('reprise quarantine list pulsecart')).entries;
  const ids = async (query: string): Promise<string> =>
    String((await rowsOf(join(base, 'warehouse.duckdb'), query))[0]?.event_id);
  Object.assign(known, {
    order: await ids('SELECT event_id FROM pulsecart.orders LIMIT 1'),
    operation: await ids('SELECT event_id FROM codewave.edit_operations LIMIT 1'),
    published: published.runId,
    waiting: waiting.runId,
    plan: waiting.planId,
    object: entry?.rawObject,
    row: entry?.rawRow,
  });
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const settingOf = (line: string): Setting =>
  SETTINGS[
    Object.keys(SETTINGS)
      .filter((words) => line.startsWith(words))
      .sort((a, b) => b.length - a.length)[0] ?? ''
  ] ?? {};

/** The line with the names of this home. */
const here = (line: string, kind: RunKind, home: string): string =>
  line
    .replaceAll(RUN, known[kind])
    .replaceAll(PLAN, known.plan)
    .replace('order-service:ord-536365', known.order)
    .replace('op:friendsforever:17', known.operation)
    .replace('/data/reprise', home)
    .replace(/--object \S+ --row \d+/, `--object ${known.object} --row ${known.row}`);

describe.each(COMMANDS.map((command) => [command.usage, command] as const))('%s', (_, command) => {
  it.each(command.examples.map(([line]) => line).filter((line) => line !== LEFT_OUT))('%s', async (example) => {
    const setting = settingOf(example);
    const home = join(folder, 'copy');
    await rm(home, { recursive: true, force: true });
    copyHome(base, home);
    const run = (line: string): Promise<Ended> => shell(folder, home, here(line, setting.run ?? 'published', home));
    for (const line of setting.before ?? []) {
      const ended = await run(line);
      expect(ended.exit, `${line}: ${ended.err}`).toBe(0);
    }
    const ended = await run(example);
    expect(ended.exit, `${ended.err}\n${ended.out}`).toBe(setting.exit ?? 0);
    expect(ended.out).not.toBe('');
    if (example.includes('--json')) expect(() => JSON.parse(ended.out)).not.toThrow();
  });
});
