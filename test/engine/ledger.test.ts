// The ledger under races, lost responses and tampering, over memory and over real files.

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { anchorOf, type LedgerEntry, type LedgerEvent } from '../../engine/ledger/entry.ts';
import { inspectLedger } from '../../engine/ledger/inspect.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { newFolder, STORES, unsure, World } from './control-world.ts';

const WRITERS = 8;
const EACH = 6;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const event = (reason: string): LedgerEvent => ({ kind: 'plan_made', planId: 'p', reason });
const keyOf = (sequence: number): string => `ledger/tiny/${String(sequence).padStart(8, '0')}.json`;

describe.each(Object.entries(STORES))('a ledger over %s', (_, open) => {
  const newWorld = (): World => {
    const folder = newFolder();
    folders.push(folder);
    return new World(open(folder));
  };

  async function written(count: number): Promise<World> {
    const world = newWorld();
    const ledger = new Ledger(world.process('one'), 'tiny');
    for (let number = 0; number < count; number++) await ledger.append(event(String(number)));
    return world;
  }

  const faultsOf = async (world: World) => (await new Ledger(world.process('reader'), 'tiny').inspect()).faults;

  it('neither loses nor doubles an entry when many append at once', async () => {
    const world = newWorld();
    const writers = Array.from({ length: WRITERS }, (_, writer) => new Ledger(world.process(`w${writer}`), 'tiny'));
    await Promise.all(
      writers.map(async (ledger, writer) => {
        for (let number = 0; number < EACH; number++) await ledger.append(event(`${writer}/${number}`));
      }),
    );
    const entries = await new Ledger(world.process('reader'), 'tiny').entries();
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, place) => place + 1));
    const reasons = entries.map((entry) => ('reason' in entry ? entry.reason : ''));
    expect([reasons.length, new Set(reasons).size]).toEqual([WRITERS * EACH, WRITERS * EACH]);
    // Each writer's own stand in the order in which it wrote them.
    const own = entries.filter(({ by }) => by === 'w3@test').map((entry) => ('reason' in entry ? entry.reason : ''));
    expect(own).toEqual(Array.from({ length: EACH }, (_, number) => `3/${number}`));
  });

  it.each(['before', 'after'] as const)('appends once when the answer is lost %s the effect', async (when) => {
    const world = newWorld();
    const bad = Array.from({ length: 3 }, (_, writer) =>
      unsure(world.control, (write) => ((write + writer) % 3 === 0 ? when : undefined)),
    );
    await Promise.all(
      bad.map(async (control, writer) => {
        const ledger = new Ledger(world.process(`w${writer}`, control), 'tiny');
        for (let number = 0; number < EACH; number++) await ledger.append(event(`${writer}/${number}`));
      }),
    );
    const { entries, faults } = await new Ledger(world.process('reader'), 'tiny').inspect();
    expect(faults).toEqual([]);
    const reasons = entries.map((entry) => ('reason' in entry ? entry.reason : ''));
    expect([reasons.length, new Set(reasons).size]).toEqual([3 * EACH, 3 * EACH]);
  });

  it('gives each activation an epoch of its own, and the same digest the same one', async () => {
    const world = newWorld();
    const digests = ['a', 'b', 'c', 'd', 'e'];
    const epochs = await Promise.all(
      digests.map((digest) => new Ledger(world.process(digest), 'tiny').activate(digest.repeat(64))),
    );
    expect([...epochs].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    const last = digests[epochs.indexOf(5)] as string;
    expect(await new Ledger(world.process('again'), 'tiny').activate(last.repeat(64))).toBe(5);
    const same = await Promise.all(
      ['x', 'y', 'z'].map((name) => new Ledger(world.process(name), 'tiny').activate('f'.repeat(64))),
    );
    expect(same).toEqual([6, 6, 6]);
    expect(await faultsOf(world)).toEqual([]);
  });

  it.each([
    ['first', 1, 2],
    ['middle', 3, 4],
    ['last', 5, 5],
  ])('finds that the %s entry was changed', async (_name, sequence, named) => {
    const world = await written(5);
    const text = Buffer.from((await world.control.read(keyOf(sequence))) ?? []).toString('utf8');
    expect(text).toContain(`"reason":"${sequence - 1}"`);
    const changed = text.replace(`"reason":"${sequence - 1}"`, '"reason":"another"');
    await world.control.write(keyOf(sequence), Buffer.from(changed), { if: 'always' });
    expect(await faultsOf(world)).toMatchObject([{ sequence: named, fault: 'changed' }]);
    await expect(new Ledger(world.process('reader'), 'tiny').entries()).rejects.toMatchObject({ code: 'LedgerBroken' });
  });

  it.each([
    ['first', 1],
    ['middle', 3],
    ['last', 5],
  ])('finds that the %s entry was removed', async (_name, sequence) => {
    const world = await written(5);
    await world.control.remove(keyOf(sequence));
    expect(await faultsOf(world)).toMatchObject([{ sequence, fault: 'missing' }]);
  });

  it('finds two entries that were swapped, and one that is no entry', async () => {
    const world = await written(5);
    const [second, fourth] = await Promise.all([world.control.read(keyOf(2)), world.control.read(keyOf(4))]);
    await world.control.write(keyOf(2), fourth as Uint8Array, { if: 'always' });
    await world.control.write(keyOf(4), second as Uint8Array, { if: 'always' });
    const faults = await faultsOf(world);
    expect(faults.filter(({ fault }) => fault === 'misplaced').map(({ sequence }) => sequence)).toEqual([2, 4]);
    await world.control.write(keyOf(3), Buffer.from('nothing'), { if: 'always' });
    expect(await faultsOf(world)).toContainEqual(expect.objectContaining({ sequence: 3, fault: 'not_readable' }));
  });

  it('finds that its end was cut off, by what names its entries elsewhere, until that is accepted', async () => {
    const world = await written(5);
    const all = await new Ledger(world.process('reader'), 'tiny').entries();
    const anchors = [3, 5].map((sequence) => ({
      ...anchorOf(all[sequence - 1] as LedgerEntry),
      heldBy: 'the warehouse',
    }));
    const inspected = async () => (await inspectLedger(world.control, 'tiny', anchors)).faults;
    expect(await inspected()).toEqual([]);
    for (const sequence of [4, 5]) await world.control.remove(keyOf(sequence));
    const third = anchors[0] as (typeof anchors)[number];
    const head = { sequence: third.sequence, hash: third.hash };
    await world.control.write('ledger-heads/tiny.json', Buffer.from(JSON.stringify(head)), { if: 'always' });
    expect(await faultsOf(world)).toEqual([]);
    const cut = {
      sequence: 4,
      fault: 'missing',
      detail: expect.stringContaining('the warehouse says that there was an'),
    };
    expect(await inspected()).toMatchObject([cut]);
    // Others that are written in their place do not hide it.
    await new Ledger(world.process('two'), 'tiny').append(event('another'));
    await new Ledger(world.process('two'), 'tiny').append(event('yet another'));
    expect(await inspected()).toMatchObject([{ sequence: 5, fault: 'changed' }]);
    const accepted = {
      kind: 'ledger_accepted',
      reason: 'a test',
      faults: [],
      records: {},
      epoch: 7,
      fence: 9,
    } as const;
    await new Ledger(world.process('two'), 'tiny').accept({ ...accepted, anchors });
    expect(await inspected()).toEqual([]);
    // Epochs that the warehouse knows are not given again.
    expect(await new Ledger(world.process('two'), 'tiny').activate('a'.repeat(64))).toBe(8);
  });

  it('goes on after faults that were accepted, and finds others', async () => {
    const world = await written(5);
    await world.control.remove(keyOf(2));
    const faults = await faultsOf(world);
    expect(faults).toMatchObject([{ sequence: 2, fault: 'missing' }]);
    const accepted = {
      kind: 'ledger_accepted',
      reason: 'a test',
      anchors: [],
      records: {},
      epoch: 0,
      fence: 0,
    } as const;
    await new Ledger(world.process('two'), 'tiny').accept({ ...accepted, faults });
    expect(await faultsOf(world)).toEqual([]);
    await world.control.remove(keyOf(3));
    expect(await faultsOf(world)).toMatchObject([{ sequence: 3, fault: 'missing' }]);
  });

  it('goes on where a writer died, or got no answer, between the entry and the head', async () => {
    const world = await written(2);
    const silent = unsure(world.control, (write) => (write === 2 ? 'before' : undefined));
    await new Ledger(world.process('silent', silent), 'tiny').append(event('third'));
    const head = Buffer.from((await world.control.read('ledger-heads/tiny.json')) ?? []).toString('utf8');
    expect(JSON.parse(head)).toMatchObject({ sequence: 2 });
    await new Ledger(world.process('next'), 'tiny').append(event('fourth'));
    const entries = await new Ledger(world.process('reader'), 'tiny').entries();
    expect(entries.map((entry) => ('reason' in entry ? entry.reason : ''))).toEqual(['0', '1', 'third', 'fourth']);
  });
});
