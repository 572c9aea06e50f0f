// The DuckDB warehouse against the rule of publishing, from a few random states; warehouse.long.test.ts begins from more of them,
// and damages rows.

import { describeWarehouse } from '../contracts/warehouse.ts';
import { openDuckUnderTest } from './duck-under-test.ts';

describeWarehouse('DuckDB', 2, openDuckUnderTest);
