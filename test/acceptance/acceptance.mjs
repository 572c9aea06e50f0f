// Lands the real events of all five products, backfills them from the command line, and compares every figure with the
// expected ones by the independent checker. Needs Python 3.9 or later; makes its own environment under .cache/.
// Usage: npm run acceptance [-- pulsecart novadocs …] [--once: nothing is repeated, nor verified once more]

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.REPRISE_SHARED ?? join(root, '..', 'shared');
const ALL = ['pulsecart', 'chatorbit', 'promptflow', 'codewave', 'novadocs'];
const once = process.argv.includes('--once');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--once');
let failures = 0;

if (!existsSync(join(shared, 'tools', 'check.py'))) {
  console.error(
    `there is no acceptance data at ${shared}; set REPRISE_SHARED to the folder that holds data/ and tools/`,
  );
  process.exit(2);
}
const python = pythonWithDuckdb();
for (const pipeline of wanted.length > 0 ? wanted : ALL) accept(pipeline);
console.log(failures === 0 ? 'acceptance: all as expected' : `acceptance: ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);

function accept(pipeline) {
  const home = mkdtempSync(join(tmpdir(), `reprise-${pipeline}-`));
  const data = join(shared, 'data', pipeline);
  try {
    const landed = reprise(home, 'land', pipeline, join(data, 'events.ndjson.gz'));
    // The log of --verbose is kept inside the home, where the checker searches for card numbers too.
    const first = reprise(home, 'backfill', pipeline, '--all', '--verbose');
    const check = spawnSync(
      python,
      [
        join(shared, 'tools', 'check.py'),
        pipeline,
        join(home, 'warehouse.duckdb'),
        join(data, 'expected.json'),
        '--home',
        home,
      ],
      { encoding: 'utf8' },
    );
    const lines = check.stdout.trim().split('\n');
    for (const line of lines.filter((one) => !one.startsWith('ok '))) console.log(`  ${line}`);
    expect(
      check.status === 0,
      `${pipeline}: check.py finds no difference (${lines.filter((one) => one.startsWith('ok ')).length} checks)`,
      check.stderr,
    );
    console.log(`  ${pipeline}: ${first.state} in ${(first.durationMs / 1000).toFixed(1)} s`);
    if (once) return;
    const again = reprise(home, 'backfill', pipeline, '--all');
    const touched = Object.values(again.tables).reduce((sum, t) => sum + t.inserted + t.updated + t.deleted, 0);
    expect(
      touched === 0,
      `${pipeline}: the same backfill again touches nothing (${again.state})`,
      JSON.stringify(again.tables),
    );
    const landedAgain = reprise(home, 'land', pipeline, join(data, 'events.ndjson.gz'));
    expect(
      landed.landed > 0 && landedAgain.landed === 0,
      `${pipeline}: landed ${landed.landed}, landing again ${landedAgain.landed}`,
    );
    const verified = reprise(home, 'verify', pipeline);
    expect(
      verified.ok && verified.checked > 0,
      `${pipeline}: verify compares ${verified.checked} rows, finds no difference`,
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function reprise(home, ...args) {
  const ran = spawnSync(process.execPath, [join(root, 'bin', 'reprise.js'), ...args, '--json', '--home', home], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (ran.status !== 0) {
    expect(false, `reprise ${args.join(' ')} exits ${ran.status}`, ran.stderr);
    process.exit(1);
  }
  if (args.includes('--verbose')) writeFileSync(join(home, 'verbose.log'), ran.stderr);
  return JSON.parse(ran.stdout);
}

function expect(ok, what, detail = '') {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}`);
  if (!ok) {
    failures++;
    if (detail !== '') console.error(detail);
  }
}

/** A Python that has duckdb: PYTHON or python3 when it does, else one in an environment of our own. */
function pythonWithDuckdb() {
  const hasDuckdb = (command) => spawnSync(command, ['-c', 'import duckdb']).status === 0;
  const given = process.env.PYTHON ?? 'python3';
  if (hasDuckdb(given)) return given;
  const environment = join(root, '.cache', 'acceptance-python');
  const own = join(environment, 'bin', 'python');
  if (!hasDuckdb(own)) {
    console.log('setting up a Python environment with duckdb under .cache/');
    for (const [command, args] of [
      [given, ['-m', 'venv', environment]],
      [own, ['-m', 'pip', 'install', '--quiet', 'duckdb']],
    ]) {
      if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) {
        console.error('Python 3.9 or later with venv and pip is needed; name it by PYTHON');
        process.exit(2);
      }
    }
  }
  return own;
}
