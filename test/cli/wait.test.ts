// `--wait` holds for every program that has the warehouse open, not only for another reprise.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { reprise } from './reprise.ts';

const home = join(mkdtempSync(join(tmpdir(), 'reprise-wait-')), 'home');

beforeAll(async () => {
  expect((await reprise(home, 'init')).exit).toBe(0);
});
afterAll(() => rmSync(join(home, '..'), { recursive: true, force: true }));

/** Another program that has the file open for so long. Resolves when it has. */
async function otherProgram(forMs: number): Promise<ChildProcess> {
  const duckdb = pathToFileURL(join(packageRoot(), 'node_modules', '@duckdb', 'node-api', 'lib', 'index.js')).href;
  const code = `
    import(${JSON.stringify(duckdb)}).then(async ({ DuckDBInstance }) => {
      const instance = await DuckDBInstance.create(${JSON.stringify(join(home, 'warehouse.duckdb'))});
      process.stdout.write('open');
      setTimeout(() => instance.closeSync(), ${forMs});
    });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

describe('a warehouse that another program has open', () => {
  it('is waited for as long as was said, and whoever has it is named', async () => {
    const child = await otherProgram(60_000);
    try {
      const startedMs = performance.now();
      const { exit, err } = await reprise(home, 'quarantine', 'list', 'pulsecart', '--wait', '2');
      expect(performance.now() - startedMs).toBeGreaterThan(2000);
      expect(exit).toBe(3);
      const who = `open in another program \\(process ${child.pid}, node\\S*, running since 20\\d\\d-\\S+Z\\)`;
      expect(err).toMatch(new RegExp(`^waiting for the warehouse: .*${who}`, 'm'));
      expect(err).toMatch(new RegExp(`${who}; waited 2 s\n {2}→ close it there`));
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is taken when it is given back', async () => {
    await otherProgram(8000);
    const { exit, err } = await reprise(home, 'quarantine', 'list', 'pulsecart', '--wait', '30');
    expect(exit, err).toBe(0);
    expect(err).toMatch(/^waiting for the warehouse/m);
  });
});
