// Proves a run’s window, or a whole pipeline, against raw.

import { refuseDrift } from '../../engine/plan/drift.ts';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { Plan } from '../../engine/plan/plan-document.ts';
import type { SkippedRaw } from '../../engine/plan/raw-keys.ts';
import { windowsOver } from '../../engine/plan/window.ts';
import { type PlanVerification, verifyPlan } from '../../engine/publish/verify.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { UndeclaredColumn, Verification } from '../../ports/warehouse.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { giveBackMemory } from '../../profiles/embedded/process.ts';
import { type Command, textArgument } from '../command.ts';
import { auditDocument, renderAudit } from '../render/audit.ts';
import { undeclaredLines } from '../render/plan.ts';
import { goneLines } from '../render/raw-gone.ts';
import { renderSkipped } from '../render/skipped.ts';
import type { Terminal } from '../render/terminal.ts';
import { count, plural, table } from '../render/text.ts';
import { noteLosses } from './losses.ts';
import { planAndSave, undeclaredIn } from './planning.ts';
import { withReader } from './session.ts';
import { auditRun } from './verify-run.ts';

const DIFFERENCE_FOUND = 4;
const OBJECTS_SHOWN = 20;
const DATES_SHOWN = 30;

export const verifyCommand: Command = {
  usage: 'verify <what>',
  summary: 'derive a run’s window, or all of a pipeline, again from raw and compare with the warehouse',
  positionals: { what: { type: 'string', describe: 'a run id or a pipeline' } },
  examples: [
    ['reprise verify pulsecart', 'everything; exit 4 when something differs'],
    ['reprise verify 3f9a1c22b0d4-1 --json', 'the window of one run'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'verify', async (engine) => {
      const { plan, run, record } = await whatOf(engine, textArgument(args, 'what'), terminal);
      const audit = record === undefined ? undefined : await auditRun(engine, record, plan);
      const own = audit === undefined ? {} : { run: auditDocument(audit) };
      const isSound = (audit?.faults.length ?? 0) === 0;
      if (audit?.notDerivable !== undefined) {
        const checked = audit.tables.reduce((sum, one) => sum + one.standing, 0);
        const differences = audit.faults;
        terminal.result({ ok: isSound, checked, differences, derived: false, ...own }, renderAudit(audit).join('\n'));
        return isSound ? 0 : DIFFERENCE_FOUND;
      }
      const pipeline = await engine.pipelines.compiled(plan.body.pipeline);
      if (record !== undefined) await noteLosses(engine, pipeline.name, terminal);
      const verification = await verifyAgain(engine, plan, run, terminal);
      const undeclared = await undeclaredIn(engine, plan);
      const skipped = engine.skipped(pipeline.name);
      const ok = verification.differencesTotal === 0 && isSound;
      const { from, to } = plan.body.window;
      terminal.result(
        {
          ok,
          pipeline: pipeline.name,
          window: { from, to },
          checked: verification.checked,
          differencesTotal: verification.differencesTotal,
          differences: verification.differences,
          needs: verification.needs,
          next: commandsFor(pipeline.name, verification),
          unreadable: verification.unreadable,
          notJudged: verification.notJudged,
          rawGone: verification.rawGone ?? [],
          digests: verification.digests,
          undeclared,
          skipped,
          ...own,
        },
        [
          ...(audit === undefined ? [] : [...renderAudit(audit), '']),
          render(pipeline.name, plan, verification, undeclared, skipped),
        ].join('\n'),
      );
      return ok ? 0 : DIFFERENCE_FOUND;
    }),
};

/** Verifies all there is of a pipeline. */
export async function verifyPipeline(engine: Engine, name: string, terminal: Terminal): Promise<PlanVerification> {
  const { plan, run } = await whatOf(engine, name, terminal);
  return verifyAgain(engine, plan, run, terminal);
}

async function verifyAgain(
  engine: Engine,
  plan: Plan,
  run: Pick<RunRecord, 'runId' | 'epoch'>,
  terminal: Terminal,
): Promise<PlanVerification> {
  const pipeline = await engine.pipelines.compiled(plan.body.pipeline);
  await refuseDrift(engine.home, plan, pipeline);
  const rowsToRead = plan.body.objects.rows;
  let rows = 0;
  const context = engine.taskContext(() => {});
  const stager = (slice: number): ReturnType<typeof context.stager> => {
    // What choosing the plan left, and then each slice.
    giveBackMemory();
    return context.stager(`verify-${slice}`);
  };
  const deps = { ...context, stager };
  const verification = await verifyPlan(deps, pipeline, plan, run, (more) => {
    rows += more;
    terminal.progress(`deriving again: ${count(rows)} of ${count(rowsToRead)} deliveries`);
  });
  terminal.clear();
  return verification;
}

/** A run is verified by its own plan, a pipeline by a plan of all there is now. */
async function whatOf(
  engine: Engine,
  what: string,
  terminal: Terminal,
): Promise<{ plan: Plan; run: Pick<RunRecord, 'runId' | 'epoch'>; record?: RunRecord }> {
  if (engine.pipelines.names().includes(what)) {
    const request = {
      window: undefined,
      reason: 'verify',
      sliceBytes: PLAN_LIMITS.sliceBytes,
      onlyObjects: [],
      repair: false,
    };
    return { plan: await planAndSave(engine, what, request, terminal), run: { runId: 'verify', epoch: 0 } };
  }
  const run = await engine.findRun(what);
  return { plan: await engine.runs.plan(run.planId), run, record: run };
}

function render(
  pipeline: string,
  plan: Plan,
  verification: PlanVerification,
  undeclared: readonly UndeclaredColumn[],
  skipped: readonly SkippedRaw[],
): string {
  const { from, to } = plan.body.window;
  const lines = [
    `${pipeline}, event dates [${from}, ${to}): ${plural(verification.checked, 'row')} derived again from raw and compared`,
  ];
  lines.push(...goneLines(verification.rawGone));
  lines.push(...unreadableLines(pipeline, verification));
  if (verification.notJudged > 0)
    lines.push(`${plural(verification.notJudged, 'row')} left out that no raw object of the plan judges`);
  lines.push(...undeclaredLines(undeclared, 'not compared'), ...renderSkipped(skipped));
  if (verification.differencesTotal === 0) return [...lines, 'no difference'].join('\n');
  lines.push(`${plural(verification.differencesTotal, 'difference')}:`, '');
  lines.push(
    table(
      ['table', 'event date', 'event', 'what'],
      verification.differences.map((d) => [d.table, d.date, d.eventId, d.kind]),
    ),
  );
  if (verification.differences.length < verification.differencesTotal)
    lines.push(`and ${count(verification.differencesTotal - verification.differences.length)} more`);
  const dates = verification.needs.map(({ date }) => date);
  lines.push(
    '',
    `dates that differ: ${dates.slice(0, DATES_SHOWN).join(', ')}${dates.length > DATES_SHOWN ? ', …' : ''}`,
  );
  const byHand = verification.needs.filter(({ needs }) => needs === 'by_hand').map(({ date }) => date);
  if (byHand.length > 0)
    lines.push(
      `no replay removes what differs at ${byHand.join(', ')}: those rows are newer than raw, or of a date that has a gap`,
    );
  lines.push(...commandsFor(pipeline, verification).map((command) => `next: ${command}`));
  return lines.join('\n');
}

function unreadableLines(pipeline: string, { unreadable }: PlanVerification): string[] {
  if (unreadable.length === 0) return [];
  return [
    `${plural(unreadable.length, 'raw object')} cannot be read, so that the rows they gave are not proved:`,
    ...unreadable.slice(0, OBJECTS_SHOWN).map(({ key, detail }) => `  cannot be read: ${key} (${detail})`),
    ...(unreadable.length > OBJECTS_SHOWN ? [`  and ${count(unreadable.length - OBJECTS_SHOWN)} more`] : []),
    `  restore them in the lake, then see what is left: reprise reconcile ${pipeline}`,
  ];
}

/** One command for each window of dates that need the same; they name no date that is as it should be. */
function commandsFor(pipeline: string, { needs }: Verification): string[] {
  const windows = (['replay', 'repair'] as const).flatMap((how) =>
    windowsOver(needs.filter((one) => one.needs === how).map(({ date }) => date)).map((window) => ({ ...window, how })),
  );
  windows.sort((a, b) => (a.from < b.from ? -1 : 1));
  return windows.map(
    ({ from, to, how }) =>
      `reprise backfill ${pipeline} --from ${from} --to ${to}${how === 'repair' ? ' --repair' : ''}`,
  );
}
