// Opens the home for the checks of what is in it.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRepriseError } from '../../model/errors.ts';
import { type Home, openHome } from '../../profiles/embedded/examination.ts';
import { type Finding, faultOf } from './finding.ts';

/** Without a home when there is none, which is not wrong, or none that can be opened. */
export async function openedHome(path: string): Promise<{ readonly home?: Home; readonly finding: Finding }> {
  try {
    const home = await openHome(path, { create: false, onlyReads: true, randomBytes: (n) => randomBytes(n) });
    const marker = JSON.parse(readFileSync(join(home.path, 'control', 'home.json'), 'utf8')) as { format: number };
    const says = `${home.path}, format ${marker.format}`;
    return home.isReadOnly
      ? { home, finding: { state: 'note', says: `${says}, cannot be written: only commands that read work on it` } }
      : { home, finding: { state: 'ok', says: `${says}, can be written` } };
  } catch (error) {
    if (isRepriseError(error) && error.code === 'NotFound')
      return { finding: { state: 'note', says: error.message, fix: error.fix } };
    return { finding: faultOf(error) };
  }
}
