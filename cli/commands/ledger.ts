// Reads the ledger of a pipeline: who did what, when and why; and whether anybody changed it, or what mirrors it, since.

import { pipelinesWithLedger } from '../../engine/ledger/anchors.ts';
import type { LedgerFault } from '../../engine/ledger/entry.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import {
  acceptLedger,
  type Differing,
  differences,
  inspectWithAnchors,
  restoreCopies,
} from '../../engine/ledger/restore.ts';
import { RepriseError } from '../../model/errors.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { type Arguments, type Command, optionalText, textArgument } from '../command.ts';
import { entryDocument, renderAccepted, renderLedger, renderLedgers, renderRestored } from '../render/ledger.ts';
import type { Terminal } from '../render/terminal.ts';
import { withEngine, withReader } from './session.ts';

const LIMIT = 50;
const BROKEN = 4;

export interface InspectedLedger {
  readonly pipeline: string;
  readonly entries: number;
  readonly faults: readonly LedgerFault[];
  /** Runs whose records are not what the ledger says. */
  readonly records: readonly Differing[];
}

export const ledgerCommand: Command = {
  usage: 'ledger <action> [pipeline]',
  summary:
    'who did what, when and why (list); whether it was changed since (verify); write records again from it (restore); go on without entries that are lost (accept)',
  positionals: {
    action: {
      type: 'string',
      choices: ['list', 'verify', 'restore', 'accept'],
      describe: 'list, verify, restore or accept',
    },
    pipeline: { type: 'string', describe: 'the pipeline; verify takes all without one' },
  },
  options: {
    run: { type: 'string', describe: 'list only what concerns this run' },
    reason: { type: 'string', default: '', describe: 'why entries are missing, for the ledger: accept needs it' },
    limit: { type: 'number', default: LIMIT, describe: 'newest entries to list; 0 for all' },
  },
  examples: [
    ['reprise ledger list pulsecart', 'the newest entries'],
    ['reprise ledger list pulsecart --run 3f9a1c22b0d4-1 --json', 'the story of a run, as data'],
    ['reprise ledger verify', 'every chain, and what mirrors it; exit code 4 when something was changed'],
    ['reprise ledger accept pulsecart --reason "restored from the backup of May"', 'go on from what is there'],
  ],
  run: (args, terminal) =>
    (CHANGING.has(String(args.action)) ? withWriter : withReader)(
      args,
      terminal,
      'ledger',
      (engine) => ACTIONS[String(args.action)]?.(engine, args, terminal) ?? verify(engine, args, terminal),
    ),
};

const CHANGING = new Set(['restore', 'accept']);
const withWriter: typeof withReader = (args, terminal, command, work) =>
  withEngine(args, terminal, command, false, work);

const ACTIONS: Readonly<Record<string, (engine: Engine, args: Arguments, terminal: Terminal) => Promise<number>>> = {
  list,
  restore,
  accept,
};

/** Writes records of runs again as the ledger has them. */
async function restore(engine: Engine, args: Arguments, terminal: Terminal): Promise<number> {
  const pipeline = namedPipeline(engine, args, 'restore');
  const { restored, left } = await restoreCopies(engine.controlDeps, pipeline);
  terminal.result({ pipeline, restored, left }, renderRestored(pipeline, restored, left));
  return left.length === 0 ? 0 : BROKEN;
}

async function accept(engine: Engine, args: Arguments, terminal: Terminal): Promise<number> {
  const pipeline = namedPipeline(engine, args, 'accept');
  const reason = textArgument(args, 'reason').trim();
  if (reason === '')
    throw new RepriseError('Usage', 'no reason is given', `say why: reprise ledger accept ${pipeline} --reason …`);
  const accepted = await acceptLedger(engine.controlDeps, pipeline, reason);
  terminal.result({ pipeline, accepted }, renderAccepted(pipeline, accepted));
  return 0;
}

function namedPipeline(engine: Engine, args: Arguments, action: string): string {
  const pipeline = optionalText(args, 'pipeline');
  const names = engine.pipelines.names();
  if (pipeline === undefined)
    throw new RepriseError('Usage', 'the pipeline is not given', `reprise ledger ${action} ${names[0] ?? ''}`);
  refuseUnknown(engine, pipeline);
  return pipeline;
}

async function list(engine: Engine, args: Arguments, terminal: Terminal): Promise<number> {
  const pipeline = namedPipeline(engine, args, 'list');
  const limit = Number(args.limit);
  if (!Number.isInteger(limit) || limit < 0)
    throw new RepriseError(
      'Usage',
      `--limit must be a whole number; got ${String(args.limit)}`,
      'for example: --limit 10',
    );
  const run = optionalText(args, 'run');
  const { entries } = await inspectLedger(engine.home.control, pipeline);
  const found = entries.filter((entry) => run === undefined || ('runId' in entry && entry.runId === run)).reverse();
  const shown = limit === 0 ? found : found.slice(0, limit);
  terminal.result(shown.map(entryDocument), renderLedger(shown, found.length));
  return 0;
}

async function verify(engine: Engine, args: Arguments, terminal: Terminal): Promise<number> {
  const named = optionalText(args, 'pipeline');
  if (named !== undefined) refuseUnknown(engine, named);
  const ledgers: InspectedLedger[] = [];
  for (const pipeline of named === undefined ? await pipelinesWithLedger(engine.home.control) : [named]) {
    const { entries, faults } = await inspectWithAnchors(engine.controlDeps, pipeline);
    const records = await differences(engine.controlDeps, pipeline);
    ledgers.push({ pipeline, entries: entries.length, faults, records });
  }
  const ok = ledgers.every(({ faults, records }) => faults.length + records.length === 0);
  terminal.result({ ok, ledgers }, renderLedgers(ledgers));
  return ok ? 0 : BROKEN;
}

function refuseUnknown(engine: Engine, pipeline: string): void {
  const names = engine.pipelines.names();
  if (!names.includes(pipeline))
    throw new RepriseError('UnknownPipeline', `there is no pipeline ${pipeline}`, `one of: ${names.join(', ')}`);
}
