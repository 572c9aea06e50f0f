// What payments hold stays in the lake: not in clear, not as a hash that can be searched, and no file of a home can be
// read by another user. Real processes, with the widest umask.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuck } from '../../adapters/duckdb/instance.ts';
import { readParquet } from '../../adapters/duckdb/parquet-path.ts';
import { readDelivery } from '../../engine/land/delivery.ts';
import { encodeRecord } from '../../engine/land/record.ts';
import { packageRoot } from '../../lib/package-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'reprise-secrets-'));
const home = join(folder, 'home');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CARD = '4539148803436467';
const HOLDER = 'ROSALIND QUXLEY';
const grouped = (separator: string): string => CARD.replaceAll(/(\d{4})(?=\d)/g, `$1${separator}`);
const payment = (id: string, note: string | undefined, status = 'captured'): string =>
  JSON.stringify({
    event_id: id,
    type: 'payment',
    v: 1,
    at: '2026-06-01T10:00:00Z',
    payment: {
      id: `pay-${id}`,
      order_id: 'o-1',
      amount: '10.00',
      currency: 'EUR',
      status,
      method: 'card',
      card: { number: CARD, exp: '12/29', cvv: '737', holder: HOLDER },
      note,
    },
  });
const NOTES = [
  `card ${grouped('.')}`,
  `card ${grouped('/')}`,
  `card ${grouped('\n')}`,
  `card ${grouped('\u00a0')}`,
  `card ${CARD}737`,
  `card ${[...CARD].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('')}`,
  `card ${[...CARD].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join('')}`,
];
/** One an hour, so that each is an object of its own. */
const DELIVERIES: [source: string, body: string][] = [
  ...NOTES.map((note, n): [string, string] => ['payment-service', payment(`n-${n}`, note)]),
  ['payment-service', payment('plain', undefined)],
  ['payment-service', payment('rejected', undefined, 'perhaps')],
  ['payment-service', payment('cut', undefined).slice(0, -90)],
  // Columns swapped, or shifted.
  [payment('swapped', undefined), 'payment-service'],
  [CARD, payment('shifted', undefined)],
  [HOLDER, payment('holder', undefined)],
  [grouped('-'), '{}'],
  ['web2', '{}'],
];
const LINES = DELIVERIES.map(([source, body], n) =>
  JSON.stringify({ received_at: `2026-06-01T${String(n).padStart(2, '0')}:30:00Z`, source, body }),
);
/** Another body of a payment, received at the same instant: the greater sha256 decides. */
function rewritten(n: number, isGreater: boolean): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const body = payment(`n-${n}`, NOTES[n]);
  for (let tried = 0; ; tried++) {
    const other = payment(`n-${n}`, `${NOTES[n]}, again ${'!'.repeat(tried)}`);
    if (sha256(other) > sha256(body) !== isGreater) continue;
    return JSON.stringify({ received_at: `2026-06-01T0${n}:30:00Z`, source: 'payment-service', body: other });
  }
}
const REWRITTEN = [rewritten(0, true), rewritten(1, false)];

const outputs: string[] = [];
function reprise(...args: readonly string[]): Promise<number> {
  const line = ['umask 000; exec "$@"', 'sh', process.execPath, join(packageRoot(), 'bin', 'reprise.js')];
  return new Promise((resolve) => {
    execFile('sh', ['-c', ...line, ...args, '--home', home], { maxBuffer: 1 << 28 }, (error, out, err) => {
      outputs.push(out, err);
      resolve(error === null ? 0 : Number(error.code ?? 1));
    });
  });
}

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    yield join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(join(path, entry.name));
  }
}

/** Everything outside the lake that can be read, decoded. */
async function readable(): Promise<{ name: string; text: string }[]> {
  const found = outputs.map((text, n) => ({ name: `output ${n}`, text }));
  const duck = await openDuck({ memoryMb: 256, threads: 1, tempFolder: join(folder, 'spill') });
  for (const path of filesBelow(home)) {
    if (path.startsWith(join(home, 'lake')) || lstatSync(path).isDirectory()) continue;
    found.push({ name: path, text: readFileSync(path, 'latin1') }, { name: 'name', text: relative(home, path) });
    if (!path.endsWith('.parquet')) continue;
    const rows = await duck.rows(`SELECT CAST(to_json(t) AS VARCHAR) AS row FROM ${readParquet(path)} AS t`);
    found.push({ name: path, text: rows.map(({ row }) => String(row)).join('\n') });
  }
  await duck.close();
  const path = join(home, 'warehouse.duckdb');
  const warehouse = await openDuck({ path, memoryMb: 256, threads: 1, tempFolder: join(folder, 'spill') });
  for (const { table } of await warehouse.rows(
    `SELECT schema_name || '.' || table_name AS "table" FROM duckdb_tables()`,
  )) {
    const rows = await warehouse.rows(`SELECT CAST(to_json(t) AS VARCHAR) AS row FROM ${table} AS t`);
    found.push({ name: String(table), text: rows.map(({ row }) => String(row)).join('\n') });
  }
  await warehouse.close();
  return found;
}

/** Of a digest: eight digits and more, as hex, as base64 and as bytes. */
function traces(content: string | Uint8Array): string[] {
  const digest = createHash('sha256').update(content).digest();
  return [digest.toString('hex').slice(0, 8), digest.toString('base64').slice(0, 8), digest.toString('latin1', 0, 6)];
}

beforeAll(async () => {
  const file = join(folder, 'payments.ndjson');
  writeFileSync(file, `${[...LINES, ...REWRITTEN].join('\n')}\n`);
  expect(await reprise('land', 'pulsecart', file)).toBe(0);
  expect(await reprise('try', 'pulsecart', file, '--limit', '0')).toBe(0);
  expect(await reprise('plan', 'pulsecart', '--all', '--json', '--verbose')).toBe(0);
  expect(await reprise('backfill', 'pulsecart', '--all', '--json', '--verbose')).toBe(0);
  const run = (JSON.parse(outputs.at(-2) ?? '{}') as { runId: string }).runId;
  for (const args of [
    ['diff', run, '--samples', '100'],
    ['diff', run, '--samples', '100', '--json'],
    ['quarantine', 'list', 'pulsecart'],
    ['quarantine', 'list', 'pulsecart', '--json'],
    ['why', 'payment-service:n-0', '--json'],
    ['why', 'payment-service:n-1', '--json'],
    ['verify', 'pulsecart'],
    ['reconcile', 'pulsecart', '--json'],
    ['status', run, '--json'],
    ['doctor'],
    ['land', 'pulsecart', file, '--json'],
  ])
    expect(await reprise(...args), args.join(' ')).toBe(0);
}, 240_000);

describe('what payments hold', () => {
  it('is nowhere but in the lake', async () => {
    const inOtherDigits = (zero: number): string =>
      [...CARD].map((digit) => String.fromCodePoint(zero + Number(digit))).join('');
    const forms = [CARD, ...['.', '/', '\n', '\\n', '\u00a0', ' ', '-'].map(grouped), HOLDER, 'QUXLEY', '"737"'];
    forms.push(inOtherDigits(0xff10), inOtherDigits(0x660), `${CARD.slice(-4)}737`);
    for (const { name, text } of await readable())
      for (const form of forms) {
        expect(text.includes(form) ? `${name} has ${form}` : '').toBe('');
        expect(text.includes(Buffer.from(form).toString('latin1')) ? `${name} has ${form}` : '').toBe('');
      }
  });

  it('is nowhere as a hash without a key', async () => {
    const found: string[] = [];
    const secrets = [
      ...DELIVERIES.flat().filter((text) => text.length > 15),
      CARD,
      ...[...LINES, ...REWRITTEN].flatMap((line) => {
        const read = readDelivery(line);
        if (!('delivery' in read)) throw new Error('no delivery');
        return [read.delivery.body, encodeRecord(read.delivery).record.slice()];
      }),
    ].filter((text) => text !== 'payment-service');
    // Objects hold one of these alone: a hash of the whole file, or of its end, is a hash of the body.
    const objects = [...filesBelow(join(home, 'lake'))].filter((path) => path.endsWith('.parquet'));
    expect(objects).toHaveLength(LINES.length);
    const needles = [...secrets, ...objects.map((path) => readFileSync(path))].flatMap(traces);
    const names = objects.map((path) => ({ name: 'object', text: relative(home, path) }));
    for (const { name, text } of [...(await readable()), ...names])
      for (const needle of needles) if (text.includes(needle)) found.push(`${name}: ${needle}`);
    expect(found).toEqual([]);
  });

  it('lets the greater sha256 decide between copies received at the same time, as ever', () => {
    const notes = outputs
      .filter((text) => text.includes('"winsBy": "greater sha256"'))
      .map((text) => /"name": "note",\s+"value": "([^"]*)"/.exec(text)?.[1]);
    expect(notes).toEqual([expect.stringMatching(/, again !*$/), 'card ****/****/****/6467']);
  });

  it('leaves of sources that are not listed only names', () => {
    const list = outputs.find((text) => text.includes('"byReason"')) ?? '';
    const { entries } = JSON.parse(list) as { entries: { source: string | null; reason: string }[] };
    const sources = entries.filter(({ reason }) => reason === 'unknown_source').map(({ source }) => source);
    expect(sources.sort()).toEqual([
      'web2',
      ...Array.from({ length: 4 }, () => expect.stringMatching(/^~[0-9a-f]{32}, \d+ bytes$/)),
    ]);
  });
});

describe('the home', () => {
  const wide = (): string[] =>
    [home, ...filesBelow(home)]
      .filter((path) => (lstatSync(path).mode & 0o077) !== 0)
      .map((path) => `${relative(home, path)} ${(lstatSync(path).mode & 0o777).toString(8)}`);

  it('is its user’s alone, whatever the umask', () => {
    expect(wide()).toEqual([]);
  });

  it('is closed again where an earlier release, or a person, left it open', async () => {
    for (const name of ['', 'control', 'stage', 'scratch']) chmodSync(join(home, name), 0o755);
    chmodSync(join(home, 'warehouse.duckdb'), 0o644);
    expect(await reprise('status')).toBe(0);
    expect(wide()).toEqual([]);
  });

  it('leaves a lake to which others write as it is, and doctor names what they can reach', async () => {
    const raw = join(home, 'lake', 'raw');
    for (const path of [home, join(home, 'lake'), raw]) chmodSync(path, 0o775);
    const others = join(raw, 'pulsecart', 'dt=2026-06-02');
    mkdirSync(others);
    chmodSync(others, 0o775);
    chmodSync(join(raw, 'pulsecart'), 0o775);
    const file = join(folder, 'later.ndjson');
    writeFileSync(file, (LINES[7] as string).replace('2026-06-01T07', '2026-06-03T07'));
    expect(await reprise('land', 'pulsecart', file)).toBe(0);
    const landed = join(raw, 'pulsecart', 'dt=2026-06-03');
    expect([home, raw, others, landed].map((path) => lstatSync(path).mode & 0o777)).toEqual([
      0o775, 0o775, 0o775, 0o775,
    ]);
    expect(lstatSync(join(home, 'control')).mode & 0o777).toBe(0o700);
    expect(await reprise('doctor')).toBe(0);
    const doctor = outputs.at(-2) ?? '';
    expect(doctor).toMatch(
      /note {2}privacy {3}\d+ files and folders of this user can be reached by others, as \S+ \(775\)/,
    );
    expect(doctor).toContain(`chmod -R go-rwx '${home}'`);
    rmSync(others, { recursive: true });
    chmodSync(join(home, 'lake'), 0o755);
    for (const path of [raw, join(raw, 'pulsecart')]) chmodSync(path, 0o755);
    expect(await reprise('doctor')).toBe(0);
    expect(outputs.at(-2)).toMatch(/ok {4}privacy {3}nobody else can read the home/);
  });
});
