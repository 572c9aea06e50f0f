/** Stopping and waiting: an AbortSignal that follows its parent's, and a sleep that ends in `Aborted`. */
import { setMaxListeners } from 'node:events';
import { Aborted } from './errors.ts';

export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`; when `signal` aborts it may resolve early or reject. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Stop {
  readonly signal: AbortSignal;
  abort(): void;
  /** Ends following the parent; to be called when the work is over, or the parent would hold on to it. */
  release(): void;
}

/** AbortSignal.any leaks one entry per call on Node 20, which a map of many items would feel. */
export function stoppable(parent: AbortSignal | undefined): Stop {
  const controller = new AbortController();
  // Every item in flight listens to the signal of its map; Node would warn from the eleventh on.
  setMaxListeners(0, controller.signal);
  const abort = () => controller.abort();
  if (parent?.aborted) abort();
  parent?.addEventListener('abort', abort, { once: true });
  return { signal: controller.signal, abort, release: () => parent?.removeEventListener('abort', abort) };
}

/** @throws Aborted when the signal is, or becomes, aborted. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  stopIfAborted(signal);
  try {
    await clock.sleep(ms, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  stopIfAborted(signal);
}

export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Aborted('stopped');
}

/** A rejection with `Aborted` once the signal aborts; `release` drops the listener. */
export function abortion(signal: AbortSignal): { readonly promise: Promise<never>; release(): void } {
  let listener = () => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(new Aborted('stopped'));
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  promise.catch(() => {});
  return { promise, release: () => signal.removeEventListener('abort', listener) };
}
