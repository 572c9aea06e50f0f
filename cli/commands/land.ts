// Deliveries from files or stdin into the raw lake. Makes the home when there is none.

import type { Landing } from '../../engine/land/land.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import { landChunks, openDeliveryFile } from '../../profiles/embedded/landing.ts';
import { type Command, listArgument, textArgument } from '../command.ts';
import { plural, table } from '../render/text.ts';
import { withEngine } from './session.ts';

export const landCommand: Command = {
  usage: 'land <pipeline> <files..>',
  summary: 'NDJSON deliveries (.gz too, - is stdin) into raw Parquet; landing again lands nothing twice',
  positionals: {
    pipeline: { type: 'string', describe: 'the pipeline' },
    files: { type: 'string', array: true, describe: 'files of lines {"received_at", "source", "body"}; - is stdin' },
  },
  examples: [
    ['reprise land pulsecart events.ndjson.gz', 'one file'],
    ['zcat *.gz | reprise land pulsecart -', 'from a pipe'],
  ],
  run: (args, terminal) =>
    withEngine(args, terminal, 'land', true, async (engine) => {
      const name = textArgument(args, 'pipeline');
      await engine.pipelines.compiled(name);
      const files = listArgument(args, 'files');
      if (files.length === 0)
        throw new RepriseError('Usage', 'no file is named', 'name files, or - for standard input');
      const landings: { file: string; landing: Landing }[] = [];
      for (const file of files) {
        const chunks = await openDeliveryFile(file);
        const landing = await landChunks(engine, name, chunks, ({ read, landed }) => {
          terminal.progress(`${file}: ${plural(read, 'delivery', 'deliveries')} read, ${landed} landed`);
        }).catch((error: unknown) => {
          throw isRepriseError(error) ? new RepriseError(error.code, `${file}: ${error.message}`, error.fix) : error;
        });
        landings.push({ file, landing });
      }
      const total = (of: (landing: Landing) => number): number =>
        landings.reduce((sum, { landing }) => sum + of(landing), 0);
      const landed = total((landing) => landing.landed);
      terminal.result(
        {
          pipeline: name,
          read: total((landing) => landing.read),
          landed,
          alreadyThere: total((landing) => landing.alreadyThere),
          objects: total((landing) => landing.objects.length),
          objectsAlreadyThere: total((landing) => landing.objectsAlreadyThere),
          files: landings.map(({ file, landing }) => ({ file, ...landing })),
        },
        [
          table(
            ['file', 'read', 'landed', 'already there', 'new raw objects'],
            landings.map(({ file, landing }) => [
              file,
              landing.read,
              landing.landed,
              landing.alreadyThere,
              landing.objects.length,
            ]),
          ),
          `next: reprise backfill ${name} --all`,
        ].join('\n'),
      );
      return 0;
    }),
};
