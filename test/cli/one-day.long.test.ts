// A plan of one date over objects that hold many: only what counts for the date is staged, and the date ends as a plan over
// everything leaves it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { samples as pulsecart } from '../../pipelines/pulsecart/samples.ts';
import { Engine } from '../../profiles/embedded/engine.ts';
import { reprise, repriseJson } from './reprise.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-one-day-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const DAYS = 30;
const WINDOW = { from: '2026-06-11', to: '2026-06-12' };

interface Ran {
  readonly state: string;
  readonly deliveries: { readonly read: number; readonly dropped: number };
}

async function digestsOf(home: string, name: string): Promise<unknown> {
  const engine = await Engine.open({
    ...{ home, create: false, pipelinesFolder: undefined, command: 'test', waitMs: 0 },
    say: () => {},
  });
  try {
    const pipeline = await engine.pipelines.compiled(name);
    const warehouse = await engine.warehouse();
    return await warehouse.digests(pipeline, WINDOW);
  } finally {
    await engine.close();
  }
}

describe.each([
  ['pulsecart', pulsecart],
  ['codewave', codewave],
] as const)('%s: a day of thirty in one object', (name, samples) => {
  const [all, day] = ['all', 'day'].map((home) => join(folder, `${name}-${home}`)) as [string, string];
  let events: number;
  beforeAll(async () => {
    const file = join(folder, `${name}.ndjson`);
    const deliveries = samples.generate({ seed: 5, events: 900, from: '2026-06-01', days: DAYS });
    // Everything arrives in one hour, as after an outage of the collector.
    const late = deliveries.map((one) => ({ ...one, received_at: '2026-07-01T10:00:00.000Z' }));
    events = late.length;
    writeFileSync(file, toNdjson(late));
    for (const home of [all, day]) expect((await reprise(home, 'land', name, file)).exit).toBe(0);
  });

  it('stages what counts for the day, and leaves it as a plan over everything does', async () => {
    const whole = await repriseJson<Ran>(all, 'backfill', name, '--all');
    expect(whole).toMatchObject({ state: 'succeeded', deliveries: { read: events, dropped: 0 } });
    const ran = await repriseJson<Ran>(day, 'backfill', name, '--from', WINDOW.from, '--to', WINDOW.to);
    expect(ran.state).toBe('succeeded');
    expect(ran.deliveries.read).toBe(events);
    expect(ran.deliveries.dropped).toBeGreaterThan(events * 0.8);
    expect(ran.deliveries.dropped).toBeLessThan(events);
    expect(await digestsOf(day, name)).toEqual(await digestsOf(all, name));
    const { out } = await reprise(day, 'backfill', name, '--from', WINDOW.from, '--to', WINDOW.to);
    expect(out).toMatch(/read: [\d,]+ deliveries, [\d,]+ of them dropped because they belong to other dates/);
    expect(out).toContain('nothing_to_do');
    expect((await reprise(day, 'verify', name)).exit).toBe(4);
    expect((await repriseJson<Ran>(day, 'backfill', name, '--all')).state).toBe('succeeded');
    expect((await reprise(day, 'verify', name)).exit).toBe(0);
  });
});
