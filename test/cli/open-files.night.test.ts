// The same as open-files.test.ts with more objects.

import { describeFewFiles } from './few-open-files.ts';

describeFewFiles(2000, 256);
