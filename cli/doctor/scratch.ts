// What processes left behind that have ended.

import { resolve } from 'node:path';
import { foreignScratch, SILENT_SCRATCH_MS, staleScratch } from '../../profiles/embedded/examination.ts';
import { bytes, plural } from '../render/text.ts';
import type { Check, Finding } from './finding.ts';

export const scratchCheck: Check = {
  name: 'scratch',
  run: async ({ home }) => {
    const stale = await staleScratch(resolve(home), Date.now());
    const foreign = (await foreignScratch(resolve(home))).filter(
      ({ name }) => !stale.some((other) => other.name === name),
    );
    const findings: Finding[] = [];
    if (stale.length > 0) {
      findings.push({
        state: 'note',
        says: `${plural(stale.length, 'folder')} (${sizeOf(stale)}) of processes that have ended; cleared away by the next command`,
      });
    }
    if (foreign.length > 0) {
      const heard = new Date(Math.max(...foreign.map(({ heardMs }) => heardMs))).toISOString();
      findings.push({
        state: 'note',
        says: `${plural(foreign.length, 'folder')} (${sizeOf(foreign)}) of processes of another machine, boot or container, last heard of at ${heard}`,
        fix: `nothing to do: what is not heard of for ${SILENT_SCRATCH_MS / 60_000} minutes is cleared away`,
      });
    }
    return findings.length === 0 ? [{ state: 'ok', says: 'nothing left behind' }] : findings;
  },
};

const sizeOf = (folders: readonly { readonly bytes: number }[]): string =>
  bytes(folders.reduce((sum, one) => sum + one.bytes, 0));
