// Names, arguments and bodies that would act on a terminal: whatever a command prints, nothing of that kind is in it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visible, visibleJson, visibleLine } from '../../cli/render/visible.ts';
import { inProcess } from './in-process.ts';
import { putObject, WRITERS, type Writer } from './lake.ts';

/** A colour by C1, the window's title by ESC, an override of the direction, an isolate that is never ended, a bell. */
const HOSTILE = '\u009b31m\u001b]0;x\u0007\u202egnp\u2066';
/** The same without what no key may hold. */
const HOSTILE_NAME = '\u202egnp\u2066';
const ACTS = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

let home: string;
beforeAll(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'reprise-escapes-')), 'home');
  await written('init');
  const delivery = { received_at: '2026-06-01T10:00:00Z', source: HOSTILE, body: `{"x": "${HOSTILE}"}` };
  await putObject(home, 'pulsecart', HOSTILE_NAME, [delivery], WRITERS.duckdb as Writer);
  const folder = join(home, 'lake', 'raw', 'pulsecart', 'dt=2026-06-01');
  await mkdir(folder, { recursive: true });
  for (const name of [HOSTILE, HOSTILE_NAME]) await writeFile(join(folder, `${name}.parquet`), 'no Parquet');
});
afterAll(() => rm(join(home, '..'), { recursive: true, force: true }));

const written = (...args: readonly string[]) => inProcess(home, ...args);

describe('text from outside', () => {
  it.each([
    ['plan', 'pulsecart', '--all', '--reason', HOSTILE],
    ['backfill', 'pulsecart', '--all'],
    ['verify', 'pulsecart'],
    ['reconcile', 'pulsecart'],
    ['quarantine', 'list', 'pulsecart'],
    ['quarantine', 'list', 'pulsecart', '--reason', HOSTILE],
    ['catalog', 'build', 'pulsecart'],
    ['ledger', 'list', 'pulsecart'],
    ['doctor'],
    ['why', HOSTILE],
    ['plan', HOSTILE, '--all'],
    ['plan', 'pulsecart', '--from', HOSTILE, '--to', HOSTILE],
    ['plan', 'pulsecart', '--all', '--only', HOSTILE],
    ['run', HOSTILE],
    [HOSTILE],
    ['plan', 'pulsecart', `--${HOSTILE}`],
    ['land', 'pulsecart', `/nowhere/${HOSTILE}`],
  ])('reaches no terminal as it came: %j %j', async (...args) => {
    for (const more of [[], ['--json']]) {
      const { out, err } = await written(...args, ...more);
      expect(out + err).not.toBe('');
      expect([out, err].filter((text) => ACTS.test(text))).toEqual([]);
    }
  });

  it('is exact in JSON', async () => {
    const { out } = await written('plan', 'pulsecart', '--all', '--objects', '--json');
    const keys = (JSON.parse(out) as { objects: { key: string }[] }).objects.map(({ key }) => key);
    expect(keys).toContain(`raw/pulsecart/dt=2026-06-01/${HOSTILE_NAME}.parquet`);
  });

  it('is shown by escapes', () => {
    expect(visible('a\u001b[31m\r\tb\nc\u009b\u202e\u2028é🙂')).toBe(
      'a\\u{1b}[31m\\r\\tb\nc\\u{9b}\\u{202e}\\u{2028}é🙂',
    );
    expect(visibleLine('a\nb')).toBe('a\\nb');
    const value = { '\u009b': '\u202e\u007f\ud800 é🙂' };
    expect(ACTS.test(visibleJson(JSON.stringify(value)))).toBe(false);
    expect(JSON.parse(visibleJson(JSON.stringify(value)))).toEqual(value);
  });
});
