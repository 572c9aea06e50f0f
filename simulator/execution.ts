// Executes a run in a simulated process: the very state machine that ships, with the tasks that ship, over simulated
// ports. What profiles/embedded does for the embedded profile.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEASE_MS, Leases } from '../engine/ledger/leases.ts';
import { readLines } from '../engine/ledger/lines.ts';
import { recordEnd } from '../engine/run/finish.ts';
import type { RunRecord } from '../engine/run/run-record.ts';
import { type JsonValue, loadStateMachine, type StateMachine, startExecution } from '../lib/asl/asl.ts';
import { packageRoot } from '../lib/package-root.ts';
import { isRepriseError, RepriseError } from '../model/errors.ts';
import { memberOf } from '../tasks/context.ts';
import { TASKS } from '../tasks/tasks.ts';
import type { SimContext } from './ports.ts';

const machineOf = (name: string): StateMachine =>
  loadStateMachine(JSON.parse(readFileSync(join(packageRoot(), 'state-machines', `${name}.asl.json`), 'utf8')), name);
const MACHINES = { replay: machineOf('replay'), undo: machineOf('undo') };
/** Tasks after which a run has a fence. */
const ADMISSIONS = new Set(['Admit', 'AdmitUndo']);
const BEATS_OF_A_LEASE = 6;

/** Drives the run to its end, and gives its record. Throws LeaseLost when another attempt followed. */
export async function executeRun(context: SimContext, run: RunRecord): Promise<RunRecord> {
  const { runs } = context;
  const lost = new AbortController();
  const ended = new AbortController();
  void beat(context, run, lost, ended.signal);
  const execution = startExecution({
    machine: run.undoes === undefined ? MACHINES.replay : MACHINES.undo,
    input: {
      runId: run.runId,
      attempt: run.attempt,
      maxActive: run.options.maxActive,
      stageOnly: run.options.stageOnly,
    },
    executionName: `${run.runId}-${run.attempt}`,
    clock: context.clock,
    seed: run.attempt,
    signal: lost.signal,
    readItems: ({ key }) => itemsOf(context, key),
    writeResult: async ({ prefix, name }, lines) => {
      await context.stage.write(`${prefix}/${name}`, Buffer.from(JSON.stringify(lines)), { if: 'always' });
    },
    invoke: async (call) => {
      const name = call.functionName.replace(/^\$\{(\w+)\}$/, '$1');
      if (name !== 'Approve') return invokeTask(context, name, call.payload);
      // Nobody is there to say yes.
      const token = String(memberOf(call.payload, 'taskToken'));
      execution.sendTaskFailure(token, 'ChangeTooLarge', 'the change is larger than its limit');
      return {};
    },
  });
  const result = await execution.result;
  ended.abort();
  const record = await runs.run(run.runId);
  if (record.attempt !== run.attempt)
    throw new RepriseError('LeaseLost', `attempt ${run.attempt} was followed by another`, 'see how that one does');
  if (record.state !== 'running') return record;
  const cause = result.status === 'FAILED' ? `${result.error}: ${result.cause}` : 'it ended without finishing the run';
  const failed: RunRecord = { ...record, state: 'failed', failure: { error: 'Internal', cause } };
  await recordEnd(context, failed);
  return failed;
}

/** Renews the lease while the run is executed; aborts when another has it. */
async function beat(context: SimContext, run: RunRecord, lost: AbortController, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    try {
      await context.clock.sleep(LEASE_MS / BEATS_OF_A_LEASE, ended);
      const now = await context.runs.run(run.runId);
      if (ended.aborted) return;
      if (now.attempt !== run.attempt) lost.abort();
      else if (now.lease !== run.lease) await new Leases(context, run.pipeline).renew(run.runId, now.lease);
    } catch (error) {
      if (isRepriseError(error) && error.code === 'LeaseLost') lost.abort();
    }
  }
}

async function invokeTask(context: SimContext, name: string, payload: JsonValue): Promise<JsonValue> {
  const task = TASKS[name];
  if (task === undefined) throw new RangeError(`the state machine calls an unknown task ${name}`);
  try {
    const result = (await task(context, payload)) as JsonValue;
    if (ADMISSIONS.has(name)) context.caller.process.isAdmitted = true;
    return result;
  } catch (error) {
    if (isRepriseError(error) && error.code !== 'Internal') throw error;
    context.onFault(error);
    throw error;
  }
}

async function* itemsOf(context: SimContext, key: string): AsyncGenerator<JsonValue> {
  for await (const line of readLines(context.stage, key)) yield JSON.parse(line) as JsonValue;
}
