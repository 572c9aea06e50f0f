// Every command, in the order in which --help lists them.

import type { Command } from '../command.ts';
import { activateCommand } from './activate.ts';
import { approveCommand } from './approve.ts';
import { backfillCommand } from './backfill.ts';
import { cancelCommand } from './cancel.ts';
import { catalogBuildCommand } from './catalog-build.ts';
import { demoCommand } from './demo.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { initCommand } from './init.ts';
import { landCommand } from './land.ts';
import { latenessCommand } from './lateness.ts';
import { ledgerCommand } from './ledger.ts';
import { pauseCommand } from './pause.ts';
import { pipelinesCommand } from './pipelines.ts';
import { planCommand } from './plan.ts';
import { pruneCommand } from './prune.ts';
import { quarantineCommand } from './quarantine.ts';
import { reconcileCommand } from './reconcile.ts';
import { rejectCommand } from './reject.ts';
import { resumeCommand } from './resume.ts';
import { runCommand } from './run.ts';
import { runsCommand } from './runs.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';
import { tryCommand } from './try.ts';
import { undoCommand } from './undo.ts';
import { upgradeCommand } from './upgrade.ts';
import { verifyCommand } from './verify.ts';
import { watchCommand } from './watch.ts';
import { whyCommand } from './why.ts';

export const COMMANDS: readonly Command[] = [
  demoCommand,
  initCommand,
  upgradeCommand,
  landCommand,
  catalogBuildCommand,
  pipelinesCommand,
  planCommand,
  explainCommand,
  runCommand,
  backfillCommand,
  reconcileCommand,
  latenessCommand,
  runsCommand,
  statusCommand,
  watchCommand,
  approveCommand,
  rejectCommand,
  pauseCommand,
  cancelCommand,
  resumeCommand,
  diffCommand,
  undoCommand,
  activateCommand,
  verifyCommand,
  quarantineCommand,
  schemaCommand,
  whyCommand,
  tryCommand,
  pruneCommand,
  ledgerCommand,
  doctorCommand,
];
