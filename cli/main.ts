// The command line: every command with its options and examples, one place for errors and exit codes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import yargs from 'yargs';
import { packageRoot } from '../lib/package-root.ts';
import { isRepriseError } from '../model/errors.ts';
import { asFileError, createPrivately, systemClock } from '../profiles/embedded/process.ts';
import type { Arguments, Command } from './command.ts';
import { COMMANDS } from './commands/all.ts';
import { complain, Terminal } from './render/terminal.ts';
import { visible, visibleLine } from './render/visible.ts';

const USAGE = 2;

/** Runs one command line and gives the exit code. Environment: REPRISE_HOME, the home when --home is not given. */
export async function main(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  createPrivately();
  let exit = 0;
  const fault = await parse(argv, environment, async (command, args) => {
    exit = await guarded(command, args);
  });
  if (fault === undefined) return exit;
  complain(`reprise: ${fault}`);
  return USAGE;
}

/** Reads one command line and hands over what it asks for. Gives what is wrong with it, when something is. */
export async function parse(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  handle: (command: Command, args: Arguments) => Promise<void>,
): Promise<string | undefined> {
  const root = yargs(argv.map((word) => (word === '-' ? LONE_DASH : word)))
    .scriptName('reprise')
    .usage('$0 <command>\n\nReplays raw event history into the warehouse: planned, idempotent, proved.')
    .option('home', {
      type: 'string',
      default: environment.REPRISE_HOME ?? '.reprise',
      defaultDescription: visible(environment.REPRISE_HOME ?? '.reprise'),
      describe: 'the home folder (or REPRISE_HOME)',
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'one JSON document on stdout; progress goes to stderr',
    })
    .option('verbose', { type: 'boolean', default: false, describe: 'each step on stderr' })
    .option('pipelines', { type: 'string', describe: 'folder of built pipelines, instead of those that ship' })
    .option('wait', {
      type: 'number',
      default: 60,
      describe: 'seconds to wait for a warehouse that another reprise holds',
    })
    .version((JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version)
    .strict()
    .demandCommand(1, 'which command? `reprise --help` lists them')
    .recommendCommands()
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageFault(message);
    });
  for (const command of COMMANDS) {
    root.command({
      command: command.usage,
      aliases: command.aliases ?? [],
      describe: command.summary,
      builder: (one) => {
        for (const [name, option] of Object.entries(command.positionals ?? {})) one.positional(name, option);
        for (const [name, option] of Object.entries(command.options ?? {})) one.option(name, option);
        for (const [line, what] of command.examples) one.example(line, what);
        return one;
      },
      handler: (args) => handle(command, withDashes(args) as unknown as Arguments),
    });
  }
  try {
    await root.parseAsync();
  } catch (error) {
    if (!(error instanceof UsageFault) && !(error instanceof Error && error.name === 'YError')) throw error;
    return error.message;
  }
  return undefined;
}

class UsageFault extends Error {}

/** yargs drops a lone -, which means standard input: it passes as a word that nobody can type. */
const LONE_DASH = '\0';
const dashOf = (value: unknown): unknown => (value === LONE_DASH ? '-' : value);
const withDashes = (args: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, Array.isArray(value) ? value.map(dashOf) : dashOf(value)]),
  );

/** Errors become a message with what to do next; never a stack trace, never a driver's text. */
async function guarded(command: Command, args: Arguments): Promise<number> {
  const terminal = new Terminal({ json: args.json, verbose: args.verbose, clock: systemClock });
  try {
    return await command.run(args, terminal);
  } catch (fault) {
    const error = asFileError(fault);
    terminal.clear();
    if (isRepriseError(error)) {
      const { code, message, fix } = error;
      if (args.json) terminal.result({ error: { code, message, fix } }, '');
      complain(`reprise ${command.usage.split(' ')[0]}: ${visibleLine(message)}\n  → ${visibleLine(fix)}`);
      return error.exitCode;
    }
    const kind = error instanceof Error ? error.name : typeof error;
    const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
    complain(
      `reprise ${command.usage.split(' ')[0]}: internal error (${kind})\n  → report this${args.verbose ? `:\n${frames.join('\n')}` : ', with --verbose'}`,
    );
    return 1;
  }
}
