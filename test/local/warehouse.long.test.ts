// The DuckDB warehouse against the rule of publishing, from many random states, and what its verification says of damage.

import { describeDamage } from '../contracts/damage.ts';
import { describeWarehouse } from '../contracts/warehouse.ts';
import { openDuckUnderTest } from './duck-under-test.ts';

describeWarehouse('DuckDB', 16, openDuckUnderTest);
describeDamage('DuckDB', openDuckUnderTest);
