// Whether simulated processes are there keeps the promises of every presence.

import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../generator/random.ts';
import { Scheduler } from '../../simulator/scheduler.ts';
import { SOUND_BEHAVIOUR } from '../../simulator/warehouse.ts';
import { World } from '../../simulator/world.ts';
import { describePresence, type HolderUnderTest } from '../contracts/presence.ts';

const worldOf = (isOneMachine: boolean): World =>
  new World({
    scheduler: new Scheduler(randomFrom('presence')),
    ...{ variant: 0, isOneMachine, behaviour: SOUND_BEHAVIOUR, onFault: () => {} },
  });

/** A process that ends in one way or the other. */
function begin(world: World, how: 'dies' | 'comes to its end'): HolderUnderTest {
  const { process } = world.begin('worker', []);
  return {
    name: process.name,
    end: async () => {
      if (how === 'dies') process.die();
      else process.hasEnded = true;
    },
  };
}

for (const how of ['dies', 'comes to its end'] as const) {
  describePresence(`simulated, one machine, a process that ${how}`, async () => {
    const world = worldOf(true);
    return {
      isDead: async (holder) => world.isDead(holder),
      begin: async () => begin(world, how),
      elsewhere: 'elsewhere/worker-1',
      close: async () => {},
    };
  });
}

describe('simulated presence on several machines', () => {
  it('knows nothing of processes that have ended', async () => {
    const world = worldOf(false);
    const holder = begin(world, 'dies');
    await holder.end();
    expect(world.isDead(holder.name)).toBe(false);
  });
});
