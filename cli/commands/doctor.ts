// Checks the installation and the home, one line for each finding. Repairs nothing, and works without a home.

import { resolve } from 'node:path';
import type { Command } from '../command.ts';
import { CHECKS, HOME_CHECKS } from '../doctor/checks.ts';
import { type Finding, findingsOf } from '../doctor/finding.ts';
import { openedHome } from '../doctor/home.ts';
import { plural } from '../render/text.ts';

type Checked = { readonly check: string } & Finding;

const WRONG = 1;

export const doctorCommand: Command = {
  usage: 'doctor',
  summary: 'check the installation and the home, and say how to mend what is wrong; exit 1 when something is',
  examples: [
    ['reprise doctor', 'Node, DuckDB, pipelines, home, disk, lock, runs, ledger'],
    ['reprise doctor --home /data/reprise --json', 'another home, for monitoring'],
  ],
  run: async (args, terminal) => {
    const checks: Checked[] = [];
    const add = (check: string, findings: readonly Finding[]): void => {
      for (const finding of findings) checks.push({ check, ...finding });
    };
    for (const { name, run } of CHECKS) add(name, await findingsOf(() => run(args)));
    const { home, finding } = await openedHome(args.home);
    add('home', [finding]);
    if (home !== undefined) {
      try {
        for (const { name, run } of HOME_CHECKS) add(name, await findingsOf(() => run(home, args)));
      } finally {
        await home.close();
      }
    }
    const wrong = checks.filter((one) => one.state === 'wrong').length;
    terminal.result({ ok: wrong === 0, home: resolve(args.home), checks }, render(checks, wrong));
    return wrong === 0 ? 0 : WRONG;
  },
};

function render(checks: readonly Checked[], wrong: number): string {
  const lines = checks.map(({ check, state, says, fix }) => {
    const label = state === 'wrong' ? 'WRONG' : state;
    const next = fix === undefined ? '' : `\n                → ${fix}`;
    return `${label.padEnd(5)} ${check.padEnd(10)}${says.replaceAll('\n', '\n                ')}${next}`;
  });
  const notes = checks.filter((one) => one.state === 'note').length;
  return [
    ...lines,
    '',
    wrong === 0
      ? `nothing is wrong${notes > 0 ? `; ${plural(notes, 'note')}` : ''}`
      : `${plural(wrong, 'thing')} wrong`,
  ].join('\n');
}
