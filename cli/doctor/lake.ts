// Whether everything that is in the lake is read.

import { rawDays } from '../../engine/plan/raw-days.ts';
import { mayBeDeliveries, type SkippedRaw } from '../../engine/plan/raw-keys.ts';
import { whatToDo, whySkipped } from '../render/skipped.ts';
import { plural } from '../render/text.ts';
import { visibleLine } from '../render/visible.ts';
import type { Finding, HomeCheck } from './finding.ts';
import { pipelineNames } from './pipelines.ts';

export const lakeCheck: HomeCheck = {
  name: 'lake',
  run: async (home, args) => {
    const findings: Finding[] = [];
    let objects = 0;
    for (const name of pipelineNames(args)) {
      let skipped: readonly SkippedRaw[] = [];
      const onSkipped = (found: readonly SkippedRaw[]): void => {
        skipped = found;
      };
      for await (const day of rawDays(home.lake, name, { onSkipped })) objects += day.objects.length;
      for (const one of skipped.filter(mayBeDeliveries))
        findings.push({
          state: 'wrong',
          says: `${visibleLine(one.key)} is not read: ${whySkipped(one)}`,
          fix: whatToDo(one),
        });
      const other = skipped.filter((one) => !mayBeDeliveries(one));
      if (other.length > 0)
        findings.push({
          state: 'note',
          says: `${plural(other.length, 'file or folder', 'files and folders')} of ${name} are not looked at, among them ${visibleLine(other[0]?.key ?? '')}`,
        });
    }
    return [{ state: 'ok', says: `${plural(objects, 'raw object')} can be found` }, ...findings];
  },
};
