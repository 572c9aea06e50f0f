// Commands that run in the process of the test: one of its own would know the transforms by another digest than the tests.

import { systemClock } from '../../adapters/system/clock.ts';
import type { Command } from '../../cli/command.ts';
import { Terminal } from '../../cli/render/terminal.ts';

/** A terminal that shows no progress. */
export function quiet(): Terminal {
  const terminal = new Terminal({ json: true, verbose: false, clock: systemClock });
  terminal.progress = () => {};
  return terminal;
}

/** What a command says, as a document and as text. */
export async function saidBy(
  home: string,
  command: Command,
  args: Readonly<Record<string, unknown>>,
): Promise<{ document: unknown; text: string }> {
  const terminal = quiet();
  let said = { document: undefined as unknown, text: '' };
  terminal.result = (document, text) => {
    said = { document, text };
  };
  await command.run({ home, json: true, verbose: false, pipelines: undefined, wait: 0, ...args }, terminal);
  return said;
}
