// Whether the pipelines load without contradictions.

import { isRepriseError } from '../../model/errors.ts';
import { Pipelines } from '../../profiles/embedded/pipelines.ts';
import type { Arguments } from '../command.ts';
import { type Check, type Finding, faultOf } from './finding.ts';

export const pipelinesCheck: Check = {
  name: 'pipelines',
  run: async (args) => {
    const every = new Pipelines(args.pipelines);
    const names = every.names();
    if (names.length === 0)
      return [{ state: 'wrong', says: `no pipelines in ${every.folder}`, fix: 'build first: npm run build' }];
    const findings: Finding[] = [];
    const sound: string[] = [];
    for (const name of names) {
      try {
        await every.compiled(name);
        sound.push(name);
      } catch (error) {
        findings.push(isRepriseError(error) ? faultOf(error) : notLoaded(name, error));
      }
    }
    return sound.length === 0
      ? findings
      : [{ state: 'ok', says: `${sound.join(', ')} load without contradictions` }, ...findings];
  },
};

/** Empty when they cannot be listed, which the check of the pipelines reports. */
export function pipelineNames(args: Arguments): string[] {
  try {
    return new Pipelines(args.pipelines).names();
  } catch {
    return [];
  }
}

function notLoaded(name: string, error: unknown): Finding {
  const kind = error instanceof Error ? error.name : typeof error;
  return { state: 'wrong', says: `pipeline ${name} does not load: a ${kind}`, fix: 'build again: npm run build' };
}
