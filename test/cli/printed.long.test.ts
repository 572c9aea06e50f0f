// Every command that is printed can be typed: those of each test are parsed where they are printed (printed.ts); here
// those of a home's whole life are run, each on a copy of the home as it was then.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toNdjson } from '../../generator/sample.ts';
import { samples } from '../../pipelines/pulsecart/samples.ts';
import { inProcess } from './in-process.ts';
import { faultOf, printedCommands, runPrinted } from './printed.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-printed-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('printed commands', () => {
  it('are found in sentences, lines, tables and documents, and their faults are seen', async () => {
    expect(
      printedCommands(
        [
          `next: reprise why 'it'\\''s, or not' --pipeline pulsecart`,
          'reprise plan: there is no home',
          '  → reprise diff a-1, then reprise approve a-1 or reprise reject a-1',
          'there is none; run `reprise init`, or name another by --home',
          'needs it (reprise plan x --from 2026-06-01 --to infinity), or restore it',
          'a warehouse that another reprise holds',
          'next: reprise frobnicate',
        ].join('\n'),
      ),
    ).toEqual([
      ['why', "it's, or not", '--pipeline', 'pulsecart'],
      ...[
        ['diff', 'a-1'],
        ['approve', 'a-1'],
        ['reject', 'a-1'],
      ],
      ['init'],
      ['plan', 'x', '--from', '2026-06-01', '--to', 'infinity'],
      ['frobnicate'],
    ]);
    expect(
      printedCommands(JSON.stringify({ text: 'reprise init', next: 'reprise runs', of: [{ fix: 'reprise init' }] })),
    ).toEqual([['runs'], ['init']]);
    for (const words of [
      ['frobnicate'],
      ['plan', 'x', '--windows'],
      ['plan', 'x'],
      ['plan', 'x', '--from', '9999-12-31', '--to', '9999-12-32'],
    ])
      expect([words, await faultOf(words)]).toEqual([words, expect.any(String)]);
    expect(await faultOf(['plan', 'x', '--from', '9999-12-31', '--to', 'infinity'])).toBeUndefined();
  });

  it('of a home’s life are accepted, each by the home that it was printed for', { timeout: 400_000 }, async () => {
    const home = join(folder, 'home');
    const file = join(folder, 'events.ndjson');
    const drawn = samples.generate({ seed: 5, events: 60, from: '9999-12-29', days: 3 });
    writeFileSync(file, toNdjson(drawn));
    const shapes = new Set<string>();
    let ran = 0;
    const live = async (...args: readonly string[]): Promise<string> => {
      const { out, err } = await inProcess(home, ...args);
      for (const words of printedCommands(`${out}\n${err}`)) {
        // One of each kind: ids and dates apart.
        const shape = words.map((word) => word.replaceAll(/[0-9a-f]{6,}(?:-\d+)?|\d+/g, '#')).join(' ');
        if (shapes.has(shape)) continue;
        shapes.add(shape);
        const ended = await runPrinted(home, words, inProcess);
        if (ended === undefined) continue;
        ran++;
        expect([words, ended.exit, ended.err], `after reprise ${args.join(' ')}`).not.toEqual([words, 2, ended.err]);
        expect(ended.err).not.toContain('internal error');
      }
      return out;
    };
    await live('status');
    await live('init');
    await live('plan', 'pulsecart', '--all');
    await live('try', 'pulsecart', file);
    await live('land', 'pulsecart', file);
    await live('reconcile', 'pulsecart');
    await live('plan', 'pulsecart', '--all');
    await live('backfill', 'pulsecart', '--all', '--stage-only');
    await live('status');
    await live('backfill', 'pulsecart', '--all');
    await live('quarantine', 'list', 'pulsecart');
    await live('verify', 'pulsecart');
    await live('doctor');
    const [run] = JSON.parse(await live('runs', '--json')) as { runId: string }[];
    await live('diff', run?.runId ?? '');
    await live('undo', run?.runId ?? '');
    await live('undo', run?.runId ?? '', '--yes');
    await live('reconcile', 'pulsecart');
    await live('backfill', 'pulsecart', '--all');
    await live('status');
    expect(ran).toBeGreaterThan(8);
  });
});
