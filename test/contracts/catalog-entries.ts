// Raw objects of three dates of arrival, and what a catalog says of them.

import type { CatalogEntry } from '../../ports/catalog.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';

export const DATES = ['2026-06-01', '2026-06-02', '2026-06-03'] as const;

/** An object of that number in the version; numbers go round the dates. */
export const info = (number: number, version = 'v1'): ObjectInfo => ({
  key: `raw/shop/dt=${DATES[number % DATES.length]}/part-${String(number).padStart(4, '0')}.parquet`,
  bytes: 100 + number,
  version,
});

/** All of its rows belong to the first date. */
export const entryOf = (object: ObjectInfo, rows: number, unreadable?: string): CatalogEntry => ({
  object,
  rows,
  rowGroups: [{ rows, bytes: object.bytes }],
  deliveriesByDate: rows === 0 ? {} : { [DATES[0]]: rows },
  offeredByDate: {},
  ...(unreadable === undefined ? {} : { unreadable }),
});
