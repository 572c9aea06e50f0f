// Reads the chain of a pipeline back: whether each entry follows the one before it, and whether the chain goes as far as
// the head and whatever else names its entries say. Faults that somebody accepted are left out.

import { sha256Hex } from '../../model/digest.ts';
import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Anchor } from '../../ports/warehouse.ts';
import {
  anchorOf,
  entryKey,
  entryPrefix,
  type HeldAnchor,
  type LedgerEntry,
  type LedgerFault,
  parseEntry,
  readHead,
} from './entry.ts';

export interface Inspection {
  readonly entries: LedgerEntry[];
  readonly faults: readonly LedgerFault[];
  readonly last: Anchor | undefined;
}

/** Reads all of it and says everything that is wrong. `anchors`: what says elsewhere how far the chain had come. */
export async function inspectLedger(
  control: ObjectStore,
  pipeline: string,
  anchors: readonly HeldAnchor[] = [],
): Promise<Inspection> {
  const entries: LedgerEntry[] = [];
  const faults: LedgerFault[] = [];
  const hashes = new Map<number, string>();
  // Before the entries: one that is appended in between is then beyond the head, not missing.
  const head = await readHead(control, pipeline);
  let previous: string | undefined = '';
  let sequence = 0;
  for await (const object of control.list(entryPrefix(pipeline))) {
    const named = Number(/(\d+)\.json$/.exec(object.key)?.[1] ?? Number.NaN);
    const text = Buffer.from((await control.read(object.key)) ?? []).toString('utf8');
    const found = sha256Hex(text);
    sequence++;
    for (; sequence < named; sequence++) {
      faults.push({ sequence, fault: 'missing', detail: 'there is no such entry', found: '' });
      previous = undefined;
    }
    const entry = parseEntry(text);
    if (entry === undefined) {
      faults.push({ sequence, fault: 'not_readable', detail: 'it is not the JSON of an entry', found });
    } else {
      if (entry.sequence !== named)
        faults.push({ sequence, fault: 'misplaced', detail: `it says that it is entry ${entry.sequence}`, found });
      else if (previous !== undefined && entry.previous !== previous)
        faults.push({
          sequence,
          fault: 'changed',
          detail: 'it does not follow the entry before it: one of the two was changed',
          found: `${previous} ${found}`,
        });
      entries.push(entry);
    }
    previous = found;
    hashes.set(named, found);
  }
  const last = previous === undefined || sequence === 0 ? undefined : { sequence, hash: previous };
  const accepted = acceptedBy(entries);
  const held = head === undefined ? anchors : [{ ...head, heldBy: 'the head of the ledger' }, ...anchors];
  const open = held.filter((anchor) => !accepted.has(textOfAnchor(anchor)));
  return {
    entries,
    faults: [...faults.filter((fault) => !accepted.has(textOfFault(fault))), ...anchorFaults(hashes, sequence, open)],
    last,
  };
}

/** The entries, and what the anchors say is wrong with them. Throws LedgerBroken for a chain that is broken in itself. */
export async function inspectAnchored(
  control: ObjectStore,
  pipeline: string,
  anchors: readonly HeldAnchor[],
): Promise<{ readonly entries: readonly LedgerEntry[]; readonly faults: readonly LedgerFault[] }> {
  const entries = await readEntries(control, pipeline);
  const accepted = acceptedBy(entries);
  const open = anchors.filter((anchor) => !accepted.has(textOfAnchor(anchor)));
  const wanted = new Set(open.map(({ sequence }) => sequence));
  const named = entries.filter(({ sequence }) => wanted.has(sequence));
  const hashes = new Map(named.map((entry) => [entry.sequence, anchorOf(entry).hash]));
  return { entries, faults: anchorFaults(hashes, entries.at(-1)?.sequence ?? 0, open) };
}

/** One fault for a tail that is missing, and one for each entry that is another than it was. */
function anchorFaults(
  hashes: ReadonlyMap<number, string>,
  last: number,
  anchors: readonly HeldAnchor[],
): readonly LedgerFault[] {
  const faults: LedgerFault[] = [];
  const beyond = anchors.filter(({ sequence }) => sequence > last).sort((a, b) => b.sequence - a.sequence);
  const furthest = beyond[0];
  if (furthest !== undefined) {
    const holders = beyond.filter(({ sequence }) => sequence === furthest.sequence).map(({ heldBy }) => heldBy);
    faults.push({
      sequence: last + 1,
      fault: 'missing',
      detail: `${holders[0]} says that there was an entry ${furthest.sequence}: ${furthest.sequence - last} or more were removed from the end`,
      found: '',
    });
  }
  const named = new Set<number>();
  for (const { sequence, hash, heldBy } of anchors) {
    const found = hashes.get(sequence);
    if (found === undefined || found === hash || named.has(sequence)) continue;
    named.add(sequence);
    faults.push({ sequence, fault: 'changed', detail: `it is not the entry that ${heldBy} names`, found });
  }
  return faults;
}

function acceptedBy(entries: readonly LedgerEntry[]): ReadonlySet<string> {
  const accepted = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'ledger_accepted') continue;
    for (const fault of entry.faults) accepted.add(textOfFault(fault));
    for (const anchor of entry.anchors) accepted.add(textOfAnchor(anchor));
  }
  return accepted;
}

const textOfFault = ({ sequence, fault, found }: Pick<LedgerFault, 'sequence' | 'fault' | 'found'>): string =>
  `${fault} ${sequence} ${found}`;
const textOfAnchor = ({ sequence, hash }: Anchor): string => `anchor ${sequence} ${hash}`;

/** Throws LedgerBroken that names the first of the faults. */
export function refuseFaults(pipeline: string, faults: readonly LedgerFault[]): void {
  const first = faults[0];
  if (first === undefined) return;
  throw new RepriseError(
    'LedgerBroken',
    `the ledger of ${pipeline} is broken: entry ${first.sequence} is ${first.fault.replace('_', ' ')}: ${first.detail}`,
    `see everything that is wrong: reprise ledger verify ${pipeline}; restore control/ledger/${pipeline} and control/ledger-heads from a backup, or go on with what is there: reprise ledger accept ${pipeline} --reason …`,
  );
}

interface Known {
  readonly entries: readonly LedgerEntry[];
  readonly last: Anchor;
}

/** What a process has read and found intact: it goes on from there. */
const KNOWN = new WeakMap<ObjectStore, Map<string, Known>>();

/**
 * Every entry, oldest first. A process reads all of the chain once, and afterwards only what was appended since.
 * Throws LedgerBroken when the chain is.
 */
export async function readEntries(control: ObjectStore, pipeline: string): Promise<readonly LedgerEntry[]> {
  const ofStore = KNOWN.get(control) ?? new Map<string, Known>();
  KNOWN.set(control, ofStore);
  const known = ofStore.get(pipeline);
  const more = known === undefined ? undefined : await readOn(control, pipeline, known);
  if (more !== undefined) {
    ofStore.set(pipeline, more);
    return more.entries;
  }
  const { entries, faults, last } = await inspectLedger(control, pipeline);
  refuseFaults(pipeline, faults);
  if (last === undefined) ofStore.delete(pipeline);
  else ofStore.set(pipeline, { entries, last });
  return entries;
}

/** Undefined when the chain is not the one that was read, or does not go on as it should: it is then read anew. */
async function readOn(control: ObjectStore, pipeline: string, known: Known): Promise<Known | undefined> {
  const head = await readHead(control, pipeline);
  const textOf = async (sequence: number): Promise<string | undefined> => {
    const content = await control.read(entryKey(pipeline, sequence));
    return content && Buffer.from(content).toString('utf8');
  };
  const standing = await textOf(known.last.sequence);
  if (standing === undefined || sha256Hex(standing) !== known.last.hash) return undefined;
  const entries = [...known.entries];
  let { sequence, hash } = known.last;
  for (;;) {
    const text = await textOf(sequence + 1);
    if (text === undefined) break;
    const entry = parseEntry(text);
    if (entry?.sequence !== sequence + 1 || entry.previous !== hash) return undefined;
    entries.push(entry);
    sequence++;
    hash = sha256Hex(text);
  }
  return (head?.sequence ?? 0) > sequence ? undefined : { entries, last: { sequence, hash } };
}
