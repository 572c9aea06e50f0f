// The late arrivals of the real pulsecart events: all that was received before Christmas is landed and backfilled, what
// came later is landed after that, and reconcile publishes exactly it. The tables are then held against the expected
// figures by the independent checker. `npm run acceptance` makes the Python environment.
// Usage: npm run acceptance:late

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const PIPELINE = 'pulsecart';
/** The last event occurred on 23 December 2010; some came until the end of January. */
const LATE_FROM = '2010-12-24';
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.REPRISE_SHARED ?? join(root, '..', 'shared');
const data = join(shared, 'data', PIPELINE);
const folder = mkdtempSync(join(tmpdir(), 'reprise-late-'));
const home = join(folder, 'home');
let failures = 0;

try {
  const lines = gunzipSync(readFileSync(join(data, 'events.ndjson.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const isLate = (line) => JSON.parse(line).received_at >= LATE_FROM;
  land(lines.filter((line) => !isLate(line)));
  const whole = reprise('backfill', PIPELINE, '--all');
  const late = lines.filter(isLate);
  const landed = land(late);
  const found = reprise('reconcile', PIPELINE);
  console.log(`  ${late.length} deliveries came late; ${found.objectsRead} of ${found.objects} raw objects read`);
  const newObjects = landed.files[0].objects.length;
  expect(found.state === 'published' && found.needsWhole.length === 0, `reconcile published all of it`, found);
  expect(
    found.objectsRead === newObjects,
    `it read the ${newObjects} objects that came late, and no others`,
    found.read,
  );
  const before = whole.tables[`${PIPELINE}.events`].inserted;
  const after = found.tables[`${PIPELINE}.events`].inserted;
  const expected = JSON.parse(readFileSync(join(data, 'expected.json'), 'utf8')).events;
  expect(before + after === expected, `${before} events before, ${after} late: ${expected}`);
  const env = join(root, '.cache', 'acceptance-python', 'bin', 'python');
  const python = process.env.PYTHON ?? (existsSync(env) ? env : 'python3');
  const checker = join(shared, 'tools', 'check.py');
  const files = [join(home, 'warehouse.duckdb'), join(data, 'expected.json'), '--home', home];
  const check = spawnSync(python, [checker, PIPELINE, ...files], { encoding: 'utf8' });
  expect(check.status === 0, 'check.py finds no difference', check.stdout + check.stderr);
  const again = reprise('reconcile', PIPELINE);
  expect(
    again.state === 'nothing_to_do' && again.objectsRead === 0,
    `a second call reads nothing (${again.durationMs} ms)`,
  );
  expect(reprise('verify', PIPELINE).ok, 'verify finds no difference');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'late arrivals: all as expected' : `late arrivals: ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);

function land(some) {
  const file = join(folder, 'landing.ndjson');
  writeFileSync(file, `${some.join('\n')}\n`);
  return reprise('land', PIPELINE, file);
}

function reprise(...args) {
  const program = [join(root, 'bin', 'reprise.js'), ...args, '--json', '--home', home];
  const ran = spawnSync(process.execPath, program, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(`reprise ${args.join(' ')} exited ${ran.status}: ${ran.stderr}`);
  return JSON.parse(ran.stdout);
}

function expect(ok, what, detail) {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}`);
  if (ok) return;
  failures++;
  if (detail !== undefined) console.error(typeof detail === 'string' ? detail : JSON.stringify(detail, undefined, 1));
}
