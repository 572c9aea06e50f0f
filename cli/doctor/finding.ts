// What a check of `doctor` is, and what it finds. A check reports everything that it sees and repairs nothing.

import { isRepriseError } from '../../model/errors.ts';
import type { Home } from '../../profiles/embedded/examination.ts';
import type { Arguments } from '../command.ts';

/** `note`: nothing is wrong, but somebody may want to know. */
export interface Finding {
  readonly state: 'ok' | 'note' | 'wrong';
  readonly says: string;
  readonly fix?: string;
}

/** A check of the installation or of the folder, which works without a home. */
export interface Check {
  /** As shown: at most nine characters. */
  readonly name: string;
  run(args: Arguments): Promise<readonly Finding[]>;
}

/** A check of the home that was opened. */
export interface HomeCheck {
  /** As shown: at most nine characters. */
  readonly name: string;
  run(home: Home, args: Arguments): Promise<readonly Finding[]>;
}

/** A check that fails is a finding of its own, so that it never hides the others. */
export async function findingsOf(work: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [faultOf(error)];
  }
}

export function faultOf(error: unknown): Finding {
  if (isRepriseError(error)) return { state: 'wrong', says: error.message, fix: error.fix };
  const kind = error instanceof Error ? error.name : typeof error;
  return { state: 'wrong', says: `the check itself failed with a ${kind}`, fix: 'report this, with --verbose' };
}
