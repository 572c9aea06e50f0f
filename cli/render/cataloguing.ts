// How far reading raw objects for the catalog has come.

import type { CatalogProgress } from '../../engine/plan/catalog.ts';
import { bytes } from './text.ts';

export const cataloguing = ({ arrived, objectsDone, objects, bytesDone, bytes: all }: CatalogProgress): string =>
  `cataloguing raw that arrived on ${arrived}: ${objectsDone} of ${objects} objects, ${bytes(bytesDone)} of ${bytes(all)}`;
