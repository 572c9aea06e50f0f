/**
 * The inputs of a map's children, one at a time: Items or ItemReader, then ItemSelector, then ItemBatcher. A generator that
 * pulls nothing before it is asked, so that a map of any length is never held.
 */
import { StateFailure } from './errors.ts';
import { bindingsAt, type MapItem, type Visit } from './execution.ts';
import { described, evaluateInteger, evaluateTemplate, evaluateText, queryFailure } from './expression.ts';
import { secondsMax } from './limits.ts';
import type { ItemReader, JsonObject, JsonValue, MapState } from './machine.ts';
import type { Random } from './random.ts';

export interface MapChild {
  readonly index: number;
  readonly input: JsonValue;
  /** How many items it stands for: more than one in a batch. */
  readonly items: number;
  /** What an inline child sees as `$states.context.Map.Item`. */
  readonly item: MapItem;
  readonly random: Random;
}

export async function* childrenOf(visit: Visit, state: MapState): AsyncGenerator<MapChild> {
  if (state.ItemBatcher === undefined) {
    yield* selectedItems(visit, state);
    return;
  }
  const { MaxItemsPerBatch, BatchInput } = state.ItemBatcher;
  const bindings = bindingsAt(visit);
  const bounds = { min: 1, max: secondsMax };
  const size = await evaluateInteger(MaxItemsPerBatch, 'ItemBatcher/MaxItemsPerBatch', bounds, bindings);
  const shared =
    BatchInput === undefined
      ? {}
      : { BatchInput: await evaluateTemplate(BatchInput, 'ItemBatcher/BatchInput', bindings) };
  let index = 0;
  let batch: MapChild[] = [];
  const cut = (): MapChild => {
    const first = batch[0]!;
    const child = { ...first, index, input: { ...shared, Items: batch.map((one) => one.input) }, items: batch.length };
    index += 1;
    batch = [];
    return child;
  };
  for await (const item of selectedItems(visit, state)) {
    batch.push(item);
    if (batch.length === size) yield cut();
  }
  if (batch.length > 0) yield cut();
}

async function* selectedItems(visit: Visit, state: MapState): AsyncGenerator<MapChild> {
  let index = 0;
  for await (const value of rawItems(visit, state)) {
    const item = { Index: index, Value: value };
    const random = visit.scope.random.derive(`${visit.name}/${visit.number}/${visit.retryCount}/${index}`);
    const input =
      state.ItemSelector === undefined
        ? value
        : await evaluateTemplate(state.ItemSelector, 'ItemSelector', bindingsAt(visit, { item, random }));
    yield { index, input, items: 1, item, random };
    index += 1;
  }
}

async function* rawItems(visit: Visit, state: MapState): AsyncGenerator<JsonValue> {
  if (state.ItemReader !== undefined) {
    yield* readItems(visit, state.ItemReader);
    return;
  }
  const items =
    state.Items === undefined ? visit.input : await evaluateTemplate(state.Items, 'Items', bindingsAt(visit));
  if (!Array.isArray(items)) {
    // The trap of JSONata: a list of one has become the one. Only the file can mend it, by `[…]`.
    throw queryFailure(`The field 'Items' must give an array, got ${described(items)}`);
  }
  yield* items;
}

async function* readItems(visit: Visit, reader: ItemReader): AsyncGenerator<JsonValue> {
  const bindings = bindingsAt(visit);
  const field = 'ItemReader/Arguments';
  const place = (await evaluateTemplate(reader.Arguments, field, bindings)) as JsonObject;
  const bucket = await evaluateText(place?.Bucket ?? null, `${field}/Bucket`, bindings);
  const key = await evaluateText(place?.Key ?? null, `${field}/Key`, bindings);
  const { MaxItems } = reader.ReaderConfig;
  const bounds = { min: 1, max: secondsMax };
  const itemsMax =
    MaxItems === undefined
      ? Number.POSITIVE_INFINITY
      : await evaluateInteger(MaxItems, 'ItemReader/ReaderConfig/MaxItems', bounds, bindings);
  const lines = await asReader(async () => visit.scope.run.options.readItems({ bucket, key })[Symbol.asyncIterator]());
  try {
    for (let count = 0; count < itemsMax; count += 1) {
      const line = await asReader(() => lines.next());
      if (line.done === true) return;
      yield line.value;
    }
  } finally {
    await asReader(async () => lines.return?.());
  }
}

async function asReader<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    throw new StateFailure('States.ItemReaderFailed', thrown instanceof Error ? thrown.message : String(thrown));
  }
}
