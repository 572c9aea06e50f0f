// How much memory this process may have: the machine's, or less where a control group bounds it.

import { totalmem } from 'node:os';

/** In MB. */
export function availableMemoryMb(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = totalmem();
  return (constrained > 0 && constrained < total ? constrained : total) / 1024 ** 2;
}
