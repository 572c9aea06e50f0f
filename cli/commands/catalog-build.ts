// Reads raw objects that the catalog does not know, ahead of a plan that would have to.

import { catalogObjects, listRaw } from '../../engine/plan/catalog.ts';
import type { SkippedRaw } from '../../engine/plan/raw-keys.ts';
import { type Command, textArgument } from '../command.ts';
import { renderSkipped } from '../render/skipped.ts';
import { bytes, plural } from '../render/text.ts';
import { withEngine } from './session.ts';

export const catalogBuildCommand: Command = {
  usage: 'catalog build <pipeline>',
  summary: 'read the raw objects that the catalog does not know: which event dates they hold',
  positionals: { pipeline: { type: 'string', describe: 'the pipeline' } },
  examples: [['reprise catalog build pulsecart', 'so that the next plan has nothing to read']],
  run: (args, terminal) =>
    withEngine(args, terminal, 'catalog build', false, async (engine) => {
      const pipeline = await engine.pipelines.compiled(textArgument(args, 'pipeline'));
      const catalog = engine.catalog(pipeline);
      const deps = { lake: engine.home.lake, catalog, reader: engine.reader };
      let skipped: readonly SkippedRaw[] = [];
      const objects = await listRaw(engine.home.lake, pipeline.name, (found) => {
        skipped = found;
      });
      const damaged = await catalog.removeDamaged(objects);
      const { entries, read } = await catalogObjects(deps, pipeline, objects, (progress) => {
        terminal.progress(
          `cataloguing raw: ${progress.objectsDone} of ${progress.objects} objects, ${bytes(progress.bytesDone)} of ${bytes(progress.bytes)}`,
        );
      });
      const unreadable = entries.filter((entry) => entry.unreadable !== undefined);
      const deliveries = entries.reduce((sum, entry) => sum + entry.rows, 0);
      const dates = [...new Set(entries.flatMap((entry) => Object.keys(entry.deliveriesByDate)))].sort();
      terminal.result(
        {
          pipeline: pipeline.name,
          objects: entries.length,
          built: read.length,
          damagedPages: damaged,
          deliveries,
          dates: dates.length,
          unreadable: unreadable.map((entry) => ({ key: entry.object.key, detail: entry.unreadable })),
          skipped,
        },
        [
          `${pipeline.name}: ${plural(entries.length, 'raw object')} known, ${read.length} read now, ${plural(deliveries, 'delivery', 'deliveries')}`,
          ...(damaged > 0 ? [`${plural(damaged, 'damaged page')} removed, and what they held read again`] : []),
          ...(dates.length > 0 ? [`event dates ${dates[0]} to ${dates.at(-1)}`] : []),
          ...unreadable.map((entry) => `cannot be read: ${entry.object.key} (${entry.unreadable})`),
          ...renderSkipped(skipped),
        ].join('\n'),
      );
      return 0;
    }),
};
