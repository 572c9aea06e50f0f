// Undo on the real events of chatorbit: a replay with wrong transforms is taken back after live rows came in between, and
// every row is held against what stood before. Prints the figures. Needs the acceptance data, and `npm run build`.
// Usage: npm run acceptance:undo

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.REPRISE_SHARED ?? join(root, '..', 'shared');
const events = join(shared, 'data', 'chatorbit', 'events.ndjson.gz');
const TABLES = ['events', 'messages', 'usage', 'tool_calls', 'feedback', 'quarantine'];
/** One event in so many gets a newer live row after the wrong replay. */
const LIVE_ONE_IN = 7;
let failures = 0;

if (!existsSync(events)) {
  console.error(`there is no acceptance data at ${shared}; set REPRISE_SHARED to the folder that holds data/`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'reprise-undo-'));
const home = join(folder, 'home');
try {
  await accept();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'undo: all as expected' : `undo: ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);

async function accept() {
  const { landed } = reprise('land', 'chatorbit', events);
  reprise('backfill', 'chatorbit', '--all', '--no-verify');
  const rows = await keep('right');
  console.log(`  chatorbit: ${landed} deliveries landed, ${rows} rows`);

  const wrongPipelines = wrongTransforms();
  const wrong = reprise('backfill', 'chatorbit', '--all', '--no-verify', '--yes', '--pipelines', wrongPipelines);
  await keep('wrong');
  const damage = await differing('wrong', 'right');
  console.log(`  the wrong replay changed ${damage} rows in ${seconds(wrong.durationMs)}`);
  expect(damage > 0, 'the wrong replay does damage');

  await liveRows();
  await keep('live');
  const live = await differing('live', 'wrong');
  const both = await changedBoth();
  console.log(`  live rows since: ${live}, of them ${both} that the wrong replay had changed`);

  const undone = reprise('undo', wrong.runId, '--yes', '--reason', 'acceptance');
  await keep('undone');
  console.log(`  undone in ${seconds(undone.durationMs)}: ${undone.undo.changedSince} rows changed since`);
  expect(undone.state === 'succeeded', 'the undo succeeds', JSON.stringify(undone.failure));
  expect(undone.undo.changedSince === both, `${both} rows are listed as changed since`);
  const lost = await differing('undone', 'live', 'event_id IN (SELECT event_id FROM live_events)');
  expect(lost === 0, 'every live row stays');
  const wrongLeft = await differing('undone', 'right', 'event_id NOT IN (SELECT event_id FROM live_events)');
  expect(wrongLeft === 0, 'every other row is as before, all columns');

  const refused = run('backfill', 'chatorbit', '--all', '--yes', '--pipelines', wrongPipelines);
  expect(refused.status === 3, `a replay with the retired transforms exits ${refused.status}`);

  const again = reprise('undo', undone.runId, '--yes');
  await keep('again');
  console.log(`  the undo undone in ${seconds(again.durationMs)}`);
  expect((await differing('again', 'live')) === 0, 'the undo of the undo brings every wrong row back');
  expect(again.undo.transforms === 'activated', 'and their transforms');

  reprise('undo', again.runId, '--yes');
  await keep('third');
  expect((await differing('third', 'undone')) === 0, 'undone once more: as after the first undo');
}

/** chatorbit with the two token counts confused, and feedback rejected. */
function wrongTransforms() {
  const pipelines = join(folder, 'pipelines');
  mkdirSync(join(pipelines, 'chatorbit'), { recursive: true });
  const dist = relative(join(pipelines, 'chatorbit'), join(root, 'dist'));
  writeFileSync(
    join(pipelines, 'chatorbit', 'pipeline.js'),
    `import { text } from '${dist}/model/fields.js';
import { definePipeline } from '${dist}/model/language.js';
import { pipeline as today } from '${dist}/pipelines/chatorbit/pipeline.js';
const { shapes, tables } = today;
const { prompt_tokens, completion_tokens } = tables.usage.columns;
export const pipeline = definePipeline({
  ...today,
  shapes: { ...shapes, web_feedback: { ...shapes.web_feedback, fields: { ...shapes.web_feedback.fields, absent: text() } } },
  tables: { ...tables, usage: { ...tables.usage, columns: { ...tables.usage.columns,
    prompt_tokens: completion_tokens, completion_tokens: prompt_tokens } } },
});
`,
  );
  return pipelines;
}

/** What a live loader does with a newer delivery: the event and its parts are replaced, under its own name. */
async function liveRows() {
  await inWarehouse(async (query) => {
    await query(`CREATE OR REPLACE TEMP TABLE chosen AS
      SELECT event_id FROM chatorbit.events WHERE hash(event_id) % ${LIVE_ONE_IN} = 0`);
    for (const table of TABLES.filter((name) => name !== 'quarantine')) {
      await query(`UPDATE chatorbit.${table} SET _run_id = 'live', _published_at = now()::TIMESTAMP,
        received_at = received_at + INTERVAL 40 DAY WHERE event_id IN (SELECT event_id FROM chosen)`);
    }
    await query(`COPY chosen TO '${file('chosen', 'events')}' (FORMAT parquet)`);
  });
}

/** Keeps all rows as they are now, under a name, and counts them. */
async function keep(name) {
  return inWarehouse(async (query) => {
    let rows = 0;
    for (const table of TABLES) {
      await query(`COPY chatorbit.${table} TO '${file(name, table)}' (FORMAT parquet)`);
      rows += Number((await query(`SELECT count(*) AS n FROM chatorbit.${table}`))[0].n);
    }
    return rows;
  });
}

/** Keys whose rows are not the same under the two names; of event tables only those of the events that are meant. */
async function differing(one, other, where = 'true') {
  return inWarehouse(async (query) => {
    let keys = 0;
    if (where !== 'true')
      await query(`CREATE TEMP VIEW live_events AS SELECT event_id FROM '${file('chosen', 'events')}'`);
    for (const table of TABLES) {
      const key = table === 'quarantine' ? '_raw_object, _raw_row' : 'event_id';
      const meant = table === 'quarantine' ? 'true' : where;
      // A live load leaves the quarantine as it is.
      if (table === 'quarantine' && other === 'live' && where !== 'true') continue;
      const rows = (name) => `SELECT * FROM '${file(name, table)}' WHERE ${meant}`;
      const [{ n }] = await query(`SELECT count(*) AS n FROM (SELECT DISTINCT ${key} FROM (
        (${rows(one)} EXCEPT ALL ${rows(other)}) UNION ALL (${rows(other)} EXCEPT ALL ${rows(one)})))`);
      keys += Number(n);
    }
    return keys;
  });
}

/** Rows of live events that the wrong replay had changed. */
async function changedBoth() {
  return inWarehouse(async (query) => {
    let rows = 0;
    for (const table of TABLES.filter((name) => name !== 'quarantine')) {
      const [{ n }] = await query(`SELECT count(*) AS n FROM (
        SELECT * FROM '${file('wrong', table)}' EXCEPT ALL SELECT * FROM '${file('right', table)}')
        WHERE event_id IN (SELECT event_id FROM '${file('chosen', 'events')}')`);
      rows += Number(n);
    }
    return rows;
  });
}

function file(name, table) {
  return join(folder, `${name}-${table}.parquet`);
}

async function inWarehouse(work) {
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'));
  try {
    const connection = await instance.connect();
    const result = await work(async (statement) => (await connection.runAndReadAll(statement)).getRowObjectsJS());
    connection.closeSync();
    return result;
  } finally {
    instance.closeSync();
  }
}

function run(...args) {
  return spawnSync(process.execPath, [join(root, 'bin', 'reprise.js'), ...args, '--json', '--home', home], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

function reprise(...args) {
  const ran = run(...args);
  if (ran.status !== 0) {
    expect(false, `reprise ${args.join(' ')} exits ${ran.status}`, ran.stderr);
    process.exit(1);
  }
  return JSON.parse(ran.stdout);
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

function expect(ok, what, detail = '') {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}`);
  if (!ok) {
    failures++;
    if (detail !== '') console.error(detail);
  }
}
