// The lateness report, held against every event that stands, one by one.

import { expect, it } from 'vitest';
import { createDuckLatenessReader } from '../../adapters/duckdb-warehouse/lateness.ts';
import { type Lateness, latenessReport } from '../../engine/reconcile/lateness.ts';
import { samples } from '../../pipelines/promptflow/samples.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { backfill, inHome, land } from './reconcile-home.ts';
import { reprise } from './reprise.ts';

const NAME = 'promptflow';
const EXACTNESS = 2 ** (1 / 16);

interface Late {
  readonly source: string;
  readonly seconds: number;
  readonly days: number;
}

async function events(engine: Engine): Promise<Late[]> {
  const rows = await engine.withWarehouse(({ duck }) =>
    duck.rows(
      `SELECT source, epoch_us(received_at) AS received, epoch_us(occurred_at) AS occurred FROM ${NAME}.events`,
    ),
  );
  const dayOf = (micros: number): number => Math.floor(micros / 86_400e6);
  return rows.map((row) => {
    const [received, occurred] = [Number(row.received), Number(row.occurred)];
    return {
      source: String(row.source),
      seconds: Math.max(received - occurred, 0) / 1e6,
      days: Math.max(dayOf(received) - dayOf(occurred), 0),
    };
  });
}

function expectLateness(found: Lateness | undefined, all: readonly Late[]): void {
  const at = (share: number, values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number;
  const seconds = all.map((one) => one.seconds);
  const days = all.map((one) => one.days);
  const later = (than: number): number => seconds.filter((one) => one > than).length / all.length;
  expect(found).toMatchObject({
    events: all.length,
    latestSeconds: Math.max(...seconds),
    laterThan1Hour: later(3600),
    laterThan24Hours: later(86_400),
    laterThan7Days: later(604_800),
    lookbackDays99: at(0.99, days),
    lookbackDays999: at(0.999, days),
    lookbackDaysAll: Math.max(...days),
  });
  for (const [quantile, share] of [
    [found?.p50Seconds, 0.5],
    [found?.p90Seconds, 0.9],
    [found?.p99Seconds, 0.99],
  ] as const) {
    expect(quantile).toBeGreaterThanOrEqual(at(share, seconds));
    expect(quantile).toBeLessThanOrEqual(at(share, seconds) * EXACTNESS);
  }
}

it('says for each source how late its events came', () =>
  inHome(async (engine) => {
    expect((await reprise(engine.home.path, 'lateness', NAME)).out).toContain('no events stand there');
    await land(engine, NAME, samples.generate({ seed: 3, events: 800, from: '2026-06-01', days: 3 }));
    await backfill(engine, NAME);
    const pipeline = await engine.pipelines.compiled(NAME);
    const read = (from: string | undefined, to: string | undefined) =>
      engine.withWarehouse(({ duck }) => createDuckLatenessReader(duck).lateness(pipeline, { from, to }));
    const all = await events(engine);
    const report = latenessReport(await read(undefined, undefined));
    expectLateness(report.all, all);
    expect(report.all?.laterThan24Hours).toBeGreaterThan(0);
    const sources = [...new Set(all.map(({ source }) => source))].sort();
    expect(Object.keys(report.sources)).toEqual(sources);
    for (const source of sources)
      expectLateness(
        report.sources[source],
        all.filter((one) => one.source === source),
      );
    const some = latenessReport(await read('2026-06-02', '2026-06-03')).all?.events ?? 0;
    expect([some > 0, some < all.length]).toEqual([true, true]);
    expect((await reprise(engine.home.path, 'lateness', NAME)).out).toContain('needs no lookback');
  }));
