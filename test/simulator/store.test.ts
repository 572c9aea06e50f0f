// The store of the simulator keeps the promises of every store.

import { type Disk, SimStore } from '../../simulator/store.ts';
import { describeObjectStore } from '../contracts/object-store.ts';

const disk: Disk = new Map();

describeObjectStore('simulated', async () => new SimStore('store', disk), {
  files: {
    write: async (name, content) => {
      disk.set(name, new TextEncoder().encode(content));
      return name;
    },
    read: async (path) => {
      const content = disk.get(path);
      return content === undefined ? undefined : new TextDecoder().decode(content as Uint8Array);
    },
  },
});
