// Whether anybody but this user can read the home: raw objects hold cards, the warehouse what bodies say.

import { exposures, sharedMode } from '../../profiles/embedded/examination.ts';
import { plural } from '../render/text.ts';
import { shellQuote, shownValue } from '../render/values.ts';
import type { Finding, HomeCheck } from './finding.ts';

/** Looking at more would take doctor long; the folders come before what is in them. */
const ENTRIES_MAX = 10_000;

export const privacyCheck: HomeCheck = {
  name: 'privacy',
  run: async ({ path }) => {
    const { found, isAll } = await exposures(path, ENTRIES_MAX);
    if (found.length === 0) return [{ state: 'ok', says: 'nobody else can read the home' }];
    const isShared = (await sharedMode(path)) !== undefined;
    const findings: Finding[] = [];
    const add = (isOurs: boolean, says: string, fix: string): void => {
      const some = found.filter((one) => one.isOurs === isOurs);
      const [first] = some;
      if (first === undefined) return;
      const many = `${isAll ? '' : 'at least '}${plural(some.length, 'file or folder', 'files and folders')}`;
      const example = `${shownValue(first.path)} (${first.mode.toString(8)})`;
      findings.push({ state: isShared ? 'note' : 'wrong', says: `${many} ${says}, as ${example}`, fix });
    };
    const close = `chmod -R go-rwx ${shellQuote(path)}`;
    add(
      true,
      'of this user can be reached by others',
      isShared ? `where nobody else writes to the lake: ${close}` : close,
    );
    add(false, 'of other users can be reached by others than them', 'their owners may close them: chmod go-rwx');
    return findings;
  },
};
