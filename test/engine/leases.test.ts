// Leases: who may publish where, under races, dead holders, clocks that jump and answers that are lost.

import { rmSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS, Leases } from '../../engine/ledger/leases.ts';
import { newFolder, STORES, unsure, World } from './control-world.ts';

const JUNE = { from: '2026-06-01', to: '2026-07-01' };
const MID_JUNE = { from: '2026-06-15', to: '2026-06-16' };
const JULY = { from: '2026-07-01', to: '2026-08-01' };
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(STORES))('leases over %s', (_, open) => {
  let world: World;
  beforeEach(() => {
    const folder = newFolder();
    folders.push(folder);
    world = new World(open(folder));
  });
  const leases = (name: string): Leases => new Leases(world.process(name), 'tiny');

  it('exclude each other where they overlap, and say who holds what until when', async () => {
    await leases('a').take('run-a', JUNE);
    await expect(leases('b').take('run-b', MID_JUNE)).rejects.toMatchObject({
      code: 'LeaseHeld',
      message: expect.stringMatching(/^run run-a of a@test holds \[2026-06-01, 2026-07-01\) until 2026-06-01T00:01:00/),
    });
    await leases('a').release('run-a', 1);
    expect((await leases('b').take('run-b', MID_JUNE)).lease.fence).toBe(2);
  });

  it('stand side by side where they do not overlap: the end is excluded', async () => {
    const [june, july] = await Promise.all([leases('a').take('run-a', JUNE), leases('b').take('run-b', JULY)]);
    expect(new Set([june.lease.fence, july.lease.fence])).toEqual(new Set([1, 2]));
    expect((await leases('c').all()).map(({ runId }) => runId).sort()).toEqual(['run-a', 'run-b']);
  });

  it('go to one of many that want the same dates', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, number) => leases(`p${number}`).take(`run-${number}`, JUNE)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await leases('reader').all()).toHaveLength(1);
  });

  it('last as long as they are renewed; afterwards another takes over, and the first is told', async () => {
    await leases('a').take('run-a', JUNE);
    for (let beat = 0; beat < 5; beat++) {
      world.clock.ms += LEASE_MS / 2;
      await leases('a').renew('run-a', 1);
    }
    await expect(leases('b').take('run-b', JUNE)).rejects.toMatchObject({ code: 'LeaseHeld' });
    world.clock.ms += LEASE_MS;
    expect(await leases('b').workerOf('run-a')).toBeUndefined();
    const taken = await leases('b').take('run-b', MID_JUNE);
    expect(taken).toMatchObject({ takenFrom: ['run-a'], lease: { fence: 2 } });
    await expect(leases('a').renew('run-a', 1)).rejects.toMatchObject({
      code: 'LeaseLost',
      message: expect.stringContaining('run-b took over'),
    });
    await leases('a').release('run-a', 1);
    expect(await leases('a').all()).toMatchObject([{ runId: 'run-b' }]);
  });

  it('are taken at once from a process that is known to be dead, not from one of which nothing is known', async () => {
    await leases('a').take('run-a', JUNE);
    expect(await leases('b').workerOf('run-a')).toMatchObject({ holder: 'a' });
    await expect(leases('b').take('run-a', JUNE)).rejects.toMatchObject({ code: 'LeaseHeld' });
    world.dead.add('a');
    expect(await leases('b').workerOf('run-a')).toBeUndefined();
    expect((await leases('b').take('run-b', JUNE)).takenFrom).toEqual(['run-a']);
  });

  it('go from an attempt to the next of the same process', async () => {
    await leases('a').take('run-a', JUNE);
    expect((await leases('a').take('run-a', JUNE)).lease.fence).toBe(2);
    await expect(leases('a').renew('run-a', 1)).rejects.toMatchObject({ code: 'LeaseLost' });
    expect(await leases('a').all()).toHaveLength(1);
  });

  it('give fences that only grow, whatever the clock does', async () => {
    const fences: number[] = [];
    for (const jumpMs of [0, LEASE_MS + 1, -10 * LEASE_MS, 365 * 86_400_000, -400 * 86_400_000, 1]) {
      world.clock.ms += jumpMs;
      const name = `p${fences.length}`;
      const { lease } = await leases(name).take(`run-${name}`, JUNE);
      fences.push(lease.fence);
      await leases(name).release(`run-${name}`, lease.fence);
    }
    expect(fences).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('a clock that jumps back only makes others wait longer; one that jumps on makes none lose what is fenced', async () => {
    await leases('a').take('run-a', JUNE);
    world.clock.ms -= 10 * LEASE_MS;
    await expect(leases('b').take('run-b', JUNE)).rejects.toMatchObject({ code: 'LeaseHeld' });
    world.clock.ms += 11 * LEASE_MS;
    const { lease } = await leases('b').take('run-b', JUNE);
    await expect(leases('a').renew('run-a', 1)).rejects.toMatchObject({ code: 'LeaseLost' });
    await leases('b').renew('run-b', lease.fence);
  });

  it.each(['before', 'after'] as const)('are taken once when the answer is lost %s the effect', async (when) => {
    const control = unsure(world.control, (write) => (write === 1 ? when : undefined));
    const first = new Leases(world.process('a', control), 'tiny');
    const { lease } = await first.take('run-a', JUNE);
    expect(lease.fence).toBe(1);
    expect(await leases('b').all()).toMatchObject([{ runId: 'run-a', fence: 1 }]);
    await first.renew('run-a', 1);
    await first.release('run-a', 1);
    expect(await leases('b').all()).toEqual([]);
  });

  it('give up on a store that never answers', async () => {
    const silent = new Leases(
      world.process(
        'a',
        unsure(world.control, () => 'before'),
      ),
      'tiny',
    );
    await expect(silent.take('run-a', JUNE)).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect(await leases('b').all()).toEqual([]);
  });
});
