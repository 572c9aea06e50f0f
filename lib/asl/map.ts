/**
 * A Map state, inline or distributed: pulls items as places come free, runs each through the ItemProcessor, and ends when
 * the last child has ended, also after a failure has stopped the others.
 *
 * Inline: the first failure is the map's. Distributed: failed items are counted against the tolerance, and beyond it the map
 * fails with States.ExceedToleratedFailureThreshold. A tolerated percentage is of all items, so it can only be exceeded
 * once the last has been read.
 */
import { Aborted, StateFailure, stateFailureOf } from './errors.ts';
import { bindingsAt, isoTime, machineArn, type Run, record, report, type Scope, type Visit } from './execution.ts';
import { evaluateInteger } from './expression.ts';
import { childrenOf, type MapChild } from './items.ts';
import { concurrencyMax, secondsMax, unsetConcurrency } from './limits.ts';
import { isDistributed, type JsonValue, type MapState, type NumberOrExpression } from './machine.ts';
import { boundedCopy } from './payload.ts';
import { resultsOf } from './results.ts';
import { stopIfAborted, stoppable } from './stop.ts';

type RunFlow = (scope: Scope, input: JsonValue) => Promise<JsonValue>;

/** @returns `$states.result`. @throws StateFailure, or Aborted; no child is running any more then. */
export async function runMap(visit: Visit, state: MapState, runFlow: RunFlow): Promise<JsonValue> {
  const { scope } = visit;
  record(scope.run, 2);
  const distributed = isDistributed(state);
  const limits = await limitsOf(visit, state);
  const results = await resultsOf(visit, state);
  const stop = stoppable(scope.signal);
  const places = placesFor(limits.concurrency);
  let failedItems = 0;
  let readItems = 0;
  let failed: StateFailure | undefined;
  const fail = (failure: StateFailure) => {
    failed ??= failure;
    stop.abort();
  };
  const holdToTolerance = (allItems: number | undefined) => {
    if (exceeds(limits, failedItems, allItems)) {
      const cause = `${failedItems} of ${allItems ?? `at least ${readItems}`} items failed, more than is tolerated`;
      fail(new StateFailure('States.ExceedToleratedFailureThreshold', cause));
    }
  };
  let allItems: number | undefined;

  const runChild = async (child: MapChild): Promise<void> => {
    const inner = childScope(visit, state, child, stop.signal);
    const run = distributed ? inner.run : undefined;
    report(visit, { type: 'map-item-started', index: child.index });
    let output: JsonValue;
    try {
      if (!distributed) record(scope.run, 2);
      output = await runFlow(inner, child.input);
    } catch (thrown) {
      if (thrown instanceof Aborted) return;
      const failure = stateFailureOf(thrown);
      report(visit, { type: 'map-item-failed', index: child.index, error: failure.errorName });
      if (!distributed) return fail(failure);
      await results.failed(child.index, run, failure);
      failedItems += child.items;
      return holdToTolerance(allItems);
    }
    report(visit, { type: 'map-item-succeeded', index: child.index });
    await results.succeeded(child.index, run, output);
  };

  try {
    for await (const child of childrenOf(visit, state)) {
      if (stop.signal.aborted) break;
      readItems += child.items;
      places.take(runChild(child).catch((thrown) => fail(stateFailureOf(thrown))));
      // Waiting here, before the next item is pulled, is what keeps the items held to those in flight.
      await places.free();
      if (stop.signal.aborted) break;
    }
    if (!stop.signal.aborted) {
      allItems = readItems;
      if (distributed) holdToTolerance(allItems);
    }
  } catch (thrown) {
    fail(stateFailureOf(thrown));
  }
  await places.empty();
  stop.release();
  stopIfAborted(scope.signal);
  // After a broken tolerance the service still exports what there is.
  const exported =
    failed === undefined || state.ResultWriter !== undefined ? await finished(results, failed) : undefined;
  if (failed !== undefined) throw failed;
  return boundedCopy(exported, `the result of map ${visit.name}`);
}

async function finished(
  results: { finish(): Promise<JsonValue> },
  failed: StateFailure | undefined,
): Promise<JsonValue> {
  try {
    return await results.finish();
  } catch (thrown) {
    throw failed ?? thrown;
  }
}

interface Limits {
  readonly concurrency: number;
  readonly count: number | undefined;
  readonly percentage: number | undefined;
}

async function limitsOf(visit: Visit, state: MapState): Promise<Limits> {
  const bindings = bindingsAt(visit);
  const integer = async (value: NumberOrExpression | undefined, field: string, max: number) =>
    value === undefined ? undefined : evaluateInteger(value, field, { min: 0, max }, bindings);
  const concurrency = (await integer(state.MaxConcurrency, 'MaxConcurrency', secondsMax)) ?? 0;
  return {
    concurrency: concurrency === 0 ? unsetConcurrency : Math.min(concurrency, concurrencyMax),
    count: await integer(state.ToleratedFailureCount, 'ToleratedFailureCount', secondsMax),
    percentage: await integer(state.ToleratedFailurePercentage, 'ToleratedFailurePercentage', 100),
  };
}

/** Either threshold alone fails the map; where neither is given, none is tolerated. */
function exceeds(limits: Limits, failedItems: number, allItems: number | undefined): boolean {
  const { count, percentage } = limits;
  if (count === undefined && percentage === undefined) return failedItems > 0;
  if (count !== undefined && failedItems > count) return true;
  return percentage !== undefined && allItems !== undefined && failedItems * 100 > percentage * allItems;
}

function childScope(visit: Visit, state: MapState, child: MapChild, signal: AbortSignal): Scope {
  const { scope } = visit;
  const path = `${scope.path === '' ? '' : `${scope.path}/`}${visit.name}[${child.index}]`;
  const shared = { flow: state.ItemProcessor, path, random: child.random, signal, statesEntered: 0 };
  if (!isDistributed(state)) {
    return { ...shared, run: scope.run, variables: new Map(scope.variables), item: child.item };
  }
  const { options, tokens } = scope.run;
  const name = child.random.uuid();
  const machine = machineArn(options).replace(':stateMachine:', ':execution:');
  const id = `${machine}/${state.Label ?? visit.name}:${name}`;
  const run: Run = { options, tokens, id, name, input: child.input, startTime: isoTime(options), historyEvents: 0 };
  return { ...shared, run, variables: new Map() };
}

/** Counts the children in flight. */
function placesFor(limit: number) {
  const taken = new Set<Promise<void>>();
  let wake = () => {};
  return {
    take(work: Promise<void>): void {
      const place = work.finally(() => {
        taken.delete(place);
        wake();
      });
      taken.add(place);
    },
    /** Resolves when fewer than `limit` are in flight. */
    async free(): Promise<void> {
      while (taken.size >= limit) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    empty: async () => {
      await Promise.all(taken);
    },
  };
}
