// Brings a home of an earlier release to this one's format. Each step can be repeated: what is half done is finished by doing
// it again, and the marker is written last.

import { formatOf, HOME_FORMAT, markUpgraded } from '../../adapters/folder/home-marker.ts';
import { Coverage, type CoverageWork } from '../../engine/reconcile/coverage.ts';
import { rebuildCoverage } from '../../engine/reconcile/rebuild.ts';
import type { Engine } from './engine.ts';

export interface Upgraded {
  readonly from: number;
  readonly to: number;
  /** Pipelines whose coverage was split by arrival date. */
  readonly coverage: readonly string[];
  /** Files of the catalog that are not read any more. */
  readonly catalogFilesRemoved: number;
}

/** Holds the warehouse meanwhile, so that no run works in the home. */
export function upgradeHome(engine: Engine): Promise<Upgraded> {
  return engine.withWarehouse(async () => {
    const { path, control } = engine.home;
    const from = await formatOf(path);
    if (from === HOME_FORMAT) return { from, to: from, coverage: [], catalogFilesRemoved: 0 };
    const coverage = await coveredPipelines(engine);
    for (const name of coverage) {
      // Only what cannot be read is derived again, which needs the pipeline.
      const derive: CoverageWork = async (draft) =>
        rebuildCoverage({ control, runs: engine.runs }, await engine.pipelines.compiled(name), draft);
      await new Coverage(control, name).change(async () => {}, derive);
    }
    const catalogFilesRemoved = await removeFormerPages(engine);
    await markUpgraded(path);
    return { from, to: HOME_FORMAT, coverage, catalogFilesRemoved };
  });
}

const ROOT = /^coverage\/([^/]+)\.json$/;

async function coveredPipelines({ home }: Engine): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of home.control.list('coverage/')) {
    const name = ROOT.exec(key)?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** A page of an earlier release has its entries in one JSON document; its keys are beside it. */
const FORMER_PAGE = /^(catalog\/.*\/dt=[^/]+\/.*)\.json$/;

async function removeFormerPages({ home }: Engine): Promise<number> {
  const former: string[] = [];
  for await (const { key } of home.control.list('catalog/')) {
    const place = FORMER_PAGE.exec(key)?.[1];
    if (place !== undefined) former.push(`${place}.json`, `${place}.parquet`);
  }
  for (const key of former) await home.control.remove(key);
  return former.length;
}
