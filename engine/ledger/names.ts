// The ids of plans and runs as people type them: in full, or a beginning that only one of them has. An empty id would be
// a beginning of all of them, so it names none.

import { RepriseError } from '../../model/errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

const HELP = {
  plan: 'make one: reprise plan <pipeline> --from … --to …',
  run: 'list them: reprise runs',
} as const;
const FORMS = { plan: /^[0-9a-f]{1,64}$/, run: /^[0-9a-f]{1,12}(?:-\d{0,9})?$/ } as const;
const NAMED_MAX = 5;

/**
 * The whole id. Throws Usage for an empty text and for a beginning that several have, NotFound for one that none has.
 */
export async function resolveId(control: ObjectStore, kind: 'plan' | 'run', text: string): Promise<string> {
  const asked = text.trim();
  if (asked === '') {
    throw new RepriseError(
      'Usage',
      `the ${kind} id is empty`,
      `give a ${kind} id, or a beginning of one; ${HELP[kind]}`,
    );
  }
  if (FORMS[kind].test(asked)) {
    if ((await control.head(keyOf(kind, asked))) !== undefined) return asked;
    const found = await beginningWith(control, kind, asked);
    if (found.length === 1) return found[0] as string;
    if (found.length > 1) {
      const named = found.slice(0, NAMED_MAX).join(', ');
      const more = found.length > NAMED_MAX ? ` and ${found.length - NAMED_MAX} more` : '';
      throw new RepriseError(
        'Usage',
        `${found.length} ${kind}s begin with ${asked}: ${named}${more}`,
        'give more of the id',
      );
    }
  }
  throw new RepriseError('NotFound', `there is no ${kind} ${asked}`, HELP[kind]);
}

const keyOf = (kind: 'plan' | 'run', id: string): string =>
  kind === 'plan' ? `plans/${id}.json` : `runs/${id}/run.json`;

async function beginningWith(control: ObjectStore, kind: 'plan' | 'run', beginning: string): Promise<string[]> {
  const ids = new Set<string>();
  const pattern = kind === 'plan' ? /^plans\/([0-9a-f]+)\.json$/ : /^runs\/([^/]+)\//;
  for await (const { key } of control.list(`${kind}s/${beginning}`)) {
    const id = pattern.exec(key)?.[1];
    if (id !== undefined) ids.add(id);
  }
  return [...ids];
}
