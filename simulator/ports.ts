// A simulated process with all the ports that the engine knows: each call takes a turn, and may meet a fault.

import type { LeaseDeps } from '../engine/ledger/leases.ts';
import type { PlanDeps } from '../engine/plan/plan.ts';
import { Runs } from '../engine/run/runs.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import type { Catalog } from '../ports/catalog.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { OfferReader } from '../ports/offers.ts';
import type { RawReader } from '../ports/raw-reader.ts';
import type { TaskContext } from '../tasks/context.ts';
import type { Caller } from './faults.ts';
import { DELIVERY_KEY } from './model.ts';
import { SimStager } from './stager.ts';
import type { SimStore } from './store.ts';
import { SimWarehouse } from './warehouse.ts';
import type { World } from './world.ts';

/** What one command works with. */
export interface SimContext extends TaskContext, PlanDeps, LeaseDeps {
  readonly caller: Caller;
  readonly runs: Runs;
  /** The transforms that were deployed when the process began. */
  readonly compiled: CompiledPipeline;
  readonly offers: OfferReader;
  /** Told of errors that must not happen. */
  onFault(error: unknown): void;
}

export function openContext(world: World, caller: Caller): SimContext {
  const { process } = caller;
  const { clock } = process;
  const compiled = world.pipeline;
  const control = storeOf(world.control, 'control', caller);
  const call = caller.call.bind(caller);
  const warehouse = new SimWarehouse({
    state: world.warehouse,
    disk: world.disk,
    behaviour: world.behaviour,
    call,
    onApplied: (applied) => world.watch.applied(applied),
  });
  const folder = (name: string): string => `${process.name}/${name}`;
  let uniques = 0;
  return {
    caller,
    compiled,
    clock,
    control,
    runs: new Runs(control, clock),
    offers: warehouse,
    lake: storeOf(world.lake, 'lake', caller),
    stage: storeOf(world.stage, 'stage', caller),
    catalog: catalogOf(world.catalog(compiled), caller),
    reader: readerOf(world.reader, caller),
    deliveryKey: DELIVERY_KEY,
    author: { by: process.name, code: 'simulation', unique: () => `${process.name}/${++uniques}` },
    holder: process.name,
    isDead: async (holder) => world.isDead(holder),
    pipeline: async () => compiled,
    withWarehouse: (work) => work(warehouse),
    stager: (name) => ({ stager: new SimStager(world.disk, folder(name)), folder: folder(name) }),
    changesFolder: (runId) => `changes/${runId}`,
    scratchFile: folder,
    sliceRowsMax: 50_000,
    onRows: () => {},
    onFault: (error) => world.watch.wrong(error),
  };
}

function storeOf(store: SimStore, name: string, caller: Caller): ObjectStore {
  const call = <T>(method: string, key: string, effect: () => Promise<T>): Promise<T> =>
    caller.call(`${name}.${method} ${key}`, effect);
  return {
    list: async function* (prefix) {
      yield* await call('list', prefix, async () => store.infos(prefix));
    },
    head: (key) => call('head', key, () => store.head(key)),
    read: (key) => call('read', key, () => store.read(key)),
    range: (key, from, length) => call('range', key, () => store.range(key, from, length)),
    // What makes the pieces takes turns of its own, so that it has ended before this one begins.
    writeNamed: async (pieces, keyOf) => {
      const made = await allOf(pieces);
      return call('writeNamed', '', () => store.writeNamed(made, keyOf));
    },
    write: (key, content, condition) => call('write', key, () => store.write(key, content, condition)),
    // The file is gone when the call arrives, however often it arrives.
    writeFile: async (key, path, condition) => {
      const content = store.take(path);
      return call('writeFile', key, async () => store.putFile(key, content, condition));
    },
    fetch: (key) => call('fetch', key, () => store.fetch(key)),
    digest: (key) => call('digest', key, () => store.digest(key)),
    remove: (key) => call('remove', key, () => store.remove(key)),
  };
}

function readerOf(reader: RawReader, caller: Caller): RawReader {
  return {
    footer: (path) => caller.call(`reader.footer ${path}`, () => reader.footer(path)),
    read: async function* (path, range, bodyBytesMax) {
      // Planning reads for the catalog, which keeps for good what it finds.
      const what = caller.process.isAdmitted ? 'read' : 'catalogue';
      await caller.call(`reader.${what} ${path}`, async () => {});
      yield* reader.read(path, range, bodyBytesMax);
    },
    // One by one, so that each may meet a fault of its own.
    readTogether: async function* () {},
  };
}

function catalogOf(catalog: Catalog, caller: Caller): Catalog {
  return {
    entries: (objects) => caller.call('catalog.entries', () => catalog.entries(objects)),
    openPage: async (arrivalDate) => {
      const page = await catalog.openPage(arrivalDate);
      return {
        add: (keys) => page.add(keys),
        drain: () => page.drain(),
        end: (entry) => page.end(entry),
        commit: () => caller.call(`catalog.commit ${arrivalDate}`, () => page.commit()),
        discard: () => page.discard(),
      };
    },
    survey: () => {
      const survey = catalog.survey();
      return {
        add: (objects) => caller.call('catalog.add', () => survey.add(objects)),
        link: (window) => caller.call('catalog.link', () => survey.link(window)),
        holding: (keys) => caller.call('catalog.holding', () => survey.holding(keys)),
        entries: async function* () {
          yield* await caller.call('catalog.surveyed', () => allOf(survey.entries()));
        },
      };
    },
  };
}

async function allOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
