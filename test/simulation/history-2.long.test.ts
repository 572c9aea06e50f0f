import { describeHistories } from './run-histories.ts';

describeHistories(1);
