// The stages of a run as they will be, before anything runs: the states of the state machine that ships, in their order,
// each with the numbers of the plan.

import type { Plan } from '../../engine/plan/plan-document.ts';
import { DELETED_SHARE_MAX } from '../../engine/publish/gate.ts';
import type { RunOptions } from '../../engine/run/run-record.ts';
import type { Flow } from '../../lib/asl/asl.ts';
import { bytes, count, plural, table } from './text.ts';

export interface Stage {
  readonly state: string;
  readonly does: string;
}

export interface GroupToPublish {
  readonly group: number;
  readonly dates: readonly { readonly date: string; readonly whole: boolean }[];
  readonly deliveries: number;
}

/** The states on the way from the start to the end when nothing goes wrong and everything there is to do is done. */
function statesInOrder(machine: Flow): string[] {
  const names: string[] = [];
  let name: string | undefined = machine.StartAt;
  while (name !== undefined && !names.includes(name)) {
    names.push(name);
    const state: Flow['States'][string] | undefined = machine.States[name];
    if (state?.Type === 'Choice') name = state.Default;
    else name = state !== undefined && 'Next' in state ? state.Next : undefined;
  }
  return names;
}

export function groupsToPublish(plan: Plan): GroupToPublish[] {
  return Array.from({ length: plan.body.groups }, (_, group) => {
    const dates = plan.body.dates.filter((one) => one.group === group);
    return {
      group,
      dates: dates.map(({ date, whole }) => ({ date, whole })),
      deliveries: dates.reduce((sum, { deliveries }) => sum + deliveries, 0),
    };
  });
}

/** What each state will do. States that only steer are left out. */
export function stagesOf(machine: Flow, plan: Plan, options: RunOptions): Stage[] {
  const { body } = plan;
  const size = bytes(body.objects.bytes);
  const rows = count(body.objects.rows);
  const slices = plural(body.slices.count, 'slice');
  const groups = plural(body.groups, 'date group');
  const says: Readonly<Record<string, string>> = {
    Admit: `checks that none of ${plural(body.objects.count, 'raw object')}, the transforms ${body.transformDigest.slice(0, 8)} and the columns ${body.schemaDigest.slice(0, 8)} changed; takes the lease of [${body.window.from}, ${body.window.to})`,
    WriteSlices: `lists ${slices}, those that are staged already left out`,
    Stage: `reads ${rows} deliveries (${size}) in ${slices}, ${options.maxActive} at a time${options.newestFirst ? ', the newest first' : ''}`,
    Settle: 'keeps one winner for each event over all slices',
    Preview: `decides ${groups} over ${plural(body.tables.length + 1, 'table')}; stops when a row would change for no known cause`,
    Gate: gateText(options),
    Approve: 'asks on a terminal; else the run ends as awaiting_approval, or waits with --await-approval',
    Publish: `${plural(body.groups, 'transaction')}, one date group at a time, all tables and the quarantine in each`,
    Verify: options.verify
      ? `reads the ${size} again with the reference evaluator and compares with the warehouse's columns`
      : 'left out (--no-verify)',
    Downstream: 'names the dates touched, once for all slices',
    Finish: 'writes the honest end state, gives the lease back',
  };
  const names = statesInOrder(machine).filter((name) => name in says);
  const shown = options.stageOnly ? names.filter((name) => !AFTER_GATE.has(name)) : names;
  return shown.map((state) => ({ state, does: says[state] ?? '' }));
}

const AFTER_GATE = new Set(['Approve', 'Publish', 'Verify', 'Downstream']);

function gateText(options: RunOptions): string {
  if (options.stageOnly) return 'ends as staged: --stage-only';
  if (options.approved) return 'publishes whatever the change is: --yes';
  return options.maxChange === undefined
    ? `asks when more than ${DELETED_SHARE_MAX * 100} % of the events that stand at the dates would be deleted`
    : `asks when more than ${options.maxChange * 100} % of the events that stand at the dates would be updated or deleted`;
}

export function renderExplain(plan: Plan, stages: readonly Stage[]): string {
  const groups = groupsToPublish(plan);
  const lines = [
    `plan ${plan.id.slice(0, 12)}  ${plan.body.pipeline}  event dates [${plan.body.window.from}, ${plan.body.window.to})${plan.body.partial ? '  partial: nothing is deleted or taken back' : ''}`,
    '',
    table(
      ['', 'state', 'does'],
      stages.map(({ state, does }, place) => [String(place + 1), state, does]),
    ),
    '',
    table(
      ['group', 'event dates', 'deliveries', 'may delete'],
      groups.map(({ group, dates, deliveries }) => [String(group + 1), spanOf(dates), deliveries, wholeText(dates)]),
    ),
    '',
    `next: reprise run ${plan.id.slice(0, 12)}`,
  ];
  return lines.join('\n');
}

function spanOf(dates: GroupToPublish['dates']): string {
  const first = dates[0]?.date ?? 'none';
  const last = dates.at(-1)?.date ?? first;
  return first === last ? first : `${first} … ${last} (${dates.length})`;
}

function wholeText(dates: GroupToPublish['dates']): string {
  const partial = dates.filter(({ whole }) => !whole).map(({ date }) => date);
  if (partial.length === 0) return 'yes: whole';
  return partial.length === dates.length ? 'no: not whole' : `not at ${partial.join(', ')}`;
}
