import { describeHistories } from './run-histories.ts';

describeHistories(0);
