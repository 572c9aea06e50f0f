// Calls the command line as the program does, without a process for each: what it writes, and how it exits.

import { vi } from 'vitest';
import { main } from '../../cli/main.ts';
import { checkPrinted } from './printed.ts';
import type { Ended } from './reprise.ts';

export async function inProcess(home: string, ...args: readonly string[]): Promise<Ended> {
  const of = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    vi.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      of[name] += String(text);
      return true;
    }),
  );
  let ended: Ended;
  try {
    const exit = await main([...args, '--home', home], {});
    ended = { exit, ...of };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  await checkPrinted(ended.out, ended.err);
  return ended;
}

/** The document that `--json` prints. */
export async function documentOf<T>(home: string, ...args: readonly string[]): Promise<T> {
  const { exit, out, err } = await inProcess(home, ...args, '--json');
  try {
    const document = JSON.parse(out) as T;
    return document;
  } catch {
    throw new Error(`reprise ${args.join(' ')} ended with ${exit} and no JSON document: ${err}`);
  }
}
