// A few kills; kill.long.test.ts has fifty.

import { describeKills } from './kills.ts';

describeKills(2);
