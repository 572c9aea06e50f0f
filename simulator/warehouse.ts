// The warehouse in memory. Each transaction happens at one moment, between two turns; what precedes it and what is told
// of it are calls of their own, at which a process may die or be told nothing. Mutants change its behaviour.

import { type LastWhole, PUBLISH_RULE, type PublishRule } from '../engine/publish/rule.ts';
import type { CompiledPipeline } from '../model/compile.ts';
import { RepriseError } from '../model/errors.ts';
import type { OfferReader } from '../ports/offers.ts';
import type {
  Anchor,
  Commit,
  GroupOutcome,
  ObjectRows,
  PublishedTokens,
  PublishScope,
  TableDigest,
  UndeclaredColumn,
  UndoOutcome,
  UndoScope,
  Verification,
  Warehouse,
} from '../ports/warehouse.ts';
import type { StandingKey } from './catalog.ts';
import { decideGroup, type GroupDecision, type RowDecision, type Standing } from './decide.ts';
import { objectRows, staleOfferDates } from './object-rows.ts';
import type { Row, Tables } from './rows.ts';
import { readScope, type SimScope } from './scope.ts';
import { rowsIn } from './stager.ts';
import type { Disk } from './store.ts';
import { countUndeclared, lostOf, undeclaredOf } from './undeclared.ts';
import { decideUndo, type KeptTable, type UndoDecision } from './undo.ts';
import { digestOf, verifyRows } from './verify.ts';

type Window = { readonly from: string; readonly to: string };

export interface Fence {
  readonly lease: number;
  readonly lastWhole: LastWhole | undefined;
}

/** What a warehouse holds, whoever talks to it. */
export interface WarehouseState {
  readonly tables: Map<string, readonly Row[]>;
  readonly fences: Map<string, Fence>;
  readonly windows: { readonly from: string; readonly to: string; readonly lease: number }[];
  readonly anchors: Anchor[];
  readonly commits: Map<string, GroupOutcome>;
}

export function emptyWarehouse(pipeline: CompiledPipeline): WarehouseState {
  const names = [...pipeline.tables.map(({ name }) => name), 'quarantine'];
  return {
    tables: new Map(names.map((name) => [name, []])),
    fences: new Map(),
    windows: [],
    anchors: [],
    commits: new Map(),
  };
}

export interface WarehouseBehaviour {
  readonly rule: PublishRule;
  readonly checksFence: boolean;
  /** When a run is admitted; else the fence moves only when it publishes. */
  readonly raisesFence: boolean;
  readonly keepsTokenInTransaction: boolean;
}

export const SOUND_BEHAVIOUR: WarehouseBehaviour = {
  rule: PUBLISH_RULE,
  checksFence: true,
  raisesFence: true,
  keepsTokenInTransaction: true,
};

/** What a transaction did, for whoever watches. */
export interface Applied extends Pick<Changing, 'scope' | 'commit' | 'outcome'> {
  readonly before: Tables;
  readonly after: Tables;
  /** What a replay has to say of events. */
  readonly stagedEvents: readonly Row[];
  /** Of the group's dates, before and after. */
  readonly fencesBefore: ReadonlyMap<string, Fence>;
  readonly fencesAfter: ReadonlyMap<string, Fence>;
}

interface Changing {
  readonly scope: SimScope | UndoScope;
  readonly group: number;
  readonly commit: Commit;
  readonly outcome: GroupOutcome;
  readonly kept: readonly KeptTable[];
  readonly folder: string;
}

export interface SimWarehouseOptions {
  readonly state: WarehouseState;
  readonly disk: Disk;
  readonly behaviour: WarehouseBehaviour;
  /** One call of the process that asks: `what` happens at once, when it is its turn. */
  readonly call: <T>(what: string, effect: () => Promise<T>) => Promise<T>;
  readonly onApplied: (applied: Applied) => void;
}

export class SimWarehouse implements Warehouse, OfferReader {
  readonly #options: SimWarehouseOptions;

  constructor(options: SimWarehouseOptions) {
    this.#options = options;
  }

  #ask<T>(what: string, answer: () => T): Promise<T> {
    return this.#options.call(`warehouse.${what}`, async () => answer());
  }

  #rows(table: string): readonly Row[] {
    return this.#options.state.tables.get(table) ?? [];
  }

  ensureTables(): Promise<void> {
    return this.#ask('ensureTables', () => {});
  }

  raiseFence(_: CompiledPipeline, window: Window, lease: number, anchor?: Anchor): Promise<void> {
    return this.#ask('raiseFence', () => {
      const { fences, windows } = this.#options.state;
      const dates = [...fences].filter(([date]) => date >= window.from && date < window.to);
      const overlapping = windows.filter((one) => one.from < window.to && one.to > window.from);
      this.#refuseBelow(lease, [...dates.map(([, fence]) => fence.lease), ...overlapping.map((one) => one.lease)]);
      if (this.#options.behaviour.raisesFence) windows.push({ ...window, lease });
      this.#keepAnchor(anchor);
    });
  }

  anchors(): Promise<readonly Anchor[]> {
    return this.#ask('anchors', () => [...this.#options.state.anchors]);
  }

  greatest(): Promise<{ readonly epoch: number; readonly lease: number }> {
    return this.#ask('greatest', () => {
      const { fences, windows } = this.#options.state;
      const leases = [...fences.values(), ...windows].map(({ lease }) => lease);
      return {
        epoch: Math.max(0, ...[...fences.values()].map((fence) => fence.lastWhole?.epoch ?? 0)),
        lease: Math.max(0, ...leases),
      };
    });
  }

  /** The newest is the one that tells a cut. */
  #keepAnchor(anchor: Anchor | undefined): void {
    const { anchors } = this.#options.state;
    if (anchor !== undefined && anchor.sequence >= (anchors[0]?.sequence ?? 0)) anchors.splice(0, 1, anchor);
  }

  async preview(scope: PublishScope, group: number): Promise<GroupOutcome> {
    const read = await readScope(scope);
    return this.#ask('preview', () => this.#decide(read, group).outcome);
  }

  rejected(scope: PublishScope): Promise<Readonly<Record<string, number>>> {
    return this.#ask('rejected', () => {
      const counts: Record<string, number> = {};
      for (const row of this.#settled(scope, 'quarantine'))
        if (isIn(row, scope.window)) counts[row.reason as string] = (counts[row.reason as string] ?? 0) + 1;
      return counts;
    });
  }

  async publish(scope: PublishScope, group: number, folder: string, commit: Commit): Promise<GroupOutcome> {
    const read = await readScope(scope);
    return this.#once(commit.token, () => this.#transact(read, group, folder, commit));
  }

  async undo(scope: UndoScope, group: number, folder: string, commit: Commit | undefined): Promise<UndoOutcome> {
    const decide = (): UndoDecision => {
      const kept = this.#options.disk.get(`${scope.undone.folder}/${group}`) as readonly KeptTable[] | undefined;
      if (kept === undefined) throw new RepriseError('NotFound', `the changes of group ${group} are gone`, 'replay');
      return decideUndo(this.#options.behaviour.rule, scope, group, kept, (table) => this.#rows(table));
    };
    if (commit === undefined) return this.#ask('preview undo', () => decide().outcome);
    return (await this.#once(commit.token, () => {
      const { outcome, tables: kept } = decide();
      const changed = new Set(kept.flatMap(({ decisions }) => decisions.flatMap(changedDates)));
      const dates = scope.dates.filter((one) => one.group === group).map(({ date }) => date);
      this.#change({ scope, group, commit, outcome, kept, folder }, (fences) => {
        for (const date of dates) fences.set(date, { lease: commit.lease, lastWhole: fences.get(date)?.lastWhole });
        for (const [date, fence] of fences) if (changed.has(date)) fences.set(date, { ...fence, lastWhole: undefined });
      });
      return outcome;
    })) as UndoOutcome;
  }

  /** A transaction that is not applied again when its token is there. */
  async #once(token: string, transact: () => GroupOutcome): Promise<GroupOutcome> {
    const done = await this.committed(token);
    if (done !== undefined) return done;
    const { behaviour, state } = this.#options;
    if (behaviour.keepsTokenInTransaction) {
      return this.#ask(`transact ${token}`, () => {
        const standing = state.commits.get(token);
        if (standing !== undefined) return standing;
        const outcome = transact();
        state.commits.set(token, outcome);
        return outcome;
      });
    }
    const outcome = await this.#ask(`transact ${token}`, transact);
    await this.#ask(`token ${token}`, () => void state.commits.set(token, outcome));
    return outcome;
  }

  async published(): Promise<PublishedTokens> {
    const { commits, fences } = this.#options.state;
    return { warehouseId: 'simulated', tokens: new Set(commits.keys()), dates: new Set(fences.keys()), runIds: [] };
  }

  committed(token: string): Promise<GroupOutcome | undefined> {
    return this.#ask(`committed ${token}`, () => this.#options.state.commits.get(token));
  }

  #transact(scope: SimScope, group: number, folder: string, commit: Commit): GroupOutcome {
    const lineage = { _run_id: scope.runId, _published_at: commit.publishedAt };
    const { tables, outcome } = this.#decide(scope, group);
    const here = scope.dates.filter((one) => one.group === group);
    const thisWhole = { epoch: scope.epoch, transforms: scope.pipeline.transformDigest };
    const kept = tables.map(({ staged, ...table }): KeptTable => {
      const before = new Map(this.#rows(table.table).map((row) => [table.keyOf(row), row]));
      const carried = (key: string): Row => undeclaredOf(scope.pipeline, table.table, before.get(key));
      const after = new Map([...staged].map(([key, row]) => [key, { ...row, ...lineage, ...carried(key) }]));
      return { ...table, before, after };
    });
    this.#change({ scope, group, commit, outcome, kept, folder }, (fences) => {
      for (const { date, whole } of here) {
        const lastWhole = whole && !scope.partial ? thisWhole : fences.get(date)?.lastWhole;
        fences.set(date, { lease: commit.lease, lastWhole });
      }
    });
    return outcome;
  }

  /** The transaction itself: takes the fence, keeps what it changes, changes it. */
  #change(
    { scope, group, commit, outcome, kept, folder }: Changing,
    setFences: (fences: Map<string, Fence>) => void,
  ): void {
    const { state, disk } = this.#options;
    const fencesBefore = new Map(state.fences);
    const before = new Map(state.tables);
    this.#refuseStale(scope, group, commit);
    commit.check?.(outcome);
    setFences(state.fences);
    this.#keepAnchor(commit.anchor);
    disk.set(`${folder}/${group}`, kept);
    for (const { table, keyOf, decisions, after } of kept) {
      const keys = (...actions: string[]): Set<string> =>
        new Set(decisions.filter(({ action }) => actions.includes(action)).map(({ key }) => key));
      const gone = keys('update', 'delete');
      const stay = this.#rows(table).filter((row) => !gone.has(keyOf(row)));
      const come = [...keys('insert', 'update')].map((key) => after.get(key)).filter((row) => row !== undefined);
      state.tables.set(table, [...stay, ...come]);
    }
    const fencesAfter = new Map(state.fences);
    const after = new Map(state.tables);
    const stagedEvents = 'undone' in scope ? [] : this.#settled(scope, 'events');
    this.#options.onApplied({ scope, stagedEvents, commit, outcome, before, after, fencesBefore, fencesAfter });
  }

  /** Throws LeaseLost for a writer whose lease is older than one that had the group's dates, or some of its window, since. */
  #refuseStale({ dates, window }: PublishScope | UndoScope, group: number, commit: Commit): void {
    const { fences, windows } = this.#options.state;
    const here = dates.filter((one) => one.group === group).map(({ date }) => date);
    const published = here.map((date) => fences.get(date)?.lease ?? 0);
    const raised = windows.filter(({ from, to }) => from < window.to && window.from < to);
    this.#refuseBelow(commit.lease, [...published, ...raised.map((one) => one.lease)]);
  }

  #refuseBelow(lease: number, held: readonly number[]): void {
    const greatest = Math.max(0, ...held);
    if (!this.#options.behaviour.checksFence || greatest <= lease) return;
    throw new RepriseError(
      'LeaseLost',
      `lease ${lease} is older than ${greatest}, by which these dates were last taken`,
      'run again: a newer run has taken over',
    );
  }

  #decide(scope: SimScope, group: number): GroupDecision {
    const decision = decideGroup(this.#options.behaviour.rule, scope, group, this.#standing(scope));
    const lost = lostOf(scope.pipeline, decision.tables, (table) => this.#rows(table));
    return lost.length === 0 ? decision : { ...decision, outcome: { ...decision.outcome, lost } };
  }

  undeclared(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly UndeclaredColumn[]> {
    return this.#ask('undeclared', () =>
      [...this.#options.state.tables].flatMap(([table, rows]) =>
        countUndeclared(
          pipeline,
          table,
          rows.filter((row) => window === undefined || isIn(row, window)),
        ),
      ),
    );
  }

  #standing(scope: PublishScope): Standing {
    const { fences } = this.#options.state;
    const { isHeld } = this.#options.behaviour.rule;
    const dates = scope.partial ? scope.dates.map(({ date }) => date) : [];
    const epochs = [scope.epoch, ...(scope.earlierEpochs ?? [])];
    const run = { transforms: scope.pipeline.transformDigest, epochs };
    return {
      rows: (table) => this.#rows(table),
      settled: (table) => this.#settled(scope, table),
      heldDates: new Set(dates.filter((date) => isHeld(fences.get(date)?.lastWhole, run))),
    };
  }

  #settled(scope: PublishScope, table: string): readonly Row[] {
    return scope.settled.filter((file) => file.table === table).flatMap((file) => rowsIn(this.#options.disk, file));
  }

  exportKeys(pipeline: CompiledPipeline, window: Window, path: string): Promise<string | undefined> {
    return this.#ask('exportKeys', () => {
      const offers = pipeline.tables.some((table) => table.kind === 'offered');
      const keys: StandingKey[] = [];
      for (const table of keyedTables(pipeline)) {
        for (const row of this.#rows(table)) {
          const inWindow = isIn(row, window);
          if (!inWindow && !(offers && table === 'events')) continue;
          keys.push({ key: row.event_id as string, rawObject: row._raw_object as string, inWindow });
        }
      }
      this.#options.disk.set(path, keys);
      return path;
    });
  }

  objectsWithRows(pipeline: CompiledPipeline, window: Window): Promise<readonly string[]> {
    return this.#ask('objectsWithRows', () => {
      const rows = [...allTables(pipeline), 'quarantine'].flatMap((table) => this.#rows(table));
      return [...new Set(rows.filter((row) => isIn(row, window)).map((row) => row._raw_object as string))];
    });
  }

  rowsOfObjects(
    pipeline: CompiledPipeline,
    window: Window,
    rawObjects: readonly string[],
  ): Promise<readonly ObjectRows[]> {
    return this.#ask('rowsOfObjects', () =>
      objectRows(rawObjects, window, keyedTables(pipeline), (table) => this.#rows(table)),
    );
  }

  datesWithRows(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly string[]> {
    return this.#ask('datesWithRows', () => {
      const rows = [...allTables(pipeline), 'quarantine'].flatMap((table) => this.#rows(table));
      const dates = rows.flatMap((row) => (window === undefined || isIn(row, window) ? (row.event_date ?? []) : []));
      return [...new Set(dates)].sort();
    });
  }

  digests(pipeline: CompiledPipeline, window: Window | undefined): Promise<readonly TableDigest[]> {
    return this.#ask('digests', () =>
      pipeline.tables.flatMap(({ name }) => {
        const rows = this.#rows(name).filter((row) => window === undefined || isIn(row, window));
        const dates = [...new Set(rows.map((row) => row.event_date as string))].sort();
        return dates.map((date) => {
          const here = rows.filter((row) => row.event_date === date);
          return { table: name, date, rows: here.length, digest: digestOf(here) };
        });
      }),
    );
  }

  async verify(scope: PublishScope, differencesMax: number): Promise<Verification> {
    const read = await readScope(scope);
    return this.#ask('verify', () =>
      verifyRows(this.#options.behaviour.rule, read, this.#standing(read), differencesMax),
    );
  }

  staleOffers(pipeline: CompiledPipeline, rawObjects: readonly string[]): Promise<readonly string[]> {
    return this.#ask('staleOffers', () => staleOfferDates(pipeline, rawObjects, (table) => this.#rows(table)));
  }

  async close(): Promise<void> {}
}

const changedDates = ({ action, newDate, oldDate }: RowDecision): (string | null)[] =>
  ['insert', 'update', 'delete'].includes(action) ? [newDate, oldDate] : [];

const isIn = ({ event_date }: Row, window: Window): boolean =>
  event_date !== null && event_date !== undefined && event_date >= window.from && event_date < window.to;

const allTables = (pipeline: CompiledPipeline): string[] => pipeline.tables.map(({ name }) => name);

const keyedTables = (pipeline: CompiledPipeline): string[] =>
  pipeline.tables.filter((table) => table.kind !== 'parts').map(({ name }) => name);
