// Removes what runs that ended long ago have staged and kept. They can be neither shown as a diff nor undone any more.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KEEP_DAYS, type Pruning, prune } from '../../engine/publish/prune.ts';
import { RepriseError } from '../../model/errors.ts';
import { type Command, textArgument } from '../command.ts';
import { bytes, plural, table } from '../render/text.ts';
import { withEngine } from './session.ts';

const HOUR_MS = 3_600_000;

export const pruneCommand: Command = {
  usage: 'prune',
  summary: 'remove staged rows and the rows as they were before, of runs that ended long ago',
  options: {
    keep: { type: 'string', default: `${KEEP_DAYS}d`, describe: 'how long runs can be undone: 30d, 36h' },
    'dry-run': { type: 'boolean', default: false, describe: 'show what would go, and remove nothing' },
  },
  examples: [
    ['reprise prune --dry-run', 'what would go, and how much that is'],
    ['reprise prune --keep 7d', 'keep a week'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'prune', false, async (engine) => {
      const dryRun = args['dry-run'] === true;
      const deps = { runs: engine.runs, stage: engine.home.stage, clock: engine.clock };
      const pruning = await prune(deps, durationOf(textArgument(args, 'keep')), dryRun);
      // Folders that are empty now.
      if (!dryRun)
        for (const { runId } of pruning.pruned)
          await rm(join(engine.home.path, 'stage', runId), { recursive: true, force: true });
      const freed = pruning.pruned.reduce((sum, run) => sum + run.bytes, 0);
      terminal.result({ dryRun, bytes: freed, ...pruning }, render(pruning, freed, dryRun));
      return 0;
    }),
};

function durationOf(text: string): number {
  const match = /^(\d+)([dh])$/.exec(text.trim());
  if (match === null)
    throw new RepriseError('Usage', `--keep ${text} is no duration`, 'give days or hours: --keep 30d, --keep 36h');
  return Number(match[1]) * (match[2] === 'd' ? 24 : 1) * HOUR_MS;
}

function render({ pruned, kept }: Pruning, freed: number, dryRun: boolean): string {
  const lines: string[] = [];
  if (pruned.length === 0) lines.push('nothing to remove');
  else {
    lines.push(
      `${dryRun ? 'would remove' : 'removed'} ${bytes(freed)} of ${plural(pruned.length, 'run')}; they can no longer be undone`,
      '',
      table(
        ['run', 'pipeline', 'state', 'ended', 'files', 'size'],
        pruned.map((run) => [run.runId, run.pipeline, run.state, run.finishedAt, run.files, bytes(run.bytes)]),
      ),
    );
  }
  if (kept.length > 0) {
    lines.push(
      '',
      'kept although old:',
      ...kept.map((run) => `  ${run.runId}  ${run.state}  ${bytes(run.bytes)}  ${run.because}`),
    );
  }
  return lines.join('\n');
}
