// Four eyes: in a home that asks for them, nobody approves a run that they began, resumed or executed. Who somebody is, is the
// name that the operating system gives, without the host: the same person on two machines is one, and where everybody works
// by one account nobody else is left to approve.

import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { readEntries } from '../ledger/inspect.ts';
import type { Recorded } from './recorded.ts';

const SETTINGS = 'settings.json';

/** What the home says; also true where only the ledger says so, so that removing the file lifts nothing. */
export async function asksForFourEyes(control: ObjectStore, pipeline: string): Promise<boolean> {
  return (await homeAsks(control)) || lastSetting(await readEntries(control, pipeline)) === true;
}

export async function homeAsks(control: ObjectStore): Promise<boolean> {
  const content = await control.read(SETTINGS);
  if (content === undefined) return false;
  try {
    return (JSON.parse(Buffer.from(content).toString('utf8')) as { fourEyes?: unknown }).fourEyes !== false;
  } catch {
    // A setting that cannot be read asks rather than lets pass.
    return true;
  }
}

export async function saveSetting(control: ObjectStore, fourEyes: boolean): Promise<void> {
  await control.write(SETTINGS, Buffer.from(`${JSON.stringify({ fourEyes }, undefined, 1)}\n`), { if: 'always' });
}

function lastSetting(entries: readonly LedgerEntry[]): boolean | undefined {
  const last = entries.findLast((entry) => entry.kind === 'four_eyes_set');
  return last?.kind === 'four_eyes_set' ? last.on : undefined;
}

/** Throws FourEyes when `by` may not approve the run. */
export function refuseOwnApproval(runId: string, { created, workedBy }: Recorded, by: string): void {
  if (created?.fourEyes !== true) return;
  const person = personOf(by);
  if (![...workedBy].some((one) => personOf(one) === person)) return;
  throw new RepriseError(
    'FourEyes',
    `this home asks for four eyes, and ${person} began or resumed run ${runId}: somebody else has to approve it`,
    `ask somebody else to look at it: reprise diff ${runId}, then reprise approve ${runId}`,
  );
}

/** Throws FourEyes for an approval that is given in the same breath as the run. */
export function refuseApprovedBeforehand(by: string): never {
  throw new RepriseError(
    'FourEyes',
    `this home asks for four eyes: ${personOf(by)} cannot begin a run and approve it with --yes`,
    'leave --yes away; when the change needs approval, somebody else gives it: reprise approve <run>',
  );
}

const personOf = (by: string): string => by.split('@')[0] as string;
