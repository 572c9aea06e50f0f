// The warehouse as publishing sees it: decide what would change, apply it in one transaction with its commit token,
// read digests back. The decision is one query, whether it is previewed or applied.

import type { CompiledPipeline } from '../model/compile.ts';
import type { StagedFile } from './stage.ts';

/**
 * Rows of a table by what happens to them. Those that stay although raw gives something else, or nothing: `kept_newer`,
 * live rows that the plan does not overrule; `raw_gone`, rows of raw that was in the lake and is gone; `not_whole`, rows
 * that could only be overruled or deleted at a whole date; `held`, rows at dates that a partial plan may not touch.
 * Outcomes of older versions count all of them as `kept_newer`.
 */
export interface ChangeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly kept_newer: number;
  readonly raw_gone?: number;
  readonly not_whole?: number;
  readonly held?: number;
}

export interface PlanDate {
  /** YYYY-MM-DD, UTC. */
  readonly date: string;
  readonly group: number;
  /** Everything that belongs to the date is pinned and can be read. */
  readonly whole: boolean;
}

/** What a decision knows of one raw object. */
export interface ScopeObject {
  readonly rawObject: string;
  /** It was pinned and read. */
  readonly judged?: true;
  /**
   * It gave rows and is not in the lake any more. A date is not whole while events stay there that it gave: those to which
   * the plan has nothing as great to say.
   */
  readonly gone?: true;
  /** Judged, with other content than when it was read last. */
  readonly changed?: true;
  /** Judged, and read before: dates that were published from it, where that is known, and whether by the run's transforms. */
  readonly readBefore?: Readonly<Record<string, boolean>>;
}

/** How many rows of `events` at a date an object gave. */
export interface ObjectRows {
  readonly rawObject: string;
  readonly date: string;
  readonly rows: number;
  /** A run has written some of them: it had read the object. */
  readonly ofRuns: boolean;
}

/** Events at a date whose raw is gone. */
export interface GoneRows {
  readonly date: string;
  readonly rows: number;
}

/** All that a decision depends on, beside the warehouse's own rows. */
export interface PublishScope {
  readonly pipeline: CompiledPipeline;
  readonly runId: string;
  readonly window: { readonly from: string; readonly to: string };
  readonly dates: readonly PlanDate[];
  /** A partial plan inserts and updates upwards only, and only where the last whole publish was by the same transforms. */
  readonly partial: boolean;
  readonly epoch: number;
  /** Of a partial plan: earlier epochs of the same transforms, for dates that only tell their epoch. */
  readonly earlierEpochs?: readonly number[];
  /** What is known of raw objects, each once. May be read again; there are as many as a lake holds. */
  objects(): AsyncIterable<ScopeObject>;
  /** Dates of which the warehouse has lost what was published: it was restored, or replaced. */
  readonly lostDates?: readonly string[];
  /** Objects that could not be read, each with its fixed-vocabulary detail and arrival date. */
  readonly unreadable: readonly { readonly key: string; readonly detail: string; readonly date: string }[];
  readonly settled: readonly StagedFile[];
  /** Rewrites rows whose columns no longer give their stored hash. */
  readonly repair: boolean;
}

/** An entry of a ledger, by number and hash: where it is kept outside of the ledger, the chain cannot be cut behind it. */
export interface Anchor {
  readonly sequence: number;
  readonly hash: string;
}

export interface Commit {
  /** Unique for run and group; stored in the same transaction. */
  readonly token: string;
  readonly lease: number;
  /** The last entry of the ledger, kept in the same transaction. */
  readonly anchor?: Anchor | undefined;
  readonly publishedAt: string;
  /** Called with the decision before it is applied, inside the transaction: what it throws takes all of it back. */
  readonly check?: (outcome: GroupOutcome) => void;
}

/** Rows of one table and date that would change although no cause is true of them. */
export interface Unexplained {
  readonly table: string;
  readonly date: string;
  readonly rows: number;
  /** The first of them, in order. */
  readonly keys: readonly string[];
}

export interface DateChange extends ChangeCounts {
  readonly table: string;
  readonly date: string;
}

/** Values of a column that the declaration does not have, which go with their rows. */
export interface LostValues {
  readonly table: string;
  readonly column: string;
  readonly values: number;
}

/** A column that the declaration does not have (any more), and how many values it holds. */
export interface UndeclaredColumn {
  readonly table: string;
  readonly column: string;
  readonly values: number;
}

export interface GroupOutcome {
  readonly group: number;
  readonly changes: readonly DateChange[];
  readonly causes: readonly { readonly cause: string; readonly action: string; readonly events: number }[];
  /** Of all tables; absent in outcomes that older versions stored. */
  readonly unexplained?: readonly Unexplained[];
  /** Absent when nothing goes. */
  readonly lost?: readonly LostValues[];
  /** Of a transaction: the id of the warehouse that it is in. A copy has the same, a new file another. */
  readonly warehouse?: string;
  /** Rows of `events` that stood in the group's dates before. */
  readonly rowsBefore: number;
  /** Dates a partial plan may not touch. */
  readonly heldDates: readonly string[];
}

/** Why an undo leaves a row alone: it is no longer as the undone run left it, or its raw object is gone. */
export type LeftAloneReason = 'changed_since' | 'raw_gone';

/** Rows that an undo leaves alone. */
export interface LeftAlone {
  readonly table: string;
  /** Where the rows stand, or would stand; null for quarantine entries that belong to no date. */
  readonly date: string | null;
  readonly reason: LeftAloneReason;
  /** The run whose rows stand there now; null when none do. */
  readonly runId: string | null;
  readonly rows: number;
}

export interface LeftAloneRow extends Omit<LeftAlone, 'rows'> {
  readonly key: Readonly<Record<string, string>>;
}

/** Counted in `changes` as kept_newer too. `leftAloneRows` are samples, for each table the first few by key. */
export interface UndoOutcome extends GroupOutcome {
  readonly leftAlone: readonly LeftAlone[];
  readonly leftAloneRows: readonly LeftAloneRow[];
  /** Dates at which rows that changed had stood, or stand now; absent in outcomes that older versions stored. */
  readonly undoneDates?: readonly string[];
}

/** Raw objects whose rows may stand again: all but those named, or only those named. */
export type Restorable = { readonly except: readonly string[] } | { readonly only: readonly string[] };

/** All that the decision of an undo depends on, beside the warehouse's rows and the changes kept of the undone run. */
export interface UndoScope {
  readonly pipeline: CompiledPipeline;
  /** The undo. */
  readonly runId: string;
  readonly undone: {
    readonly runId: string;
    /** It put rows back as they were before another run, so that they bear the ids of older ones. */
    readonly isUndo: boolean;
    /** Where the changes of its committed groups are kept. */
    readonly folder: string;
  };
  /** Of the undone run's plan, whose lease the undo has. */
  readonly window: { readonly from: string; readonly to: string };
  readonly dates: readonly PlanDate[];
  /** The columns are those of the undone run, so that the hash of a row it wrote can be made again from them. */
  readonly sameColumns: boolean;
  readonly restorable: Restorable;
}

export interface TableDigest {
  readonly table: string;
  readonly date: string;
  readonly rows: number;
  /** Order-independent, over the hashes recomputed from the columns. */
  readonly digest: string;
}

/** A row that is not what raw gives: absent from one side, or with other content. */
export interface Difference {
  readonly table: string;
  readonly date: string;
  readonly eventId: string;
  readonly kind: 'missing' | 'unexpected' | 'differs' | 'duplicate';
}

/**
 * What removes the differences of a date: an ordinary replay of it, or one that repairs, because no replay looks at rows
 * that the same transforms made of the same deliveries; or, of live rows that are newer than raw, neither.
 */
export type DateNeeds = 'replay' | 'repair' | 'by_hand';

export interface Verification {
  readonly digests: readonly (TableDigest & { readonly expected: string })[];
  /** Rows compared. */
  readonly checked: number;
  readonly differences: readonly Difference[];
  readonly differencesTotal: number;
  /** The dates that are to be planned to remove the differences, and only those, ascending. */
  readonly needs: readonly { readonly date: string; readonly needs: DateNeeds }[];
  /** Live rows that no pinned object judges, and rows that stay at dates that are not whole; left out of the comparison. */
  readonly notJudged: number;
  /** Events whose raw is gone, by date; left out of the comparison with all that belongs to them. */
  readonly rawGone?: readonly GoneRows[];
}

/** What brings a pipeline's tables to its declaration without losing anything, and what would. */
export interface SchemaEvolution {
  /** In the warehouse's own words, in order. */
  readonly statements: readonly string[];
  /** Without a column: the table itself. `columns`: how many that makes. */
  readonly added: readonly {
    readonly table: string;
    readonly column?: string;
    readonly type?: string;
    readonly columns: number;
  }[];
  /** Columns of another type. Nothing at all is done while there are some. */
  readonly refused: readonly {
    readonly table: string;
    readonly column: string;
    readonly has: string;
    readonly wants: string;
    readonly statement: string;
  }[];
  /** Tables and columns that the declaration does not have; they stay as they are. */
  readonly kept: readonly { readonly table: string; readonly column?: string; readonly statement: string }[];
}

/** A warehouse whose tables can follow the declaration. */
export interface EvolvingWarehouse {
  /** With `apply` the statements are executed, in one transaction; without, they are only told. */
  evolve(pipeline: CompiledPipeline, apply: boolean): Promise<SchemaEvolution>;
}

/** What the warehouse itself says of what was published into it. */
export interface PublishedTokens {
  /** Made with the warehouse, and random; undefined for one of an older version that is only read. */
  readonly warehouseId: string | undefined;
  /** Of all transactions, whatever the pipeline. */
  readonly tokens: ReadonlySet<string>;
  /** Dates of the pipeline that a run has published. */
  readonly dates: ReadonlySet<string>;
  /** The runs that published the pipeline's dates last. */
  readonly runIds: readonly string[];
}

export interface Warehouse {
  /** Creates the tables that are not there. Throws Configuration when one lacks a column: that is for evolve. */
  ensureTables(pipeline: CompiledPipeline): Promise<void>;
  /**
   * From now on nobody publishes by an older lease whose window has a date in common, whether anything stands there or
   * not. A run that finds nothing to change publishes nothing: without this, one that it took over from could still
   * write behind its back. Keeps the anchor with it. Throws LeaseLost when a newer lease has raised it. Safe to repeat.
   */
  raiseFence(
    pipeline: CompiledPipeline,
    window: { from: string; to: string },
    lease: number,
    anchor?: Anchor,
  ): Promise<void>;
  /** The last entries of the ledger that fences and commits were made with, in no order. */
  anchors(pipeline: string): Promise<readonly Anchor[]>;
  /** The greatest epoch and lease by which dates of the pipeline were taken; 0 for none. */
  greatest(pipeline: string): Promise<{ readonly epoch: number; readonly lease: number }>;
  /** The decision for one group, not applied; its changes are written as Parquet into `folder`. */
  preview(scope: PublishScope, group: number, folder: string): Promise<GroupOutcome>;
  /** Settled rejections of the window, by reason. */
  rejected(scope: PublishScope): Promise<Readonly<Record<string, number>>>;
  /**
   * Decides and applies one group in one transaction. A token that is already there is not applied again.
   *
   * Columns that the declaration does not have, because it lost them or because people added them, keep their values in
   * every row whose key stays, whatever changes of it, its date too. Rows that come have none there, or the column's
   * default. What goes with a row that goes is counted in the outcome as `lost`, and kept among the rows before.
   */
  publish(scope: PublishScope, group: number, folder: string, commit: Commit): Promise<GroupOutcome>;
  /**
   * Takes back what the undone run did in one group, in one transaction; without `commit` only decides. Writes the
   * undo's own decisions, and the rows before and after, into `folder`. For each key the run changed, the first that fits:
   *
   * 1. What stands is not as the run left it: left alone, `changed_since`. As it left it means for a replay its own
   *    run id, the date it gave, and columns that still give the stored hash; for an undo the very row that it put
   *    back; and absent where it deleted.
   * 2. The run inserted it: deleted.
   * 3. The row before is of a raw object that is not `restorable`: left alone, `raw_gone`.
   * 4. The row before is put back as it was, run id and publishing time included.
   *
   * Columns that the undone run did not write keep their values in rows that are there, and come back with rows that are put back.
   * An event and its parts are one: a part that is not as the run left it leaves all of the event alone. Offered rows
   * and quarantine entries go by their own key. Dates that change are whole in no epoch any more. A token that is there
   * is not applied again. Throws LeaseLost, and NotFound when the changes of the group are not kept.
   */
  undo(scope: UndoScope, group: number, folder: string, commit: Commit | undefined): Promise<UndoOutcome>;
  published(pipeline: CompiledPipeline): Promise<PublishedTokens>;
  /** The outcome stored with a token, after a crash or an unknown outcome. */
  committed(token: string): Promise<GroupOutcome | undefined>;
  /**
   * Writes the hashes of the keys that stand in the window's dates as Parquet (`key_hash`, `raw_object`, `in_window`);
   * where events offer rows to each other, those of all other events too, as not in the window. Undefined when there
   * are no tables yet.
   */
  exportKeys(
    pipeline: CompiledPipeline,
    window: { from: string; to: string },
    path: string,
  ): Promise<string | undefined>;
  /** Keys of the raw objects that gave the rows, rejected ones too, that stand in the window's dates. */
  objectsWithRows(pipeline: CompiledPipeline, window: { from: string; to: string }): Promise<readonly string[]>;
  /** Rows of `events` in the window that the objects gave, by object and date. */
  rowsOfObjects(
    pipeline: CompiledPipeline,
    window: { from: string; to: string },
    rawObjects: readonly string[],
  ): Promise<readonly ObjectRows[]>;
  /** Dates in the window that have rows in some table. */
  datesWithRows(
    pipeline: CompiledPipeline,
    window: { from: string; to: string } | undefined,
  ): Promise<readonly string[]>;
  digests(
    pipeline: CompiledPipeline,
    window: { from: string; to: string } | undefined,
  ): Promise<readonly TableDigest[]>;
  verify(scope: PublishScope, differencesMax: number): Promise<Verification>;
  /** Columns of the pipeline's tables that its declaration does not have, with their values in the window. */
  undeclared(
    pipeline: CompiledPipeline,
    window: { from: string; to: string } | undefined,
  ): Promise<readonly UndeclaredColumn[]>;
  close(): Promise<void>;
}
