// Options that planning and running share, and how they are read.

import type { Options } from 'yargs';
import { PLAN_LIMITS } from '../../engine/plan/limits.ts';
import type { PlanRequest } from '../../engine/plan/plan.ts';
import { parseEnd, parseWindow, type Window } from '../../engine/plan/window.ts';
import type { RunOptions } from '../../engine/run/run-record.ts';
import { RepriseError } from '../../model/errors.ts';
import { parseDay } from '../../model/time.ts';
import { type Arguments, listArgument, optionalText } from '../command.ts';

export const PLAN_OPTIONS: Readonly<Record<string, Options>> = {
  from: { type: 'string', describe: 'first event date (UTC), included', alias: 'event-time-start' },
  to: {
    type: 'string',
    describe: 'event date (UTC) before which it ends, excluded; infinity includes 9999-12-31',
    alias: 'event-time-end',
  },
  all: { type: 'boolean', default: false, describe: 'all event dates there are' },
  reason: { type: 'string', default: '', describe: 'why, for the ledger' },
  'slice-size': { type: 'string', default: '256MB', describe: 'raw bytes of a slice: 200KB, 64MB, 1GB' },
  only: { type: 'string', array: true, describe: 'only these raw objects (keys): a partial plan, which never deletes' },
  repair: { type: 'boolean', default: false, describe: 'also rewrite rows whose columns were changed by hand' },
  'copy-horizon': {
    type: 'string',
    describe: 'days before and after the window in whose arrivals copies at other dates are looked for (default: all)',
  },
};

export const AWAIT_APPROVAL: Options = {
  type: 'boolean',
  default: false,
  describe: 'when the change needs a yes, wait for reprise approve or reject',
};

export const RUN_OPTIONS: Readonly<Record<string, Options>> = {
  yes: { type: 'boolean', alias: 'y', default: false, describe: 'publish whatever the change is' },
  'max-change': { type: 'string', describe: 'largest share of events updated or deleted without a yes: 5%' },
  'await-approval': AWAIT_APPROVAL,
  'stage-only': { type: 'boolean', default: false, describe: 'stage and preview, publish later' },
  'newest-first': { type: 'boolean', alias: 'run-backwards', default: false, describe: 'read the newest slices first' },
  'max-active': { type: 'number', alias: 'max-active-runs', default: 2, describe: 'slices at a time' },
  verify: { type: 'boolean', default: true, describe: 'derive again from raw and compare (--no-verify to leave out)' },
};

/** Throws Usage for a window that is missing, contradictory, empty or reversed. */
export function planRequest(args: Arguments): PlanRequest {
  const from = optionalText(args, 'from');
  const to = optionalText(args, 'to');
  const all = args.all === true;
  const help = 'give --from and --to (half-open, UTC event dates), or --all';
  if (all && (from !== undefined || to !== undefined))
    throw new RepriseError('Usage', '--all and a window were both given', help);
  if (!all && (from === undefined || to === undefined))
    throw new RepriseError('Usage', 'the window is not given', help);
  return {
    window: all ? undefined : parseWindow(from as string, to as string),
    reason: String(args.reason ?? ''),
    sliceBytes: sizeOf(String(args['slice-size'])),
    onlyObjects: listArgument(args, 'only'),
    repair: args.repair === true,
    ...copyHorizon(optionalText(args, 'copy-horizon')),
  };
}

function copyHorizon(text: string | undefined): Pick<PlanRequest, 'copyHorizonDays'> {
  if (text === undefined) return {};
  if (!/^\d{1,5}$/.test(text))
    throw new RepriseError(
      'Usage',
      `--copy-horizon must be a whole number of days; got \`${text}\``,
      'give days, as in --copy-horizon 30, or leave it out to look everywhere',
    );
  return { copyHorizonDays: Number(text) };
}

/** The window of a command that needs none. Throws Usage for half a window, and for one that is none. */
export function windowArgument(args: Arguments): Window | undefined {
  const from = optionalText(args, 'from');
  const to = optionalText(args, 'to');
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined)
    throw new RepriseError('Usage', 'only one end of the window is given', 'give both --from and --to, or neither');
  return parseWindow(from, to);
}

/** The first or, called `to`, the excluded last date of a range. Throws Usage for what is not a date. */
export function dateArgument(args: Arguments, name: string): string | undefined {
  const typed = optionalText(args, name);
  if (typed === undefined) return undefined;
  const date = name === 'to' ? parseEnd(typed) : parseDay(typed) === undefined ? undefined : typed;
  if (date === undefined)
    throw new RepriseError(
      'Usage',
      `--${name} ${typed} is not a date YYYY-MM-DD`,
      `give a UTC date: --${name} 2026-06-01`,
    );
  return date;
}

/** `maxActive`, `maxChange` and the rest. Throws Usage for what is no share or count. */
export function runOptions(args: Arguments): RunOptions {
  const maxActive = Number(args['max-active']);
  if (!Number.isInteger(maxActive) || maxActive < 1) {
    throw new RepriseError(
      'Usage',
      `--max-active ${String(args['max-active'])} is no count of slices`,
      'give a whole number from 1 on',
    );
  }
  return {
    stageOnly: args['stage-only'] === true,
    approved: args.yes === true,
    maxChange: shareOf(optionalText(args, 'max-change')),
    maxActive,
    newestFirst: args['newest-first'] === true,
    verify: args.verify !== false,
  };
}

function shareOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  if (match === null)
    throw new RepriseError('Usage', `--max-change ${text} is no share`, 'give a percentage: --max-change 5%');
  return Number(match[1]) / 100;
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
};

function sizeOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] || 'B').toUpperCase()];
  const size = match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (!(size >= PLAN_LIMITS.sliceBytesMin)) {
    throw new RepriseError(
      'Usage',
      `--slice-size ${text} is no size from ${PLAN_LIMITS.sliceBytesMin} bytes on`,
      'give a size: --slice-size 256MB',
    );
  }
  return size;
}
