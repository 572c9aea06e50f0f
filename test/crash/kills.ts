// A backfill killed at random moments of what it changes by SIGKILL, then resumed, ends in the same tables as one that was left
// alone. Real processes, the real command line, a generated pulsecart. SEED overrides which moments.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../generator/random.ts';
import { copyHome } from '../copy-home.ts';
import { digests, landInFewObjects, reprise } from './processes.ts';

const SEED = Number(process.env.SEED ?? 4);
const folder = mkdtempSync(join(tmpdir(), 'reprise-kill-'));
const landed = join(folder, 'landed');
const reference = join(folder, 'reference');

/** Kills so many runs, one after another. */
export function describeKills(kills: number): void {
  describe('kill -9 at random moments, then resume', () => {
    let expected: unknown;
    let tookMs = 0;

    beforeAll(async () => {
      await landInFewObjects(landed, SEED, 250, 1);
      expect((await reprise(['catalog', 'build', 'pulsecart', '--home', landed])).code).toBe(0);
      copyHome(landed, reference);
      const ran = await reprise([
        'backfill',
        'pulsecart',
        '--all',
        '--slice-size',
        '20KB',
        '--no-verify',
        '--home',
        reference,
      ]);
      expect(ran.code, ran.stderr).toBe(0);
      tookMs = ran.tookMs;
      expected = await digests(reference);
    }, 120_000);

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it(`${kills} times, seed ${SEED}`, async () => {
      const random = randomFrom(SEED);
      for (let kill = 0; kill < kills; ) {
        const home = join(folder, `kill-${kill}`);
        copyHome(landed, home);
        const threads = kill % 4 === 0 ? [] : ['--max-active', '1'];
        const first = await reprise(
          ['backfill', 'pulsecart', '--all', '--slice-size', '20KB', '--no-verify', ...threads, '--home', home],
          Math.floor(random.fraction() * tookMs),
        );
        if (first.signal !== 'SIGKILL') {
          // It was faster than the last that was left alone: that one tells how long a run takes now.
          expect(first.code, first.stderr).toBe(0);
          tookMs = first.tookMs;
          rmSync(home, { recursive: true, force: true });
          continue;
        }
        kill++;
        let resumed = await reprise(['resume', '--home', home, '--json']);
        // Killed before the run was recorded: there is nothing to resume, the command is given again.
        if (resumed.code === 2) resumed = await reprise(['backfill', 'pulsecart', '--all', '--home', home]);
        expect(resumed.code, `kill ${kill}: ${resumed.stderr}`).toBe(0);
        expect(await digests(home), `kill ${kill}`).toEqual(expected);
        rmSync(home, { recursive: true, force: true });
      }
    }, 1_200_000);
  });
}
