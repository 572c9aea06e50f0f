// One kind of damage: how it is done, which command finds it and names what, and what mends it. A kind is tried on a copy
// of the intact home, which is afterwards as if nothing had happened.

import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { printedCommands } from '../cli/printed.ts';
import type { DoctorDocument, Ended } from '../cli/reprise.ts';
import type { Home, IntactHome } from './home.ts';

type Work = (home: Home, intact: IntactHome) => unknown;

export interface Damage {
  readonly kind: string;
  readonly done: Work;
  /** The command that finds it (`<run>`: the newest), how it exits, and what it says. */
  readonly found: { readonly by: string; readonly exit: number; readonly names: readonly (string | RegExp)[] };
  /** What it says in words is to be done, and what a person then does before typing anything. */
  readonly advice?: string | RegExp;
  readonly byHand?: Work;
  /** Every command that it prints, in order. */
  readonly prints: readonly string[];
  /** What is typed, unless that is what it prints: of a choice one, or the command that the advice names. */
  readonly types?: readonly string[];
  /** What the same command prints when these are done, and is typed too. */
  readonly further?: readonly string[];
  /** When what was damaged is fixed, but not yet what it was before: brings that about. */
  readonly ends?: Work;
}

/** How the kind was found and fixed, for a table. */
export interface Fixed {
  readonly kind: string;
  readonly foundBy: string;
  readonly fixedBy: string;
}

export async function tried(intact: IntactHome, damage: Damage): Promise<Fixed> {
  const { kind, done, found, advice, byHand, prints, types = prints, further = [], ends } = damage;
  const by = found.by.replace('<run>', intact.runs.at(-1) ?? '');
  const home = intact.copy();
  await done(home, intact);

  const first = await home.type(by);
  expect(first.exit, saidBy(first)).toBe(found.exit);
  for (const name of [...found.names, ...(advice === undefined ? [] : [advice])]) expect(saidBy(first)).toMatch(name);
  expect(commandsOf(first), saidBy(first)).toEqual(prints);

  await byHand?.(home, intact);
  await typeAll(home, types);
  if (further.length > 0) {
    expect(commandsOf(await home.type(by))).toEqual(further);
    await typeAll(home, further);
  }
  await ends?.(home, intact);
  await expectWell(home, intact);
  rmSync(home.path, { recursive: true });
  const words = advice === undefined ? [] : [`“${typeof advice === 'string' ? advice : advice.source}”`];
  return { kind, foundBy: found.by, fixedBy: [...words, ...types, ...further].join('; ') };
}

const saidBy = ({ out, err }: Ended): string => `${out}\n${err}`;

/** The commands that are printed, each once. */
const commandsOf = (ended: Ended): string[] => [
  ...new Set(printedCommands(saidBy(ended)).map((words) => `reprise ${words.join(' ')}`)),
];

/** Gives the reason and the pipeline where they are left to whoever types. */
export async function typeAll(home: Home, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const ended = await home.type(command.replace('--reason …', '--reason damaged').replace('<pipeline>', 'shop'));
    expect(ended.exit, `${command}\n${saidBy(ended)}`).toBe(0);
  }
}

/** Types what the command prints. */
export async function obey(home: Home, line: string): Promise<void> {
  await typeAll(home, commandsOf(await home.type(line)));
}

/** Every command that looks for damage finds none, and the rows are what they were. */
async function expectWell(home: Home, intact: IntactHome): Promise<void> {
  const verified = await home.type('reprise verify shop');
  expect([verified.exit, commandsOf(verified)], saidBy(verified)).toEqual([0, []]);
  const { checks } = await home.json<DoctorDocument>('reprise doctor');
  expect(checks.filter(({ state }) => state !== 'ok')).toEqual([]);
  const ledgers = await home.type('reprise ledger verify');
  expect(ledgers.exit, saidBy(ledgers)).toBe(0);
  const reconciled = await home.type('reprise reconcile shop --dry-run');
  expect([reconciled.exit, commandsOf(reconciled)], saidBy(reconciled)).toEqual([0, []]);
  expect(reconciled.out).toContain('shop: nothing_to_do');
  expect(await home.rows()).toEqual(intact.rows);
}
