// Every check of `doctor`, in the order in which it runs and is shown. To add one, write its file and list it here.

import { coverageCheck } from './coverage.ts';
import { diskCheck } from './disk.ts';
import { documentsCheck } from './documents.ts';
import { duckdbCheck } from './duckdb.ts';
import type { Check, HomeCheck } from './finding.ts';
import { keyCheck } from './key.ts';
import { lakeCheck } from './lake.ts';
import { ledgerCheck } from './ledger.ts';
import { nodeCheck } from './node.ts';
import { pipelinesCheck } from './pipelines.ts';
import { plansCheck } from './plans.ts';
import { privacyCheck } from './privacy.ts';
import { publishedCheck } from './published.ts';
import { rawCheck } from './raw.ts';
import { runsCheck } from './runs.ts';
import { scratchCheck } from './scratch.ts';
import { tablesCheck } from './tables.ts';
import { waitingCheck } from './waiting.ts';
import { warehouseCheck } from './warehouse.ts';

/** These run before the home is opened, which clears away what processes left that have ended. */
export const CHECKS: readonly Check[] = [nodeCheck, duckdbCheck, pipelinesCheck, diskCheck, scratchCheck];

export const HOME_CHECKS: readonly HomeCheck[] = [
  privacyCheck,
  keyCheck,
  warehouseCheck,
  tablesCheck,
  lakeCheck,
  rawCheck,
  plansCheck,
  runsCheck,
  ledgerCheck,
  documentsCheck,
  coverageCheck,
  waitingCheck,
  publishedCheck,
];
