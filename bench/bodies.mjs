// Peak memory and time of every command over bodies of 0.2 to 256 KB, up to 500 MB of them in one hour: landed, and brought
// as one Parquet object of a single row group. Each command is a process of its own; one that fails or reaches 1,000 MB
// ends the bench with 1. All of it takes more than an hour on two cores, because 500 MB of the smallest bodies are 2.5 million
// rows; `--mb 50` takes some ten minutes.
// Usage: npm run bench:bodies -- [--mb 50,500] [--kb 0.2,0.7,2,4,16,64,256] [--how land,brought] [--rows-max 2500000]

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const PEAK_MB_MAX = 1000;
const HOUR = 'dt=2026-06-01/hour=10';
const options = readOptions(process.argv.slice(2));
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'reprise-bodies-'));
let isBad = false;

try {
  console.log('bodies               rows  how      command             peak  seconds');
  for (const kb of options.kb) {
    for (const mb of options.mb) {
      const bytes = Math.round(kb * 1024);
      const rows = Math.min(options.rowsMax, Math.floor((mb * 1024 ** 2) / bytes));
      const file = join(folder, 'bodies.ndjson');
      await writeBodies(file, rows, bytes);
      for (const how of options.how) await measureAll({ kb, mb, rows, how, file });
      rmSync(file);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isBad ? 1 : 0;

/** `rows` utterances of `bytes` each, received within one hour; their text does not compress to nothing. */
async function writeBodies(file, rows, bytes) {
  const out = createWriteStream(file);
  for (let row = 0; row < rows; row++) {
    const at = new Date(Date.UTC(2026, 5, 1, 10) + Math.floor((row / rows) * 3_500_000)).toISOString();
    const utterance = {
      ...{ id: `u${row}`, t: 'utterance', at, call_id: `c${row >> 3}`, caller: `user-${row % 97}` },
      ...{ speaker: row % 2 ? 'caller' : 'agent', transcript: '', confidence: 0.9, duration_ms: 900 },
    };
    const room = Math.max(0, bytes - Buffer.byteLength(JSON.stringify(utterance)));
    utterance.transcript = randomBytes(Math.ceil(room * 0.75))
      .toString('base64')
      .slice(0, room);
    const line = JSON.stringify({ received_at: at, source: 'voice', body: JSON.stringify(utterance) });
    if (!out.write(`${line}\n`)) await new Promise((resolve) => out.once('drain', resolve));
  }
  await new Promise((resolve) => out.end(resolve));
}

async function measureAll({ kb, mb, rows, how, file }) {
  const home = join(folder, 'home');
  const say = (command, { peakMb, seconds, code, stderr }) => {
    const isOver = code !== 0 || peakMb >= PEAK_MB_MAX;
    isBad ||= isOver;
    const what = `${kb} KB, ${mb} MB`.padEnd(15);
    console.log(
      `${what} ${String(rows).padStart(9)}  ${how.padEnd(7)}  ${command.padEnd(16)} ${peakMb.toFixed(0).padStart(4)} MB  ${seconds.toFixed(1).padStart(7)}${isOver ? '  DOES NOT HOLD' : ''}`,
    );
    if (code !== 0) console.log(`  exit ${code}: ${stderr.trim().split('\n').slice(-2).join(' ')}`);
    return code === 0;
  };
  const run = async (name, ...args) => say(name, await measure([...args, '--home', home]));
  try {
    if (how === 'land') {
      if (!(await run('land', 'land', 'chatorbit', file))) return;
    } else {
      if ((await measure(['init', '--home', home])).code !== 0) throw new Error('init failed');
      await bring(file, join(home, 'lake', 'raw', 'chatorbit', HOUR));
    }
    if (!(await run('catalog build', 'catalog', 'build', 'chatorbit'))) return;
    const backfill = await measure(['backfill', 'chatorbit', '--all', '--json', '--home', home]);
    if (!say('backfill', backfill)) return;
    const { runId } = JSON.parse(backfill.stdout);
    await run('verify', 'verify', 'chatorbit');
    await run('why', 'why', `message:voice:u${rows >> 1}`, '--pipeline', 'chatorbit');
    await run('diff', 'diff', runId);
    if (!(await run('undo --dry-run', 'undo', runId, '--dry-run'))) return;
    const undo = await measure(['undo', runId, '--yes', '--json', '--home', home]);
    if (!say('undo', undo)) return;
    await run('undo of the undo', 'undo', JSON.parse(undo.stdout).runId, '--yes');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The bodies as one object of one row group. */
async function bring(file, partition) {
  mkdirSync(partition, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', temp_directory: join(folder, 'spill') });
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT CAST(received_at AS TIMESTAMP) AS received_at, source, body
    FROM read_json('${file}', format = 'newline_delimited', maximum_object_size = 33554432,
      columns = {received_at: 'VARCHAR', source: 'VARCHAR', body: 'VARCHAR'}))
    TO '${join(partition, 'brought.parquet')}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000000)`);
  connection.closeSync();
  instance.closeSync();
}

function measure(args) {
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, 'bench', 'peak.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts = ['', '', '', ''];
  for (const place of [1, 2, 3]) {
    child.stdio[place].on('data', (chunk) => {
      texts[place] += chunk;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const seconds = (performance.now() - started) / 1000;
      resolve({ code: code ?? -1, peakMb: Number(texts[3]) / 1024, seconds, stdout: texts[1], stderr: texts[2] });
    });
  });
}

function readOptions(args) {
  const found = { mb: [50, 500], kb: [0.2, 0.7, 2, 4, 16, 64, 256], how: ['land', 'brought'], rowsMax: 2_500_000 };
  for (let place = 0; place < args.length; place += 2) {
    const [name, value] = [args[place], args[place + 1] ?? ''];
    if (name === '--mb') found.mb = value.split(',').map(Number);
    else if (name === '--kb') found.kb = value.split(',').map(Number);
    else if (name === '--how') found.how = value.split(',');
    else if (name === '--rows-max') found.rowsMax = Number(value);
    else throw new Error(`unknown option ${name}; see the head of bench/bodies.mjs`);
  }
  return found;
}
