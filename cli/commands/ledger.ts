// Reads the ledger of a pipeline: who did what, when and why; and whether anybody changed it since.

import { inspectLedger, type LedgerFault } from '../../engine/ledger/ledger.ts';
import { RepriseError } from '../../ports/errors.ts';
import { type Arguments, type Command, optionalText } from '../command.ts';
import { entryDocument, renderLedger, renderLedgers } from '../render/ledger.ts';
import type { Terminal } from '../render/terminal.ts';
import type { Engine } from '../wire/engine.ts';
import { withReader } from './session.ts';

const LIMIT = 50;
const BROKEN = 4;

export interface InspectedLedger {
  readonly pipeline: string;
  readonly entries: number;
  readonly faults: readonly LedgerFault[];
}

export const ledgerCommand: Command = {
  usage: 'ledger <action> [pipeline]',
  summary: 'who did what, when and why (list); whether the record was changed since (verify)',
  positionals: {
    action: { type: 'string', choices: ['list', 'verify'], describe: 'list or verify' },
    pipeline: { type: 'string', describe: 'the pipeline; verify takes all without one' },
  },
  options: {
    run: { type: 'string', describe: 'list only what concerns this run' },
    limit: { type: 'number', default: LIMIT, describe: 'newest entries to list; 0 for all' },
  },
  examples: [
    ['reprise ledger list pulsecart', 'the newest entries'],
    ['reprise ledger list pulsecart --run 3f9a1c22b0d4-1 --json', 'the story of a run, as data'],
    ['reprise ledger verify', 'every chain; exit code 4 when one was changed'],
  ],
  run: (args, terminal) =>
    withReader(args, terminal, 'ledger', (engine) =>
      args.action === 'list' ? list(engine, args, terminal) : verify(engine, args, terminal),
    ),
};

async function list(engine: Engine, args: Arguments, terminal: Terminal): Promise<number> {
  const pipeline = optionalText(args, 'pipeline');
  if (pipeline === undefined)
    throw new RepriseError(
      'Usage',
      'the pipeline is not given',
      `reprise ledger list ${engine.pipelines.names()[0] ?? ''}`,
    );
  refuseUnknown(engine, pipeline);
  const limit = Number(args.limit);
  if (!Number.isInteger(limit) || limit < 0)
    throw new RepriseError('Usage', `--limit ${String(args.limit)} is no count`, 'give a whole number: --limit 10');
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
  for (const pipeline of named === undefined ? await pipelinesWithLedger(engine) : [named]) {
    const { entries, faults } = await inspectLedger(engine.home.control, pipeline);
    ledgers.push({ pipeline, entries: entries.length, faults });
  }
  const ok = ledgers.every(({ faults }) => faults.length === 0);
  terminal.result({ ok, ledgers }, renderLedgers(ledgers));
  return ok ? 0 : BROKEN;
}

/** Those of pipelines that are gone, too, and those of which only the head is left. */
async function pipelinesWithLedger(engine: Engine): Promise<string[]> {
  const names = new Set<string>();
  for await (const { key } of engine.home.control.list('ledger/')) names.add(key.split('/')[1] ?? '');
  for await (const { key } of engine.home.control.list('ledger-heads/'))
    names.add(key.slice(13).replace(/\.json$/, ''));
  return [...names].sort();
}

function refuseUnknown(engine: Engine, pipeline: string): void {
  const names = engine.pipelines.names();
  if (!names.includes(pipeline))
    throw new RepriseError('UnknownPipeline', `there is no pipeline ${pipeline}`, `one of: ${names.join(', ')}`);
}
