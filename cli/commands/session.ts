// Opens the engine for a command and closes it again, whatever happens.

import { Engine, type EngineOptions } from '../../profiles/embedded/engine.ts';
import type { Arguments } from '../command.ts';
import type { Terminal } from '../render/terminal.ts';

export async function withEngine<T>(
  args: Arguments,
  terminal: Terminal,
  command: string,
  create: boolean,
  work: (engine: Engine) => Promise<T>,
  more: Pick<EngineOptions, 'newDeliveryKey' | 'onlyReads' | 'upgrades'> = {},
): Promise<T> {
  const engine = await Engine.open({
    ...more,
    home: args.home,
    create,
    pipelinesFolder: args.pipelines,
    command,
    waitMs: args.wait * 1000,
    say: (line) => terminal.say(line),
  });
  let result: T;
  try {
    result = await work(engine);
  } catch (error) {
    // What failed says more than what cannot be closed because of it.
    await engine.close().catch(() => {});
    throw error;
  }
  await engine.close();
  return result;
}

/** For a command that changes nothing that lasts, and so works on a home that cannot be written. */
export const withReader = <T>(
  args: Arguments,
  terminal: Terminal,
  command: string,
  work: (engine: Engine) => Promise<T>,
): Promise<T> => withEngine(args, terminal, command, false, work, { onlyReads: true });
