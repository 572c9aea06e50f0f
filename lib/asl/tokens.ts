/** The task tokens an execution waits for. A token is answered once; an unknown one is an error of the caller. */
import { StateFailure, TaskTokenUnknown } from './errors.ts';
import type { JsonValue } from './machine.ts';

export interface TaskTokens {
  /** Settles with what is sent for `token`. */
  answer(token: string): Promise<JsonValue>;
  forget(token: string): void;
  succeed(token: string, output: JsonValue): void;
  fail(token: string, error: string, cause: string): void;
}

interface Waiting {
  resolve(output: JsonValue): void;
  reject(failure: StateFailure): void;
}

export function taskTokens(): TaskTokens {
  const waiting = new Map<string, Waiting>();
  const take = (token: string): Waiting => {
    const task = waiting.get(token);
    if (task === undefined) {
      throw new TaskTokenUnknown(
        `no task waits for token ${token}: it was answered, timed out, or its execution ended`,
      );
    }
    waiting.delete(token);
    return task;
  };
  return {
    answer: (token) => new Promise((resolve, reject) => waiting.set(token, { resolve, reject })),
    forget: (token) => waiting.delete(token),
    succeed: (token, output) => take(token).resolve(output),
    fail: (token, error, cause) => take(token).reject(new StateFailure(error, cause)),
  };
}
