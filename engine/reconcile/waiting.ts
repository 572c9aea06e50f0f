// Since when dates have waited for a reconcile to publish them: a document for each pipeline, so that one reconcile after
// another, each of which finds somebody else at work, adds up to something that a person hears of.

import { type Clock, isoTime } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { derivableDocument } from '../ledger/document.ts';
import { nextDate } from '../plan/window.ts';
import type { Waiting } from './reconcile.ts';

export interface WaitingSince extends Waiting {
  /** When the first reconcile left the first of these dates for the next time. */
  readonly since: string;
}

export interface WaitingDocument {
  readonly format: 1;
  readonly dates: Readonly<Record<string, string>>;
}

/** A monitor hears of dates that have waited for longer, unless another limit is given. */
export const MAX_WAIT_MINUTES = 60;

const PREFIX = 'waiting/';
const keyOf = (pipeline: string): string => `${PREFIX}${pipeline}.json`;

/** Writes down which dates wait now, and says since when each window does. What does not wait any more is forgotten. */
export async function rememberWaiting(
  deps: { readonly control: ObjectStore; readonly clock: Clock },
  pipeline: string,
  waiting: readonly Waiting[],
): Promise<readonly WaitingSince[]> {
  const before = (await readWaiting(deps.control, pipeline))?.dates ?? {};
  const now = isoTime(deps.clock);
  const dates: Record<string, string> = {};
  for (const { from, to } of waiting)
    for (let date = from; date < to; date = nextDate(date)) dates[date] = before[date] ?? now;
  if (JSON.stringify(before) !== JSON.stringify(dates)) {
    const document: WaitingDocument = { format: 1, dates };
    await deps.control.write(keyOf(pipeline), Buffer.from(`${JSON.stringify(document)}\n`), { if: 'always' });
  }
  const since = ({ from, to }: Waiting): string =>
    Object.keys(dates)
      .filter((date) => date >= from && date < to)
      .map((date) => dates[date] as string)
      .sort()[0] ?? now;
  return waiting.map((one) => ({ ...one, since: since(one) }));
}

/** Undefined when nothing waits, or the document cannot be read: the next reconcile writes it again. */
export async function readWaiting(control: ObjectStore, pipeline: string): Promise<WaitingDocument | undefined> {
  const content = await control.read(keyOf(pipeline));
  const document = content && derivableDocument<WaitingDocument>(keyOf(pipeline), content);
  return document?.format === 1 && typeof document.dates === 'object' ? document : undefined;
}

/** Pipelines that have such a document. */
export async function waitingPipelines(control: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of control.list(PREFIX)) names.push(key.slice(PREFIX.length).replace(/\.json$/, ''));
  return names;
}
