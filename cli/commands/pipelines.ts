// Shows what the pipelines declare. Reads the declarations alone: no home, no data.

import { describePipeline } from '../../model/describe.ts';
import { RepriseError } from '../../model/errors.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import { type Arguments, type Command, optionalText } from '../command.ts';
import { renderPipeline } from '../render/pipeline.ts';

export const pipelinesCommand: Command = {
  usage: 'pipelines [action] [pipeline]',
  summary: 'the pipelines there are, or all that one declares: sources, shapes, columns and where they come from',
  positionals: {
    action: { type: 'string', choices: ['list', 'show'], default: 'list', describe: 'list, or show one' },
    pipeline: { type: 'string', describe: 'the pipeline to show' },
  },
  examples: [
    ['reprise pipelines', 'names, sources and tables'],
    ['reprise pipelines show pulsecart', 'every column with the raw path it comes from'],
    ['reprise pipelines show pulsecart --json', 'the same as data, for a catalog of columns'],
  ],
  run: async (args, terminal) => {
    const pipelines = new Pipelines(args.pipelines);
    if (args.action === 'show') {
      const description = describePipeline(await pipelines.compiled(shown(args, pipelines)));
      terminal.result(description, renderPipeline(description));
      return 0;
    }
    const every = [];
    for (const name of pipelines.names()) every.push(describePipeline(await pipelines.compiled(name)));
    terminal.result(
      every.map(({ name, title, sources, tables }) => ({
        name,
        title,
        sources: sources.map((source) => source.name),
        tables: tables.map((one) => one.name),
      })),
      [
        ...every.map(({ name, title, sources, tables }) =>
          [
            `${name}: ${title}`,
            `  sources  ${sources.map((source) => `${source.name} (${source.versions.join(', ')})`).join(', ')}`,
            `  tables   ${tables.map((one) => one.name).join(', ')}`,
            '',
          ].join('\n'),
        ),
        `next: reprise pipelines show ${every[0]?.name ?? '<pipeline>'}`,
      ].join('\n'),
    );
    return 0;
  },
};

function shown(args: Arguments, pipelines: Pipelines): string {
  const named = optionalText(args, 'pipeline');
  if (named !== undefined) return named;
  throw new RepriseError('Usage', 'no pipeline was named', `one of: ${pipelines.names().join(', ')}`);
}
