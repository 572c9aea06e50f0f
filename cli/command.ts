// What a command is: a declaration (name, options, examples) and one function. main.ts turns it into a command line.

import type { Options, PositionalOptions } from 'yargs';
import type { Terminal } from './render/terminal.ts';

export interface GlobalArguments {
  readonly home: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly pipelines: string | undefined;
  readonly wait: number;
}

export type Arguments = GlobalArguments & Readonly<Record<string, unknown>>;

export interface Command {
  /** As typed: `plan <pipeline>`. */
  readonly usage: string;
  readonly summary: string;
  /** Other names of the command. */
  readonly aliases?: readonly string[];
  readonly positionals?: Readonly<Record<string, PositionalOptions>>;
  readonly options?: Readonly<Record<string, Options>>;
  /** At least one; shown by --help. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Gives the process's exit code. */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

export const textArgument = (args: Arguments, name: string): string => String(args[name] ?? '');
export const optionalText = (args: Arguments, name: string): string | undefined =>
  args[name] === undefined ? undefined : String(args[name]);
export const listArgument = (args: Arguments, name: string): string[] =>
  ((args[name] as unknown[] | undefined) ?? []).map(String);
