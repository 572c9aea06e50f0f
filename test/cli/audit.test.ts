// Old runs can be audited: what became of their rows, after transforms changed, in a copy of the home, after an undo, and when
// somebody edited a row.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { type RunDocument, reprise, repriseJson } from './reprise.ts';
import { inHome, undo, YESTERDAY } from './undo-homes.ts';

interface AuditDocument {
  readonly ok: boolean;
  readonly derived?: boolean;
  readonly differences: readonly { readonly what?: string; readonly table: string; readonly rows: number }[];
  readonly run: {
    readonly undoneBy?: string;
    readonly code: string;
    readonly declaration: string;
    readonly notDerivable?: { readonly because: string; readonly next?: string };
    readonly tables: readonly {
      readonly table: string;
      readonly wrote: number;
      readonly standing: number;
      readonly changed: number;
      readonly replaced: readonly { readonly runId: string; readonly rows: number }[];
      readonly gone: number;
    }[];
  };
}

const folder = mkdtempSync(join(tmpdir(), 'reprise-audit-'));
const home = join(folder, 'home');
let first: RunDocument;
let second: RunDocument;

beforeAll(async () => {
  const file = join(folder, 'orders.ndjson');
  writeFileSync(file, toNdjson(samples.generate({ seed: 3, events: 120, from: '2026-06-01', days: 2 })));
  expect((await reprise(home, 'land', 'pulsecart', file)).exit).toBe(0);
  const backfill = (...more: string[]): Promise<RunDocument> =>
    repriseJson(home, 'backfill', 'pulsecart', '--all', '--no-verify', '--yes', ...more);
  first = await backfill();
  second = await backfill(...YESTERDAY);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const audit = (of: string, run: string, ...more: string[]): Promise<AuditDocument> =>
  repriseJson(of, 'verify', run, ...more);
const tableOf = (document: AuditDocument, name: string) => document.run.tables.find(({ table }) => table === name);

describe('an old run', () => {
  it('is distinguished from the runs that replaced its rows', async () => {
    const found = await audit(home, first.runId);
    expect([found.ok, found.derived]).toEqual([true, false]);
    const events = tableOf(found, 'events');
    const replaced = events?.replaced.find(({ runId }) => runId === second.runId)?.rows ?? 0;
    expect(replaced).toBe(second.tables['pulsecart.events']?.updated);
    expect(events?.wrote).toBe((events?.standing ?? 0) + replaced + (events?.gone ?? 0));
    expect(found.run.code).toMatch(/^reprise \S+ .*files [0-9a-f]{16}$/);
  });

  it('is derived again with the pipelines that it ran with, also in a copy of the home', async () => {
    const today = await audit(home, second.runId);
    expect([today.ok, today.derived]).toEqual([true, false]);
    expect(today.run.notDerivable?.next).toContain(`reprise verify ${second.runId} --pipelines FOLDER`);
    const copy = join(folder, 'copy');
    cpSync(home, copy, { recursive: true });
    const again = await audit(copy, second.runId, ...YESTERDAY);
    expect([again.ok, again.derived, again.run.notDerivable]).toEqual([true, undefined, undefined]);
  });

  it('has a difference when somebody edited one of its rows, and none after it was undone', async () => {
    const copy = join(folder, 'edited');
    cpSync(home, copy, { recursive: true });
    await inHome(copy, async (engine) => {
      const { duck } = await engine.warehouse();
      await duck.run(`UPDATE pulsecart.product_views SET source = 'somebody' WHERE event_id =
        (SELECT min(event_id) FROM pulsecart.product_views WHERE _run_id = '${first.runId}')`);
    });
    const edited = await reprise(copy, 'verify', first.runId, '--json');
    expect(edited.exit).toBe(4);
    const { differences } = JSON.parse(edited.out) as AuditDocument;
    expect(differences).toEqual([{ table: 'product_views', rows: 1, what: 'changed' }]);
    await undo(copy, second.runId);
    const undone = await audit(copy, second.runId);
    expect([undone.ok, undone.run.undoneBy]).toEqual([true, `${second.runId.slice(0, -1)}2`]);
    expect(tableOf(undone, 'events')?.standing).toBe(0);
  });
});
