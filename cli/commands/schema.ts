// What a declaration means for those who read its tables: compared with another one, brought to the warehouse, and how
// much of it changes in a month.

import { type Command, textArgument } from '../command.ts';
import { applySchema } from './schema-apply.ts';
import { checkSchema } from './schema-check.ts';
import { schemaChurn } from './schema-churn.ts';

export const schemaCommand: Command = {
  usage: 'schema <action> <pipeline>',
  summary: 'what changes for readers of the tables; the tables brought to the declaration; how much changes in a month',
  positionals: {
    action: { type: 'string', choices: ['check', 'apply', 'churn'], describe: 'check, apply or churn' },
    pipeline: { type: 'string', describe: 'the pipeline' },
  },
  options: {
    against: { type: 'string', describe: 'check: the declaration before: a git ref, a folder or a pipeline.ts' },
    to: { type: 'string', describe: 'check: the declaration after, in the same forms; not given: the built one' },
    dbt: { type: 'string', describe: 'check: the dbt project whose models are looked at; not given: dbt/' },
    'allow-breaking': { type: 'boolean', default: false, describe: 'check: ends with 0 whatever breaks' },
    'dry-run': { type: 'boolean', default: false, describe: 'apply: print the statements, run none' },
    limit: { type: 'string', default: '5%', describe: 'churn: the share of columns that a month may change' },
  },
  examples: [
    ['reprise schema check pulsecart --against HEAD', 'what changed since the last commit, and whom it breaks'],
    ['reprise schema check pulsecart --against HEAD --allow-breaking --json', 'for a change that was agreed on'],
    ['reprise schema apply pulsecart --dry-run', 'the statements that would bring the tables to the declaration'],
    ['reprise schema churn pulsecart --limit 10%', 'columns changed in each month'],
  ],
  run: (args, terminal) => {
    const pipeline = textArgument(args, 'pipeline');
    if (args.action === 'check') return checkSchema(args, pipeline, terminal);
    return args.action === 'apply' ? applySchema(args, pipeline, terminal) : schemaChurn(args, pipeline, terminal);
  },
};
