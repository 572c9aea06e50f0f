// The worker thread that stages slices: the same task as the Lambda, given the home by the thread that started it.

import { asFileError } from '../../adapters/system/file-errors.ts';
import { type ErrorCode, isRepriseError } from '../../model/errors.ts';
import { stageSliceTask } from '../../tasks/stage-slice.ts';
import { Engine } from './engine.ts';

export interface StageWork {
  readonly home: string;
  readonly pipelinesFolder: string | undefined;
  readonly payload: unknown;
  /** One counter of rows read, shared with the thread that shows progress. */
  readonly rows: SharedArrayBuffer;
  /** Of what takes much memory, one thread at a time. */
  readonly turn: SharedArrayBuffer;
}

/** Errors cross threads as data: the class would be lost. */
export type StageResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly fix: string };

export default async function stageSlice(work: StageWork): Promise<StageResult> {
  let engine: Engine | undefined;
  try {
    engine = await Engine.open({
      home: work.home,
      create: false,
      pipelinesFolder: work.pipelinesFolder,
      command: 'stage',
      waitMs: 0,
      say: () => {},
      turn: work.turn,
    });
    const counter = new Int32Array(work.rows);
    const context = engine.taskContext((rows) => void Atomics.add(counter, 0, rows));
    return { ok: true, value: await stageSliceTask(context, work.payload) };
  } catch (fault) {
    const error = asFileError(fault);
    if (isRepriseError(error)) return { ok: false, code: error.code, message: error.message, fix: error.fix };
    const name = error instanceof Error ? error.name : typeof error;
    return { ok: false, code: 'StageFailed', message: `staging failed with a ${name}`, fix: 'resume the run' };
  } finally {
    await engine?.close();
  }
}
