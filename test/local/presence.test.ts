// Whether processes of this machine are there keeps the promises of every presence. Other machines and boots are tested in
// two-hosts.test.ts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isHolderDead } from '../../adapters/system/presence.ts';
import { identityName, ownIdentity } from '../../adapters/system/process-identity.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { describePresence, type HolderUnderTest } from '../contracts/presence.ts';

const PRESENCE = pathToFileURL(join(packageRoot(), 'dist', 'adapters', 'system', 'presence.js')).href;
/** Says its name, and stays until it is ended. */
const PROGRAM = `const { holderName } = await import(${JSON.stringify(PRESENCE)});
process.stdout.write(holderName());
setInterval(() => {}, 1000);`;

describePresence('this machine', async () => {
  const running = new Set<HolderUnderTest>();
  return {
    isDead: isHolderDead,
    begin: async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [name] = (await once(child.stdout, 'data')) as [Buffer];
      const holder = {
        name: name.toString(),
        end: async () => {
          running.delete(holder);
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        },
      };
      running.add(holder);
      return holder;
    },
    elsewhere: `elsewhere/${identityName({ ...ownIdentity(), place: '0123456789ab' })}`,
    close: async () => {
      for (const holder of running) await holder.end();
    },
  };
});
