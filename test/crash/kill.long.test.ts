// Fifty kills; KILLS overrides how many.

import { describeKills } from './kills.ts';

describeKills(Number(process.env.KILLS ?? 50));
