// A run that was refused because an undo keeps its transforms from some of its dates: what goes all the same, and what helps.

import { activateCommand } from '../../engine/ledger/retired.ts';
import type { Window } from '../../engine/plan/window.ts';
import type { Retired, RunRecord } from '../../engine/run/run-record.ts';
import { plural } from './text.ts';

const COMMANDS_SHOWN = 10;

export function renderRetired({ pipeline }: RunRecord, { windows, rest }: Retired): string[] {
  const lines = [
    'to allow the transforms there after all:',
    ...commands(windows, (one) => activateCommand(pipeline, one)),
  ];
  if (rest.length > 0)
    lines.push('the other dates of the plan:', ...commands(rest, (one) => backfillCommand(pipeline, one)));
  return lines;
}

/** The dates that may be published; else what undid them. */
export const nextOfRetired = ({ pipeline }: RunRecord, { rest, undos }: Retired): string =>
  rest[0] === undefined ? `reprise status ${undos[0]}` : backfillCommand(pipeline, rest[0]);

function commands(windows: readonly Window[], command: (window: Window) => string): string[] {
  const more = windows.length - COMMANDS_SHOWN;
  return [
    ...windows.slice(0, COMMANDS_SHOWN).map((one) => `  ${command(one)}`),
    ...(more > 0 ? [`  and ${plural(more, 'more window')}`] : []),
  ];
}

const backfillCommand = (pipeline: string, { from, to }: Window): string =>
  `reprise backfill ${pipeline} --from ${from} --to ${to}`;
