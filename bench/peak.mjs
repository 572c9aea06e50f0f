// Runs the command line as it is, and writes the peak of this process's memory, in KB, to file descriptor 3 at its end.

import { writeSync } from 'node:fs';

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
await import('../bin/reprise.js');
