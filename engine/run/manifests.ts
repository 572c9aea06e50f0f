// Manifests of staged slices. Slices are staged side by side and far apart, so that their manifests are not entries of the
// ledger: each carries a seal made with the key of the home instead, and counts only while the seal fits.

import { createHmac } from 'node:crypto';
import { canonicalJson } from '../../model/digest.ts';
import type { SliceManifest } from './run-record.ts';

export type UnsealedManifest = Omit<SliceManifest, 'seal'>;

export const sealed = (key: Uint8Array, runId: string, manifest: UnsealedManifest): SliceManifest => ({
  ...manifest,
  seal: sealOf(key, runId, manifest),
});

export function isSealed(key: Uint8Array, runId: string, { seal, ...manifest }: SliceManifest): boolean {
  return seal === sealOf(key, runId, manifest);
}

const sealOf = (key: Uint8Array, runId: string, manifest: UnsealedManifest): string =>
  createHmac('sha256', key)
    .update(`slice manifest\n${runId}\n${canonicalJson(manifest)}`)
    .digest('hex');
