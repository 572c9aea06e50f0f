// Four eyes: whoever began, resumed or executed a run does not approve it, however they put it.

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { type Plan, type PlanBody, planIdOf } from '../../engine/plan/plan-document.ts';
import { withinLimits } from '../../engine/publish/gate.ts';
import { beginAgain, createRun } from '../../engine/run/begin.ts';
import { decideOn, saveWaiting } from '../../engine/run/decision.ts';
import { asksForFourEyes, saveSetting } from '../../engine/run/four-eyes.ts';
import type { RunOptions } from '../../engine/run/run-record.ts';
import { Runs } from '../../engine/run/runs.ts';
import { MemoryStore } from '../adapters/memory-store.ts';
import { newFolder, World } from './control-world.ts';

const body = { pipeline: 'tiny', window: { from: '2026-06-01', to: '2026-06-02' } } as Partial<PlanBody> as PlanBody;
const plan: Plan = { id: planIdOf(body), body, reason: '', createdAt: '2026-06-01T00:00:00.000Z' };
const options: RunOptions = {
  stageOnly: false,
  approved: false,
  maxChange: undefined,
  maxActive: 1,
  newestFirst: false,
  verify: true,
};

describe('a home that asks for four eyes', () => {
  const folder = newFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function asking(): Promise<{ world: World; deps: (name: string) => Parameters<typeof createRun>[0] }> {
    const world = new World(new MemoryStore(folder));
    const runs = new Runs(world.control, world.clock);
    await saveSetting(world.control, true);
    await runs.savePlan(plan);
    return { world, deps: (name) => ({ ...world.process(name), runs }) };
  }

  it('takes no approval with the run, and none from whoever began or resumed it', async () => {
    const { deps } = await asking();
    await expect(createRun(deps('alice'), plan, { ...options, approved: true })).rejects.toMatchObject({
      code: 'FourEyes',
    });
    const { runId } = await createRun(deps('alice'), plan, options);
    const runs = deps('alice').runs;
    await saveWaiting(runs, runId, { attempt: 1, since: '', question: '' });
    const run = await runs.run(runId);
    await expect(decideOn(deps('alice'), run, 'approved', '')).rejects.toMatchObject({
      code: 'FourEyes',
      message: expect.stringContaining(`alice began or resumed run ${runId}`),
    });
    await expect(beginAgain(deps('alice'), runId, {}, 'resume --yes')).rejects.toMatchObject({ code: 'FourEyes' });
    expect(await decideOn(deps('bob'), run, 'approved', 'looked at it')).toMatchObject({ by: 'bob@test' });
    // Rejecting takes no second person.
    await saveWaiting(runs, runId, { attempt: 1, since: '', question: '' });
    expect((await beginAgain(deps('carol'), runId, {}, undefined)).options.approved).toBe(true);
  });

  it('keeps asking although the setting was removed, until that is said and recorded', async () => {
    const { world, deps } = await asking();
    const ledger = new Ledger(deps('alice'), 'tiny');
    await ledger.append({ kind: 'four_eyes_set', on: true, reason: '' });
    await world.control.remove('settings.json');
    expect(await asksForFourEyes(world.control, 'tiny')).toBe(true);
    await ledger.append({ kind: 'four_eyes_set', on: false, reason: 'a test' });
    expect(await asksForFourEyes(world.control, 'tiny')).toBe(false);
    await world.control.write('settings.json', Buffer.from('{"four'), { if: 'always' });
    expect(await asksForFourEyes(world.control, 'tiny')).toBe(true);
  });

  it('has a limit that whoever begins a run cannot raise', () => {
    const share = { changed: 50, deleted: 50, before: 100 };
    const generous = { approved: false, maxChange: 1 };
    expect(withinLimits(share, generous, false)).toBe(true);
    expect(withinLimits(share, generous, true)).toBe(false);
    expect(withinLimits(share, { ...generous, approved: true }, true)).toBe(true);
  });
});
