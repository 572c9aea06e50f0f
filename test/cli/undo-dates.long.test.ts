// An undo is about its dates: what it took back is not brought there again by accident, and nothing else is refused.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../cli/command.ts';
import { activateCommand } from '../../cli/commands/activate.ts';
import { undoCommand } from '../../cli/commands/undo.ts';
import { nextCommand, renderRun } from '../../cli/render/run.ts';
import type { RunRecord } from '../../engine/run/run-record.ts';
import type { Engine } from '../../profiles/embedded/engine.ts';
import { copyHome } from '../copy-home.ts';
import { backfill, land, newHome, onHome, reconcile } from './reconcile-home.ts';
import { saidBy } from './said.ts';
import { stock } from './stock-change.ts';
import type { UndoDocument } from './undo-homes.ts';

const NAME = 'pulsecart';
const UNDONE = { from: '2026-06-05', to: '2026-06-06' };
const BEFORE = { from: '2026-06-01', to: '2026-06-05' };
const AFTER = { from: '2026-06-06', to: '2026-06-09' };

let folder: string;
let home: string;
let undone: UndoDocument;
let run: RunRecord;
let homes = 0;
const on = <T>(work: (engine: Engine) => Promise<T>): Promise<T> => onHome(home, work);

/** What a command says. */
const typed = (command: Command, args: Readonly<Record<string, unknown>>) => saidBy(home, command, args);

describe('after the undo of one date', () => {
  let before: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reprise-undo-dates-'));
    home = await newHome();
    run = await on(async (engine) => {
      await land(engine, NAME, [stock('a', '2026-06-01'), stock('b', '2026-06-05'), stock('c', '2026-06-08')]);
      expect((await backfill(engine, NAME, BEFORE)).state).toBe('succeeded');
      return backfill(engine, NAME, UNDONE);
    });
    before = join(folder, 'before');
    copyHome(home, before);
    undone = (await typed(undoCommand, { run: run.runId, yes: true })).document as UndoDocument;
    expect([undone.state, undone.undo.transforms, undone.undo.windows]).toEqual(['succeeded', 'retired', [UNDONE]]);
    copyHome(home, join(folder, 'undone'));
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(async () => {
    home = join(folder, `home-${++homes}`);
    copyHome(join(folder, 'undone'), home);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('a dry run had said what would be refused', async () => {
    home = before;
    const { document, text } = await typed(undoCommand, { run: run.runId, 'dry-run': true });
    expect(document).toMatchObject({ transforms: { transforms: 'retired', windows: [UNDONE] } });
    expect(text).toMatch(/will be retired at \[2026-06-05, 2026-06-06\): plans that hold these dates are refused/);
  });

  it('other dates go on; all at once are refused, with the commands for the rest', () =>
    on(async (engine) => {
      expect((await backfill(engine, NAME, BEFORE)).state).toBe('nothing_to_do');
      const refused = await backfill(engine, NAME);
      expect([refused.state, refused.failure?.error]).toEqual(['refused', 'TransformsRetired']);
      expect(refused.summary?.retired).toEqual({ undos: [undone.runId], windows: [UNDONE], rest: [BEFORE, AFTER] });
      const text = renderRun(refused, undefined);
      expect(text).toContain(`reprise activate ${NAME} --from 2026-06-05 --to 2026-06-06 --reason`);
      expect(text).toContain(`reprise backfill ${NAME} --from 2026-06-06 --to 2026-06-09`);
      expect(nextCommand(refused)).toBe(`reprise backfill ${NAME} --from 2026-06-01 --to 2026-06-05`);
      const rest = await backfill(engine, NAME, AFTER);
      expect([rest.state, rest.failure]).toEqual(['succeeded', undefined]);
      const alone = await backfill(engine, NAME, UNDONE);
      expect([alone.failure?.error, nextCommand(alone)]).toEqual([
        'TransformsRetired',
        `reprise status ${undone.runId}`,
      ]);
    }));

  it('reconcile publishes to the other dates, and names the one that it leaves out', () =>
    on(async (engine) => {
      await land(engine, NAME, [stock('late', '2026-06-01', '2026-06-20T10:00:01.000Z')]);
      const { runs, retired, needsWhole } = await reconcile(engine, NAME);
      expect(runs.map(({ state, summary }) => [state, summary?.dates])).toEqual([['succeeded', ['2026-06-01']]]);
      expect(retired).toEqual([{ ...UNDONE, undo: undone.runId }]);
      expect(needsWhole.map(({ from, to }) => ({ from, to }))).toEqual([{ from: '2026-06-08', to: '2026-06-09' }]);
    }));

  it('activate lifts it for a window', async () => {
    const elsewhere = await typed(activateCommand, { pipeline: NAME, ...BEFORE, reason: 'x' });
    expect(elsewhere.text).not.toContain('had retired them');
    expect((await on((engine) => backfill(engine, NAME))).failure?.error).toBe('TransformsRetired');
    const allowed = await typed(activateCommand, { pipeline: NAME, ...UNDONE, reason: 'x' });
    expect(allowed.text).toContain(`${undone.runId} had retired them: [2026-06-05, 2026-06-06)`);
    expect(allowed.text).toMatch(/next: reprise backfill pulsecart --from 2026-06-05 --to 2026-06-06$/);
    expect((await on((engine) => backfill(engine, NAME))).state).toBe('succeeded');
  });

  it('the undo of the undo lifts it', async () => {
    const { document } = await typed(undoCommand, { run: undone.runId, yes: true });
    expect((document as UndoDocument).undo).toMatchObject({ transforms: 'activated', windows: [UNDONE] });
    expect((await on((engine) => backfill(engine, NAME))).state).toBe('succeeded');
  });
});
