// Goes through a lake date by date, has the catalog know every object of it, and gives a survey of them: what a plan is made
// from, in memory that does not grow with the lake.

import type { CompiledPipeline } from '../../model/compile.ts';
import { isRepriseError, RepriseError } from '../../model/errors.ts';
import type { CatalogEntry, CatalogSurvey } from '../../ports/catalog.ts';
import { type CatalogDeps, type CatalogProgress, catalogObjects } from './catalog.ts';
import { datesOfEntry } from './entry-dates.ts';
import { rawDays } from './raw-days.ts';
import { arrivalDate, type SkippedRaw } from './raw-keys.ts';

export interface SurveyRequest {
  /** Only these objects; empty: all there is. */
  readonly only: readonly string[];
  readonly onProgress: (progress: CatalogProgress) => void;
  /** Hears of the entries of each date. */
  readonly onEntries?: (entries: readonly CatalogEntry[]) => void;
}

export interface LakeSurvey {
  readonly survey: CatalogSurvey;
  readonly objects: number;
  /** Every event date that gets rows from some object, and the dates on which unreadable ones arrived. */
  readonly dates: ReadonlySet<string>;
  /** What else the listing found. */
  readonly skipped: readonly SkippedRaw[];
}

/** Throws NotFound for one of `only` that is not in the lake. */
export async function surveyLake(
  deps: CatalogDeps,
  pipeline: CompiledPipeline,
  { only, onProgress, onEntries = () => {} }: SurveyRequest,
): Promise<LakeSurvey> {
  const survey = deps.catalog.survey();
  const wanted = new Set(only);
  const dates = new Set<string>();
  let skipped: readonly SkippedRaw[] = [];
  let objects = 0;
  const options = {
    ...(only.length === 0 ? {} : { dates: only.map(arrivalDate) }),
    onSkipped: (found: readonly SkippedRaw[]) => {
      skipped = found;
      deps.onSkipped?.(found);
    },
  };
  for await (const day of rawDays(deps.lake, pipeline.name, options)) {
    const some = only.length === 0 ? day.objects : day.objects.filter(({ key }) => wanted.delete(key));
    if (some.length === 0) continue;
    const { entries } = await catalogObjects(deps, pipeline, some, onProgress);
    await survey.add(some);
    objects += some.length;
    onEntries(entries);
    for (const entry of entries) {
      for (const date of datesOfEntry(entry)) dates.add(date);
      if (entry.unreadable !== undefined) dates.add(arrivalDate(entry.object.key));
    }
  }
  const [absent] = wanted;
  if (absent !== undefined) {
    throw new RepriseError(
      'NotFound',
      `the lake has no raw object ${absent}`,
      'give the key as `plan` lists it, from raw/ on',
    );
  }
  return { survey, objects, dates, skipped };
}

/** How often a survey begins anew because another process rewrote the catalog meanwhile. */
const LOOKS_MAX = 3;

/** Does the work over a survey of the lake, and all of it again when the catalog moved on while it did. */
export async function overSurvey<T>(
  survey: () => Promise<LakeSurvey>,
  work: (lake: LakeSurvey) => Promise<T>,
): Promise<T> {
  for (let looks = 1; ; looks++) {
    try {
      return await work(await survey());
    } catch (error) {
      const hasMoved = isRepriseError(error) && error.code === 'ObjectMissing';
      if (!hasMoved || looks === LOOKS_MAX) throw error;
    }
  }
}

/** Which of the objects are not in the lake, by listing the dates on which they arrived. */
export async function absentOf(
  lake: CatalogDeps['lake'],
  pipeline: string,
  keys: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const absent = new Set(keys);
  const dates = [...absent].map(arrivalDate);
  for await (const { objects } of rawDays(lake, pipeline, { dates })) for (const { key } of objects) absent.delete(key);
  return absent;
}
