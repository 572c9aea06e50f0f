// The publish rule: what happens to each row when what a plan staged meets what stands in the warehouse. This is its
// reference, in plain values: the SQL of every dialect decides the same (docs/publishing.md), the simulator plays
// histories with it, and a contract holds the two against each other. It reads nothing and writes nothing.

/** The order of copies: the greatest accepted copy of an event is the event. */
export interface CopyOrder {
  readonly precedence: number;
  readonly receivedAtMicros: bigint;
  /** What `_delivery` is ordered by: the sha256 of the body; sealed ones are opened for it. */
  readonly delivery: string;
  readonly source: string;
  /** Place among what one delivery offers; 0 for events. */
  readonly place: number;
}

/** A copy of an event, or of a row that events offer: staged, or standing in the warehouse. */
export interface Copy {
  readonly key: string;
  /** YYYY-MM-DD */
  readonly date: string;
  readonly order: CopyOrder;
  /** Equal texts: the same row, its parts included. */
  readonly content: string;
  readonly rawObject: string;
  readonly transformVersion: string;
}

export interface RuleDate {
  readonly group: number;
  /** Everything that belongs to the date was pinned and read. */
  readonly whole: boolean;
  /** A partial plan may not touch it. */
  readonly held: boolean;
}

export interface RuleScope {
  readonly group: number;
  readonly window: { readonly from: string; readonly to: string };
  /** The plan's dates. */
  readonly dates: ReadonlyMap<string, RuleDate>;
  /** Objects that were pinned and read. */
  readonly judgedObjects: ReadonlySet<string>;
  /** Objects that gave rows and are not in the lake any more. */
  readonly goneObjects: ReadonlySet<string>;
}

export type RowAction =
  | 'insert'
  | 'update'
  | 'delete'
  | 'unchanged'
  /** Newer live data. */
  | 'kept_newer'
  /** Of raw that is gone. */
  | 'raw_gone'
  /** Only at a whole date could it be overruled or deleted. */
  | 'not_whole'
  /** At a date that a partial plan may not touch. */
  | 'held';

export interface Decision {
  readonly key: string;
  readonly action: RowAction;
  readonly staged: Copy | undefined;
  readonly standing: Copy | undefined;
}

/** The last publish that held everything of a date. */
export interface LastWhole {
  readonly epoch: number;
  /** The digest of its transforms; undefined where an older version did not keep it. */
  readonly transforms: string | undefined;
}

/** The transforms of a run. */
export interface RunTransforms {
  readonly transforms: string;
  /** All epochs in which they were in force, the run's own among them. */
  readonly epochs: readonly number[];
}

/** Where a row stood, and where it stands now; null for nowhere, or for no date. */
export interface Moved {
  readonly newDate: string | null;
  readonly oldDate: string | null;
}

/** The judgements that the rule is made of. */
export interface PublishRule {
  /** A partial plan may not add to a date: it would mix transforms there. `last`: undefined when it never was whole. */
  isHeld(last: LastWhole | undefined, run: RunTransforms): boolean;
  /** Nothing differs that would have to be written. */
  isUnchanged(staged: Copy, standing: Copy, isJudged: boolean): boolean;
  isUpward(staged: Copy, standing: Copy): boolean;
  /** Dates that are not whole, because events stay there whose raw is gone. */
  datesOfGoneRaw(scope: RuleScope, staged: ReadonlyMap<string, Copy>, standing: ReadonlyMap<string, Copy>): Set<string>;
  /** What a row is counted as that stays although the plan has something else to say, or nothing. */
  keptAs(isJudged: boolean, isGone: boolean): 'kept_newer' | 'raw_gone' | 'not_whole';
  /** A lesser copy may take the place of the one that stands. */
  mayOverrule(isJudged: boolean, isWhole: boolean): boolean;
  /** Dates to which a replay by the undone transforms would bring back what an undo has changed. */
  undoneDates(changed: Iterable<Moved>): string[];
  /** A row that was not staged may go. */
  mayDelete(isJudged: boolean, isWhole: boolean): boolean;
}

export const PUBLISH_RULE: PublishRule = {
  isHeld: (last, { transforms, epochs }) => {
    if (last === undefined) return true;
    return last.transforms === undefined ? !epochs.includes(last.epoch) : last.transforms !== transforms;
  },
  isUnchanged: (staged, standing, isJudged) =>
    staged.content === standing.content &&
    isSameDelivery(staged, standing) &&
    staged.date === standing.date &&
    (staged.rawObject === standing.rawObject || isJudged),
  isUpward: (staged, standing) => compareCopies(staged.order, standing.order) >= 0,
  datesOfGoneRaw: ({ goneObjects }, staged, standing) => {
    const dates = new Set<string>();
    for (const [key, now] of standing) {
      const next = staged.get(key);
      if (!goneObjects.has(now.rawObject) || (next !== undefined && compareCopies(next.order, now.order) >= 0))
        continue;
      dates.add(now.date);
    }
    return dates;
  },
  keptAs: (isJudged, isGone) => (isGone ? 'raw_gone' : isJudged ? 'not_whole' : 'kept_newer'),
  undoneDates: (changed) => {
    const dates = [...changed].flatMap(({ newDate, oldDate }) => [newDate, oldDate]);
    return [...new Set(dates.filter((date) => date !== null))].sort();
  },
  mayOverrule: (isJudged, isWhole) => isJudged && isWhole,
  mayDelete: (isJudged, isWhole) => isJudged && isWhole,
};

/** Negative when `a` is less than `b`. */
function compareCopies(a: CopyOrder, b: CopyOrder): number {
  if (a.precedence !== b.precedence) return a.precedence - b.precedence;
  if (a.receivedAtMicros !== b.receivedAtMicros) return a.receivedAtMicros < b.receivedAtMicros ? -1 : 1;
  if (a.delivery !== b.delivery) return a.delivery < b.delivery ? -1 : 1;
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.place - b.place;
}

const isSameDelivery = ({ order: a }: Copy, { order: b }: Copy): boolean =>
  a.delivery === b.delivery && a.source === b.source && a.receivedAtMicros === b.receivedAtMicros;

/**
 * What happens to each key that one date group decides: the group of its staged date when that is in the window, else
 * the group of the date at which it stands. Serves events, and rows that several events offer.
 */
export function decideCopies(
  rule: PublishRule,
  scope: RuleScope,
  staged: ReadonlyMap<string, Copy>,
  standing: ReadonlyMap<string, Copy>,
): Decision[] {
  const { group, dates, window } = scope;
  const isHere = (copy: Copy | undefined): boolean => copy !== undefined && dates.get(copy.date)?.group === group;
  const decisions: Decision[] = [];
  for (const key of new Set([...staged.keys(), ...standing.keys()])) {
    const next = staged.get(key);
    const now = standing.get(key);
    const isDecidedElsewhere = next !== undefined && !isHere(next) && next.date >= window.from && next.date < window.to;
    if ((!isHere(next) && !isHere(now)) || isDecidedElsewhere) continue;
    decisions.push({ key, action: actionOf(rule, scope, next, now), staged: next, standing: now });
  }
  return decisions;
}

function actionOf(rule: PublishRule, scope: RuleScope, next: Copy | undefined, now: Copy | undefined): RowAction {
  const dates = [next, now].flatMap((copy) => (copy === undefined ? [] : (scope.dates.get(copy.date) ?? [])));
  if (dates.some((date) => date.held)) return 'held';
  if (now === undefined) return 'insert';
  const isWhole = dates.every((date) => date.whole);
  const isJudged = scope.judgedObjects.has(now.rawObject);
  const kept = rule.keptAs(isJudged, scope.goneObjects.has(now.rawObject));
  if (next === undefined) return rule.mayDelete(isJudged, isWhole) ? 'delete' : kept;
  if (rule.isUnchanged(next, now, isJudged)) return 'unchanged';
  return rule.isUpward(next, now) || rule.mayOverrule(isJudged, isWhole) ? 'update' : kept;
}

/** Staged events whose row in the warehouse is greater, and stays: what they offer does not compete. */
export function overruledEvents(
  rule: PublishRule,
  scope: RuleScope,
  staged: ReadonlyMap<string, Copy>,
  standing: ReadonlyMap<string, Copy>,
): Set<string> {
  const overruled = new Set<string>();
  for (const [key, next] of staged) {
    const now = standing.get(key);
    if (now === undefined || compareCopies(next.order, now.order) >= 0) continue;
    const isWhole = [next, now].every(({ date }) => scope.dates.get(date)?.whole ?? true);
    if (!rule.mayOverrule(scope.judgedObjects.has(now.rawObject), isWhole)) overruled.add(key);
  }
  return overruled;
}

/** A row of an event's parts. */
export interface Part {
  /** All columns of the table's key. */
  readonly key: string;
  readonly eventKey: string;
  readonly date: string;
  /** Equal texts: the same row of the same delivery at the same place. */
  readonly content: string;
}

export interface PartDecision {
  readonly key: string;
  readonly action: RowAction;
  readonly newDate: string | undefined;
  readonly oldDate: string | undefined;
}

const CHANGING: ReadonlySet<RowAction> = new Set<RowAction>(['insert', 'update', 'delete']);

/** Parts follow their event as a set. `events`: what was decided on them. */
export function decideParts(
  events: ReadonlyMap<string, RowAction>,
  staged: Iterable<Part>,
  standing: Iterable<Part>,
): PartDecision[] {
  const next = new Map<string, Part>();
  for (const part of staged) {
    const action = events.get(part.eventKey);
    if (action === 'insert' || action === 'update') next.set(part.key, part);
  }
  const decisions: PartDecision[] = [];
  for (const now of standing) {
    const action = events.get(now.eventKey);
    if (action === undefined) continue;
    const oldDate = now.date;
    if (!CHANGING.has(action)) {
      decisions.push({ key: now.key, action, newDate: oldDate, oldDate });
      continue;
    }
    const part = next.get(now.key);
    next.delete(now.key);
    if (part === undefined) decisions.push({ key: now.key, action: 'delete', newDate: undefined, oldDate });
    else {
      const isSame = part.content === now.content && part.date === oldDate;
      decisions.push({ key: now.key, action: isSame ? 'unchanged' : 'update', newDate: part.date, oldDate });
    }
  }
  for (const { key, date } of next.values())
    decisions.push({ key, action: 'insert', newDate: date, oldDate: undefined });
  return decisions;
}

/** A quarantine entry: a rejected delivery, or with row −1 an object that cannot be read. */
export interface Entry {
  readonly rawObject: string;
  readonly rawRow: number;
  readonly reason: string;
  readonly detail: string | null;
  /** As it may be kept. */
  readonly source: string | null;
  /** Null when it belongs to no date. */
  readonly date: string | null;
}

export interface EntryDecision {
  readonly rawObject: string;
  readonly rawRow: number;
  readonly action: RowAction;
  readonly newDate: string | null;
  readonly oldDate: string | null;
}

/**
 * Entries of objects that were read are replaced, date by date, by what today's rules reject. Entries of objects that
 * cannot be read are the first group's.
 */
export function decideEntries(
  scope: RuleScope,
  rejected: Iterable<Entry>,
  unreadable: Iterable<Entry>,
  standing: Iterable<Entry>,
): EntryDecision[] {
  const isFirst = scope.group === 0;
  const isHere = ({ date }: Entry): boolean => date !== null && scope.dates.get(date)?.group === scope.group;
  const placeOf = ({ rawObject, rawRow }: Entry): string => `${rawRow} ${rawObject}`;
  const next = new Map<string, Entry>();
  for (const entry of rejected) if (isHere(entry)) next.set(placeOf(entry), entry);
  if (isFirst) for (const entry of unreadable) next.set(placeOf(entry), entry);
  const decisions: EntryDecision[] = [];
  for (const now of standing) {
    const { rawObject, rawRow } = now;
    const entry = next.get(placeOf(now));
    const isOurs = scope.judgedObjects.has(rawObject) && (rawRow < 0 ? isFirst : isHere(now));
    if (entry === undefined && !isOurs) continue;
    next.delete(placeOf(now));
    const isSame =
      entry !== undefined &&
      entry.reason === now.reason &&
      entry.detail === now.detail &&
      entry.source === now.source &&
      entry.date === now.date;
    const action = entry === undefined ? 'delete' : isSame ? 'unchanged' : 'update';
    decisions.push({ rawObject, rawRow, action, newDate: entry?.date ?? null, oldDate: now.date });
  }
  for (const { rawObject, rawRow, date } of next.values())
    decisions.push({ rawObject, rawRow, action: 'insert', newDate: date, oldDate: null });
  return decisions;
}
