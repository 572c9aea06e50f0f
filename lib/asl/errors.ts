/**
 * What a state can fail with. A `StateFailure` is a failure in the language's own terms (ErrorEquals name and cause); an
 * `Aborted` is nobody's failure: it unwinds an execution or a map child that was told to stop and is never retried or caught.
 */
import { causeCharactersMax } from './limits.ts';

/** Thrown by tasks: `errorName` is the name Retry and Catch match. Any other Error counts as States.TaskFailed. */
export type TaskFailure = Error & { readonly errorName: string };

export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  readonly errorName: string;
  /** Ends the execution although a Retry or Catch names it: machine timeout, history limit. */
  readonly terminal: boolean;

  constructor(errorName: string, cause: string, terminal = false) {
    super(cause.slice(0, causeCharactersMax));
    this.errorName = errorName;
    this.terminal = terminal;
  }
}

export class Aborted extends Error {
  override readonly name = 'Aborted';
}

/** A token that no task waits for: never issued, already answered, timed out, or its execution ended. */
export class TaskTokenUnknown extends Error {
  override readonly name = 'TaskTokenUnknown';
}

/** The file cannot be run as it stands. `faults` holds every one found, each with the JSON path it is at. */
export class StateMachineInvalid extends Error {
  override readonly name = 'StateMachineInvalid';
  readonly faults: readonly { readonly path: string; readonly message: string }[];

  constructor(machine: string, faults: readonly { readonly path: string; readonly message: string }[]) {
    const lines = faults.map((fault) => `  ${fault.path}: ${fault.message}`);
    super(`state machine ${machine} cannot be run, ${faults.length} fault(s):\n${lines.join('\n')}`);
    this.faults = faults;
  }
}

/** What a task threw, in the language's terms. */
export function taskFailureOf(thrown: unknown): StateFailure {
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  const named = (thrown as { errorName?: unknown } | null | undefined)?.errorName;
  return new StateFailure(typeof named === 'string' && named !== '' ? named : 'States.TaskFailed', cause);
}

/** What the runner itself threw: a StateFailure, or a fault that no Retry or Catch may hide. */
export function stateFailureOf(thrown: unknown): StateFailure {
  if (thrown instanceof StateFailure) return thrown;
  return new StateFailure('States.Runtime', thrown instanceof Error ? thrown.message : String(thrown));
}
