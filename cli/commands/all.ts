// Every command, in the order in which --help lists them.

import type { Command } from '../command.ts';
import { activateCommand } from './activate.ts';
import { backfillCommand } from './backfill.ts';
import { catalogBuildCommand } from './catalog-build.ts';
import { demoCommand } from './demo.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { initCommand } from './init.ts';
import { landCommand } from './land.ts';
import { latenessCommand } from './lateness.ts';
import { pipelinesCommand } from './pipelines.ts';
import { planCommand } from './plan.ts';
import { pruneCommand } from './prune.ts';
import { quarantineCommand } from './quarantine.ts';
import { reconcileCommand } from './reconcile.ts';
import { resumeCommand } from './resume.ts';
import { runCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';
import { tryCommand } from './try.ts';
import { undoCommand } from './undo.ts';
import { verifyCommand } from './verify.ts';
import { whyCommand } from './why.ts';

export const COMMANDS: readonly Command[] = [
  demoCommand,
  initCommand,
  landCommand,
  catalogBuildCommand,
  pipelinesCommand,
  planCommand,
  runCommand,
  backfillCommand,
  reconcileCommand,
  latenessCommand,
  statusCommand,
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
  doctorCommand,
];
