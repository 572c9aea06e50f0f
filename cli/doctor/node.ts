// Whether Node.js is recent enough.

import type { Check } from './finding.ts';

const NODE_OLDEST = [20, 19] as const;

export const nodeCheck: Check = {
  name: 'node',
  run: async () => {
    const { node } = process.versions;
    const [major = 0, minor = 0] = node.split('.').map(Number);
    const [oldestMajor, oldestMinor] = NODE_OLDEST;
    if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
      return [{ state: 'ok', says: `Node.js ${node} on ${process.platform} ${process.arch}` }];
    return [
      {
        state: 'wrong',
        says: `Node.js ${node}; ${oldestMajor}.${oldestMinor} is the oldest that works`,
        fix: `install Node.js ${oldestMajor}.${oldestMinor} or later`,
      },
    ];
  },
};
