// The whole of it in under a minute, on events that it makes itself: landed, loaded with yesterday's transforms that have
// bugs, the damage shown, planned, replayed with today's, the difference explained, verified.

import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRun } from '../../engine/run/begin.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import { type SampleSource, toNdjson } from '../../generator/sample.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { executeRun } from '../../profiles/embedded/execute.ts';
import { landChunks } from '../../profiles/embedded/landing.ts';
import { openTemporaryFolder } from '../../profiles/embedded/process.ts';
import type { Arguments, Command } from '../command.ts';
import { renderPlan } from '../render/plan.ts';
import { exitCodeOf, renderRun } from '../render/run.ts';
import type { Terminal } from '../render/terminal.ts';
import { duration, plural, table } from '../render/text.ts';
import { renderDiffOf } from './diff.ts';
import { planAndSave } from './planning.ts';
import { planRequest, runOptions } from './run-options.ts';
import { withEngine } from './session.ts';
import { verifyPipeline } from './verify.ts';

const SEED = 20_261_121;
const EVENTS_EACH = 600;
const WINDOW = { from: '2026-06-01', days: 1 };
const MENDED = 'pulsecart';

const REVENUE = `SELECT event_type, count(*) AS orders, CAST(CAST(sum(total) AS DECIMAL(38,2)) AS VARCHAR) AS total
  FROM ${MENDED}.orders GROUP BY 1 ORDER BY 1`;
const CAPTURED = `SELECT status, count(*) AS payments, CAST(CAST(sum(amount) AS DECIMAL(38,2)) AS VARCHAR) AS total
  FROM ${MENDED}.payments GROUP BY 1 ORDER BY 1`;

export const demoCommand: Command = {
  usage: 'demo',
  summary: 'see a wrong transform mended, on events made up here: about half a minute, no network',
  options: { keep: { type: 'string', describe: 'keep the demo’s home in this new folder, to look around' } },
  examples: [
    ['reprise demo', 'in a folder that is removed afterwards'],
    ['reprise demo --keep demo-home', 'then: reprise why … --home demo-home'],
  ],
  run: async (args, terminal) => {
    const kept = args.keep === undefined ? undefined : resolve(String(args.keep));
    const home = kept ?? (await openTemporaryFolder('demo'));
    try {
      return await demo({ ...args, home }, terminal, kept !== undefined);
    } finally {
      if (kept === undefined) await rm(home, { recursive: true, force: true });
    }
  },
};

async function demo(args: Arguments, terminal: Terminal, kept: boolean): Promise<number> {
  const started = Date.now();
  const step = (title: string): void => terminal.say(`\n── ${title}`);
  const show = (text: string): void => (args.json ? undefined : terminal.show(text));
  const yesterday = join(packageRoot(), 'dist', 'cli', 'demo', 'yesterday');

  step('1. Five products deliver events, with every fault that producers cause; they are landed as raw Parquet');
  const names = await withEngine(args, terminal, 'demo', true, async (engine) => {
    const rows: (string | number)[][] = [];
    for (const name of engine.pipelines.names()) {
      const samples = await sampleSource(engine, name);
      if (samples === undefined) continue;
      const drawn = samples.generate({ seed: SEED, events: EVENTS_EACH, ...WINDOW });
      const chunks = (async function* () {
        yield Buffer.from(toNdjson(drawn));
      })();
      const landed = await landChunks(engine, name, chunks);
      rows.push([name, landed.landed, landed.objects.length]);
    }
    show(table(['pipeline', 'deliveries landed', 'raw objects'], rows));
    return rows.map((row) => String(row[0]));
  });

  step(`2. They are loaded; ${MENDED} with yesterday’s transforms`);
  const loaded: RunRecord[] = [];
  await withEngine({ ...args, pipelines: yesterday }, terminal, 'demo', false, async (engine) => {
    loaded.push(await backfill(engine, MENDED, 'first load', { ...args, verify: false }, terminal));
  });
  await withEngine(args, terminal, 'demo', false, async (engine) => {
    for (const name of names)
      if (name !== MENDED)
        loaded.push(await backfill(engine, name, 'first load', { ...args, verify: false }, terminal));
  });
  show(
    table(
      ['pipeline', 'state', 'events', 'quarantined'],
      loaded.map((run) => [run.pipeline, run.state, eventsOf(run), quarantinedOf(run)]),
    ),
  );

  return withEngine(args, terminal, 'demo', false, async (engine) => {
    step('3. The damage: orders of the migrated order service are too cheap, payments are missing');
    const before = await figures(engine);
    show(before.text);

    step('4. Today’s transforms: a plan says what would be read and written');
    const plan = await planAndSave(
      engine,
      MENDED,
      planRequest({ ...args, all: true, reason: 'order totals, new payment spelling', 'slice-size': '256MB' }),
      terminal,
    );
    show(renderPlan(plan, [], [], []).split('\n').slice(0, 10).join('\n'));

    step('5. The replay');
    const run = await backfill(engine, MENDED, 'order totals, new payment spelling', args, terminal);
    show(renderRun(run, undefined));

    step('6. What changed, by column, and why');
    show(await renderDiffOf(engine, run, 2));

    step('7. The tables now');
    const after = await figures(engine);
    show(after.text);

    step('8. Every row of all five, derived again from raw and compared with the warehouse’s columns');
    const checked: (string | number)[][] = [];
    let differences = 0;
    for (const name of names) {
      const verification = await verifyPipeline(engine, name, terminal);
      differences += verification.differencesTotal;
      checked.push([name, verification.checked, verification.differencesTotal]);
    }
    show(table(['pipeline', 'rows compared', 'differences'], checked));

    const tookMs = Date.now() - started;
    const ok = differences === 0 && exitCodeOf(run) === 0;
    terminal.say('');
    terminal.result(
      { ok, durationMs: tookMs, before: before.rows, after: after.rows, run: run.runId, differences },
      `${ok ? 'Done' : 'Not as it should be'}: ${plural(
        loaded.reduce((sum, one) => sum + eventsOf(one), 0),
        'event',
      )} loaded, a wrong transform mended, verified to the digit, in ${duration(tookMs)}.${
        kept
          ? `\nThe home is ${args.home}: try reprise status --home ${args.home}`
          : '\nTo look around: reprise demo --keep demo-home'
      }`,
    );
    return ok ? 0 : 1;
  });
}

async function sampleSource(engine: Engine, name: string): Promise<SampleSource | undefined> {
  const file = join(engine.pipelines.folder, name, 'samples.js');
  const present = await readFile(file).then(
    () => true,
    () => false,
  );
  if (!present) return undefined;
  return ((await import(pathToFileURL(file).href)) as { samples: SampleSource }).samples;
}

async function backfill(
  engine: Engine,
  name: string,
  reason: string,
  args: Arguments,
  terminal: Terminal,
): Promise<RunRecord> {
  const request = planRequest({ ...args, all: true, reason, 'slice-size': '256MB' });
  const plan = await planAndSave(engine, name, request, terminal);
  const run = await createRun(engine.controlDeps, plan, runOptions({ ...args, 'max-active': 2, yes: true }));
  const ended = await executeRun(engine, run, {
    signal: new AbortController().signal,
    ask: undefined,
    onEvent: (event) =>
      event.type === 'state-entered' && event.path === '' ? terminal.progress(`${name}: ${event.state}`) : undefined,
    onRows: () => {},
  });
  terminal.clear();
  if (exitCodeOf(ended) !== 0)
    throw new RepriseError(
      'Internal',
      `the run of ${name} ended as ${ended.state}: ${ended.failure?.cause ?? ''}`,
      'report this',
    );
  return ended;
}

const eventsOf = (run: RunRecord): number => run.summary?.tables[`${run.pipeline}.events`]?.inserted ?? 0;
const quarantinedOf = (run: RunRecord): number =>
  Object.values(run.summary?.quarantined ?? {}).reduce((sum, n) => sum + n, 0);

async function figures(engine: Engine): Promise<{ rows: unknown; text: string }> {
  const { duck } = await engine.warehouse();
  const orders = (await duck.rows(REVENUE)).map((row) => [
    String(row.event_type),
    Number(row.orders),
    String(row.total),
  ]);
  const payments = (await duck.rows(CAPTURED)).map((row) => [
    String(row.status),
    Number(row.payments),
    String(row.total),
  ]);
  const text = `${table(['orders', 'rows', 'total'], orders)}\n\n${table(['payments', 'rows', 'amount'], payments)}`;
  return { rows: { orders, payments }, text: text };
}
