// Opens the engine for a command and closes it again, whatever happens.

import type { Arguments } from '../command.ts';
import type { Terminal } from '../render/terminal.ts';
import { Engine } from '../wire/engine.ts';

export async function withEngine<T>(
  args: Arguments,
  terminal: Terminal,
  command: string,
  create: boolean,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await Engine.open({
    home: args.home,
    create,
    pipelinesFolder: args.pipelines,
    command,
    waitMs: args.wait * 1000,
    say: (line) => terminal.say(line),
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
