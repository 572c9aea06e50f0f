// Reads raw objects that the catalog does not know, ahead of a plan that would have to.

import { catalogObjects } from '../../engine/plan/catalog.ts';
import { rawDays } from '../../engine/plan/raw-days.ts';
import type { SkippedRaw } from '../../engine/plan/raw-keys.ts';
import type { CatalogEntry } from '../../ports/catalog.ts';
import { type Command, textArgument } from '../command.ts';
import { cataloguing } from '../render/cataloguing.ts';
import { renderSkipped } from '../render/skipped.ts';
import { plural } from '../render/text.ts';
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
      const unreadable: CatalogEntry[] = [];
      const found = new Set<string>();
      let [objects, built, deliveries, damaged] = [0, 0, 0, 0];
      const onSkipped = (some: readonly SkippedRaw[]): void => {
        skipped = some;
      };
      for await (const day of rawDays(engine.home.lake, pipeline.name, { onSkipped })) {
        damaged += await catalog.removeDamaged(day.date);
        const { entries, read } = await catalogObjects(deps, pipeline, day.objects, (progress) =>
          terminal.progress(cataloguing(progress)),
        );
        objects += entries.length;
        built += read.length;
        for (const entry of entries) {
          deliveries += entry.rows;
          for (const date of Object.keys(entry.deliveriesByDate)) found.add(date);
          if (entry.unreadable !== undefined) unreadable.push(entry);
        }
      }
      const dates = [...found].sort();
      terminal.result(
        {
          pipeline: pipeline.name,
          objects,
          built,
          damagedPages: damaged,
          deliveries,
          dates: dates.length,
          unreadable: unreadable.map((entry) => ({ key: entry.object.key, detail: entry.unreadable })),
          skipped,
        },
        [
          `${pipeline.name}: ${plural(objects, 'raw object')} known, ${built} read now, ${plural(deliveries, 'delivery', 'deliveries')}`,
          ...(damaged > 0 ? [`${plural(damaged, 'damaged page')} removed, and what they held read again`] : []),
          ...(dates.length > 0 ? [`event dates ${dates[0]} to ${dates.at(-1)}`] : []),
          ...unreadable.map((entry) => `cannot be read: ${entry.object.key} (${entry.unreadable})`),
          ...renderSkipped(skipped),
        ].join('\n'),
      );
      return 0;
    }),
};
