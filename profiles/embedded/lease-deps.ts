// Who this process is to those who share the home, and how it finds out whether another lives.

import type { Home } from '../../adapters/folder/home.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { holderName, isHolderDead, localAuthor } from '../../adapters/system/presence.ts';
import type { LeaseDeps } from '../../engine/ledger/leases.ts';

/** What leases and the ledger of the home are written with. */
export const leaseDepsOf = ({ control }: Home): LeaseDeps => ({
  control,
  clock: systemClock,
  author: localAuthor,
  holder: holderName(),
  isDead: isHolderDead,
});
