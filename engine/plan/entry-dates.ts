// The event dates that the catalog knows of an object.

import type { CatalogEntry } from '../../ports/catalog.ts';

/** Every event date that gets rows from the object, ascending. */
export const datesOfEntry = (entry: CatalogEntry): string[] =>
  [...new Set([...Object.keys(entry.deliveriesByDate), ...Object.keys(entry.offeredByDate)])].sort();
