// More raw objects than files that a process may open: every command does its work, and one that has no room to begin
// says what to do.

import { describeFewFiles } from './few-open-files.ts';

describeFewFiles(300, 128);
