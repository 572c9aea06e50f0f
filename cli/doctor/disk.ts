// Whether the disk of the home has room.

import { freeDisk } from '../../profiles/embedded/examination.ts';
import { bytes } from '../render/text.ts';
import type { Check } from './finding.ts';

/** A run of a large backfill stages and spills to the same disk. */
const DISK_FREE_BYTES_MIN = 1e9;

export const diskCheck: Check = {
  name: 'disk',
  run: async ({ home }) => {
    const { freeBytes, totalBytes } = await freeDisk(home);
    const says = `${bytes(freeBytes)} of ${bytes(totalBytes)} are free`;
    return freeBytes >= DISK_FREE_BYTES_MIN
      ? [{ state: 'ok', says }]
      : [{ state: 'wrong', says, fix: `free some: runs need ${bytes(DISK_FREE_BYTES_MIN)} at least` }];
  },
};
