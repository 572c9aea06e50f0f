// The root of a coverage: what is known of whole dates, and of each arrival date the name of the document that holds its
// objects, with what has to be known of them without opening it. It grows with days, never with objects.

import type { DayObjects, DaySummary } from './covered-day.ts';

/** Why a date has to be published whole although all its objects were read. */
export type WholeCause = 'changed' | 'gone' | 'takes_back' | 'lost';

export interface CoverageDay extends DaySummary {
  /**
   * Name of the document of its objects, without folder and ending: the number of the root that it first belonged to, and
   * its digest. Empty for the days of a document that holds all of them.
   */
  readonly shard: string;
}

export interface CoverageRoot {
  readonly format: 2;
  /** Counts the roots of the pipeline. */
  readonly sequence: number;
  /** Epoch of the last whole publish of each date. */
  readonly wholeEpochs: Readonly<Record<string, number>>;
  readonly wholeNeeded: Readonly<Record<string, WholeCause>>;
  /** By arrival date. */
  readonly days: Readonly<Record<string, CoverageDay>>;
  /** Of the last transaction; absent when it is not known. */
  readonly lastToken?: string;
}

/** A root that was read. */
export interface ReadRoot {
  readonly root: CoverageRoot;
  /** The days of a document that holds all of them, as those of earlier releases do; its root names no other documents. */
  readonly objects?: ReadonlyMap<string, DayObjects>;
}

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** Whether the document is a root. Throws where it is not even an object. */
export function isRoot(document: unknown): document is CoverageRoot {
  const { format, sequence, wholeEpochs, wholeNeeded, days } = document as CoverageRoot;
  const isWhole = format === 2 && Number.isInteger(sequence) && isRecord(wholeEpochs) && isRecord(wholeNeeded);
  return isWhole && isRecord(days) && Object.values(days).every(isDay);
}

const isDay = ({ shard, oldest }: CoverageDay): boolean => SHARD.test(shard) && isRecord(oldest);

const SHARD = /^\d+-[0-9a-f]{64}$/;
