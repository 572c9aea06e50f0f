// The stager of the simulator keeps the promises of every stager.

import { rowsIn, SimStager } from '../../simulator/stager.ts';
import type { Disk } from '../../simulator/store.ts';
import { describeStager } from '../contracts/stage.ts';

const STATES = 100;

describeStager('simulated', STATES, async () => {
  const disk: Disk = new Map();
  return {
    open: (name) => ({ stager: new SimStager(disk, name), folder: name }),
    rows: async (_, file) => rowsIn(disk, file),
    files: async (folder) => [...disk.keys()].filter((path) => path.startsWith(`${folder}/`)),
    close: async () => {},
  };
});
