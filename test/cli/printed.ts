// The commands that commands print (`next:`, what to do about an error, in tables and documents), read back and held
// against the parser, so that no command advises what would be refused.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../cli/commands/all.ts';
import { planRequest, runOptions } from '../../cli/commands/run-options.ts';
import { parse } from '../../cli/main.ts';
import { copyHome } from '../copy-home.ts';

/** First words of commands and of their other names. */
const NAMES = new Set(
  COMMANDS.flatMap(({ usage, aliases = [] }) => [usage, ...aliases].map((name) => name.split(' ')[0])),
);
/** Commands that need no argument. */
const STANDS_ALONE = new Set(COMMANDS.map(({ usage }) => usage).filter((usage) => !usage.includes('<')));
/** Where a command in a sentence ends: at punctuation that no argument begins or ends with. */
const AFTER = /`|\s{2,}|;|,?\s(?:then|or|and|to|for|and then)\s|,\s|\)(?=[\s.,;:]|$)|\s\(|:(?=\s|$)|\.(?=\s|$)/;

/** Every command line in a text, each as its words after `reprise`. */
export function printedCommands(text: string): string[][] {
  const found: string[][] = [];
  for (const line of textsOf(text).flatMap((one) => one.split('\n'))) {
    for (const match of line.matchAll(/(?<![\w./-])reprise (?=[a-z])/g)) {
      const isNext = line.slice(0, match.index).endsWith('next: ');
      // How an error begins: who says it.
      if (match.index === 0 && /^reprise [a-z -]+: /.test(line)) continue;
      const words = wordsOf(line.slice(match.index + match[0].length));
      // In a sentence `reprise` may also be the program, and one word after it the name of a command.
      const isCommand = NAMES.has(words[0] ?? '') && (words.length > 1 || STANDS_ALONE.has(words[0] ?? ''));
      if (isNext || isCommand) found.push(words);
    }
  }
  return found;
}

/** The texts of a JSON document that say what to type, or the text itself. */
function textsOf(text: string): string[] {
  if (!text.startsWith('{') && !text.startsWith('[')) return [text];
  const found: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value === 'string' && ['next', 'command', 'fix'].includes(name)) found.push(value);
      return value;
    });
    return found;
  } catch {
    return [text];
  }
}

/** The words of a command up to where it ends in its sentence; what is quoted is one word. */
function wordsOf(rest: string): string[] {
  const words: string[] = [];
  for (let left = rest; left !== ''; ) {
    const quoted = /^\s?(?:'((?:[^']|'\\'')*)'|"([^"]*)")/.exec(left);
    if (quoted !== null) {
      words.push((quoted[1] ?? quoted[2] ?? '').replaceAll("'\\''", "'"));
      left = left.slice(quoted[0].length);
      continue;
    }
    const end = AFTER.exec(left);
    const word = /^\s?[^\s]+/.exec(left)?.[0] ?? '';
    if (word === '' || (end !== null && end.index === 0)) break;
    const isLast = end !== null && end.index < word.length;
    words.push(word.slice(0, isLast ? end.index : word.length).trim());
    if (isLast) break;
    left = left.slice(word.length);
  }
  return words.filter((word) => word !== '');
}

/** A placeholder that a person fills in. */
const isOpen = (word: string): boolean => /[<>…]|^[A-Z]{3,}/.test(word);

/** What the program would refuse of the command before it looks at a home; undefined when nothing. */
export async function faultOf(words: readonly string[]): Promise<string | undefined> {
  let fault: string | undefined;
  // `reprise plan x …`: and more; `--reason …`: some text.
  const typed = words.filter((word, place) => word !== '…' || words[place - 1]?.startsWith('--') === true);
  const refused = await parse(typed, {}, async (command, args) => {
    if (words.some(isOpen)) return;
    try {
      const names = Object.keys(command.options ?? {});
      if (names.includes('slice-size')) planRequest(args);
      if (names.includes('max-active') && names.includes('yes')) runOptions(args);
    } catch (error) {
      fault = error instanceof Error ? error.message : 'is refused';
    }
  }).catch((error: unknown) => String(error));
  return refused ?? fault;
}

/** Lines that are a command, or end in one; not sentences that mention some. */
const commandLines = (text: string): string =>
  textsOf(text)
    .flatMap((one) => one.split('\n'))
    .filter((line) => /(?:^|\s)next: reprise |^\s*reprise (?![a-z -]+: )/.test(line))
    .join('\n');

/** Throws for a printed command that would be refused. */
export async function checkPrinted(...texts: readonly string[]): Promise<void> {
  for (const words of texts.map(commandLines).flatMap(printedCommands)) {
    const fault = await faultOf(words);
    if (fault !== undefined) throw new Error(`printed a command that is refused: reprise ${words.join(' ')}: ${fault}`);
  }
}

/** Runs a printed command on a copy of the home, by `run`; undefined when it is to be filled in first. */
export async function runPrinted<T>(
  home: string,
  words: readonly string[],
  run: (home: string, ...words: readonly string[]) => Promise<T>,
): Promise<T | undefined> {
  if (words.some(isOpen) || !existsSync(home)) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'reprise-printed-'));
  try {
    copyHome(home, join(folder, 'home'));
    const ended = await run(join(folder, 'home'), ...words);
    return ended;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
