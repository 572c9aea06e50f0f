// One kind of damage: how it is done, which command finds it and names what, and what mends it. A kind is tried on a copy
// of the intact home, which is afterwards as if nothing had happened.

import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import { printedCommands } from '../cli/printed.ts';
import type { DoctorDocument, Ended } from '../cli/reprise.ts';
import type { Home, IntactHome } from './home.ts';

export interface Damage {
  readonly kind: string;
  readonly done: (home: Home, intact: IntactHome) => unknown;
  /** The command that finds it, how it exits, and what it says. */
  readonly found: { readonly by: string; readonly exit: number; readonly names: readonly (string | RegExp)[] };
  /** What a person does before typing anything, because the command says so. */
  readonly byHand?: { readonly advice: string | RegExp; readonly does: (home: Home, intact: IntactHome) => unknown };
  /** Every command that it prints, in order: they are typed. */
  readonly prints: readonly string[];
  /** Of these, the ones that are typed, where they are a choice. */
  readonly types?: readonly string[];
  /** What the same command prints when these are done, and is typed too. */
  readonly then?: readonly string[];
}

/** How the kind was found and mended, for a table. */
export interface Mended {
  readonly kind: string;
  readonly foundBy: string;
  readonly mendedBy: string;
}

export async function tried(intact: IntactHome, damage: Damage): Promise<Mended> {
  const { kind, done, found, byHand, prints, types = prints, then = [] } = damage;
  const home = intact.copy();
  await done(home, intact);

  const first = await home.type(found.by);
  expect(first.exit, saidBy(first)).toBe(found.exit);
  for (const name of found.names) expect(saidBy(first)).toMatch(name);
  expect(commandsOf(first), saidBy(first)).toEqual(prints);

  if (byHand !== undefined) {
    expect(saidBy(first)).toMatch(byHand.advice);
    await byHand.does(home, intact);
  }
  await typeAll(home, types);
  if (then.length > 0) {
    expect(commandsOf(await home.type(found.by))).toEqual(then);
    await typeAll(home, then);
  }
  await expectWell(home, intact);
  rmSync(home.path, { recursive: true });
  const mended = [...(byHand === undefined ? [] : [`by hand: ${says(byHand.advice)}`]), ...types, ...then];
  return { kind, foundBy: found.by, mendedBy: mended.join('; ') };
}

const saidBy = ({ out, err }: Ended): string => `${out}\n${err}`;
const says = (advice: string | RegExp): string => (typeof advice === 'string' ? advice : advice.source);

/** The commands that are printed, each once. A reason that is to be given is given. */
const commandsOf = (ended: Ended): string[] => [
  ...new Set(printedCommands(saidBy(ended)).map((words) => `reprise ${words.join(' ')}`)),
];

async function typeAll(home: Home, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const ended = await home.type(command.replace('--reason …', '--reason damaged').replace('<pipeline>', 'shop'));
    expect(ended.exit, `${command}\n${saidBy(ended)}`).toBe(0);
  }
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
