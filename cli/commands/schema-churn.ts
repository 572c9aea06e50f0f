// `schema churn`: from the ledger, the share of a pipeline's columns that each month changed.

import { churnByMonth } from '../../engine/schema/churn.ts';
import { RepriseError } from '../../model/errors.ts';
import { type Arguments, textArgument } from '../command.ts';
import { renderChurn } from '../render/schema.ts';
import type { Terminal } from '../render/terminal.ts';
import { withEngine } from './session.ts';

export function schemaChurn(args: Arguments, name: string, terminal: Terminal): Promise<number> {
  return withEngine(args, terminal, 'schema churn', false, async (engine) => {
    const pipeline = await engine.pipelines.compiled(name);
    const limit = shareOf(textArgument(args, 'limit'));
    const months = churnByMonth(await engine.ledger(pipeline.name).entries(), limit);
    const churn = { pipeline: name, limit, ok: months.every((month) => !month.isAbove), months };
    terminal.result(churn, renderChurn(churn));
    return 0;
  });
}

/** `5%` is 0.05. */
function shareOf(text: string): number {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined)
    throw new RepriseError('Usage', `--limit ${text} is no share`, 'give per cent: --limit 5%');
  return Number(percent) / 100;
}
