// At which dates transforms may not publish, because an undo took back what they had published there: from the entries of
// the ledger alone. Other dates, and other transforms, are not concerned.

import { RepriseError } from '../../model/errors.ts';
import type { Plan } from '../plan/plan-document.ts';
import { datesIn, inWindow, type Window, windowsOver } from '../plan/window.ts';
import type { Retired } from '../run/run-record.ts';
import type { LedgerEntry } from './entry.ts';

const WINDOWS_NAMED_MAX = 10;

/** Says of a date which undo keeps the transforms from it: the newest that nobody has lifted; undefined for none. */
export function retiredAt(
  entries: readonly LedgerEntry[],
  transformDigest: string,
): (date: string) => string | undefined {
  const steps = entries.filter(
    (entry) =>
      (entry.kind === 'transforms_retired' || entry.kind === 'epoch_activated') &&
      entry.transformDigest === transformDigest,
  );
  return (date) => {
    const undos = new Set<string>();
    for (const step of steps) {
      if ('windows' in step && !step.windows?.some((window) => inWindow(date, window))) continue;
      if (step.kind === 'transforms_retired') undos.add(step.runId);
      else if (step.kind === 'epoch_activated' && step.reason !== undefined) {
        if (step.undo === undefined) undos.clear();
        else undos.delete(step.undo);
      }
    }
    return [...undos].at(-1);
  };
}

/** Where undos keep the transforms from publishing, of all dates or of a window's. */
export function retiredWindows(
  entries: readonly LedgerEntry[],
  transformDigest: string,
  within: Window | undefined,
): (Window & { readonly undo: string })[] {
  const undoOf = retiredAt(entries, transformDigest);
  const undos = new Map<string, string[]>();
  for (const date of datesRetired(entries, transformDigest)) {
    const undo = within === undefined || inWindow(date, within) ? undoOf(date) : undefined;
    if (undo !== undefined) undos.set(undo, [...(undos.get(undo) ?? []), date]);
  }
  return [...undos].flatMap(([undo, dates]) => windowsOver(dates).map((window) => ({ ...window, undo })));
}

/** All dates that undos ever named. */
function datesRetired(entries: readonly LedgerEntry[], transformDigest: string): Set<string> {
  const windows = entries.flatMap((entry) =>
    entry.kind === 'transforms_retired' && entry.transformDigest === transformDigest ? (entry.windows ?? []) : [],
  );
  return new Set(windows.flatMap(datesIn));
}

/** What the ledger keeps the plan from; undefined when nothing. */
export function retiredIn({ body }: Plan, entries: readonly LedgerEntry[]): Retired | undefined {
  const undoOf = retiredAt(entries, body.transformDigest);
  const found = body.dates.flatMap(({ date }) => {
    const undo = undoOf(date);
    return undo === undefined ? [] : [{ date, undo }];
  });
  if (found.length === 0) return undefined;
  const windows = windowsOver(found.map(({ date }) => date));
  return { undos: [...new Set(found.map(({ undo }) => undo))], windows, rest: without(body.window, windows) };
}

/** Throws TransformsRetired for a plan that would bring undone rows back. */
export function refuseRetired(plan: Plan, entries: readonly LedgerEntry[]): void {
  const retired = retiredIn(plan, entries);
  if (retired === undefined) return;
  const { pipeline, transformDigest } = plan.body;
  const { undos, windows } = retired;
  throw new RepriseError(
    'TransformsRetired',
    `what the transforms ${transformDigest.slice(0, 8)} had published to ${windowsText(windows)} was undone by ${undos.join(', ')}: this plan would bring it back`,
    `correct the transforms, or say why they may publish there after all: ${activateCommand(pipeline, windows[0] as Window)}`,
  );
}

export const activateCommand = (pipeline: string, { from, to }: Window): string =>
  `reprise activate ${pipeline} --from ${from} --to ${to} --reason …`;

/** Half-open windows as a person reads them. */
export function windowsText(windows: readonly Window[]): string {
  const shown = windows.slice(0, WINDOWS_NAMED_MAX).map(({ from, to }) => `[${from}, ${to})`);
  return `${shown.join(', ')}${windows.length > shown.length ? ` and ${windows.length - shown.length} more windows` : ''}`;
}

/** `holes` are in order and within the window. */
function without(window: Window, holes: readonly Window[]): Window[] {
  const starts = [window.from, ...holes.map(({ to }) => to)];
  const ends = [...holes.map(({ from }) => from), window.to];
  return starts.map((from, place) => ({ from, to: ends[place] as string })).filter(({ from, to }) => from < to);
}
