// pipelines, try, quarantine, why, diff and doctor on small homes: what they say is held against what the generator
// knows by construction, and nothing that must stay hidden may be in it.

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityName, ownIdentity } from '../../adapters/system/process-identity.ts';
import { expectedOf, type Sample, toNdjson } from '../../generator/sample.ts';
import { samples as codewave } from '../../pipelines/codewave/samples.ts';
import { samples as pulsecart, sampleCardNumbers } from '../../pipelines/pulsecart/samples.ts';
import {
  type DiffDocument,
  type DoctorDocument,
  type EntryDocument,
  needed,
  type QuarantineDocument,
  type RunDocument,
  reprise,
  repriseJson,
  type TryDocument,
  type WhyDocument,
} from './reprise.ts';

const FROM = '2026-06-01';
const orders = pulsecart.generate({ seed: 7, events: 400, from: FROM, days: 2 });
const edits = codewave.generate({ seed: 7, events: 400, from: FROM, days: 1 });
/** What arrives until the end of the window is loaded first; late copies come in a second run. */
const CUT = '2026-06-03';
const early = orders.filter((sample) => sample.received_at < CUT);
const late = orders.filter((sample) => sample.received_at >= CUT);

let folder: string;
let home: string;
let first: RunDocument;
let second: RunDocument;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-cli-'));
  home = join(folder, 'home');
  const files = { early, late, edits };
  for (const [name, samples] of Object.entries(files))
    await writeFile(join(folder, `${name}.ndjson.gz`), gzipSync(toNdjson(samples)));
  const landed = async (pipeline: string, file: string) => {
    const { exit, err } = await reprise(home, 'land', pipeline, join(folder, `${file}.ndjson.gz`));
    expect(exit, err).toBe(0);
  };
  await landed('pulsecart', 'early');
  first = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--no-verify');
  await landed('pulsecart', 'late');
  second = await repriseJson<RunDocument>(home, 'backfill', 'pulsecart', '--all', '--yes', '--no-verify');
  await landed('codewave', 'edits');
  await repriseJson<RunDocument>(home, 'backfill', 'codewave', '--all', '--no-verify');
  expect([first.state, second.state]).toEqual(['succeeded', 'succeeded']);
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Bare, spaced or dashed, wherever it stands. */
function expectNoCards(text: string): void {
  const digits = text.replaceAll(/(?<=\d)[ -](?=\d)/g, '');
  for (const number of sampleCardNumbers) expect(digits.includes(number), `card ${number.slice(0, 4)}…`).toBe(false);
}

const rejectedOf = (samples: readonly Sample[], reason: string): Sample[] =>
  samples.filter(({ expect: e }) => !e.accepted && e.reason === reason);

describe('quarantine', () => {
  it('counts what the generator had rejected, by reason', async () => {
    const { total, byReason } = await repriseJson<QuarantineDocument>(home, 'quarantine', 'list', 'pulsecart');
    expect(byReason).toEqual(expectedOf(orders).quarantined);
    expect(total).toBe(Object.values(expectedOf(orders).quarantined).reduce((sum, n) => sum + n, 0));
  });

  it('filters by reason, date and number', async () => {
    const list = await repriseJson<QuarantineDocument>(
      home,
      ...['quarantine', 'list', 'pulsecart', '--reason', 'malformed_json'],
      ...['--from', FROM, '--to', '2026-06-02', '--limit', '3'],
    );
    expect(list.entries).toHaveLength(3);
    for (const entry of list.entries) expect(entry).toMatchObject({ reason: 'malformed_json', date: FROM });
    expect(Object.keys(list.byReason)).toEqual(['malformed_json']);
  });

  it('shows every kind of entry without a value of its body', async () => {
    const { entries } = await repriseJson<QuarantineDocument>(
      home,
      'quarantine',
      'list',
      'pulsecart',
      '--limit',
      '1000',
    );
    const shown = new Set<string>();
    for (const entry of entries) {
      const isSecret = entry.source === 'payment-service';
      const kind = `${entry.reason} ${isSecret}`;
      if (shown.has(kind)) continue;
      shown.add(kind);
      const document = await repriseJson<EntryDocument>(home, 'quarantine', 'show', 'pulsecart', entry.id);
      expectNoCards(JSON.stringify(document));
      expect(document.today).toMatchObject({ accepted: false, reason: entry.reason });
      expect(document.raw.command).toContain(`file_row_number = ${entry.rawRow}`);
      const isUnlisted = entry.reason === 'unknown_source';
      if (isSecret || isUnlisted) {
        expect(Object.keys(document.preview).sort()).toEqual(['because', 'bytes', 'kind']);
        expect(document.eventId).toBeNull();
      } else if (document.preview.kind === 'structure') {
        for (const node of document.preview.nodes ?? []) expect(Object.keys(node)).not.toContain('value');
      }
    }
    expect(shown.size).toBeGreaterThan(6);
  }, 120_000);

  it('says of malformed JSON where it breaks', async () => {
    const { entries } = await repriseJson<QuarantineDocument>(
      home,
      'quarantine',
      'list',
      'pulsecart',
      '--reason',
      'malformed_json',
    );
    const entry = needed(
      entries.find((one) => one.source !== 'payment-service' && !one.detail.includes('UTF-8')),
      'malformed delivery',
    );
    const { out } = await reprise(
      home,
      'quarantine',
      'show',
      'pulsecart',
      '--object',
      entry.rawObject,
      '--row',
      String(entry.rawRow),
    );
    expect(out).toMatch(/body of .* bytes\), no JSON: \w+ at character [\d,]+/);
  });

  it('says what to give when the entry is not there', async () => {
    const { exit, err } = await reprise(home, 'quarantine', 'show', 'pulsecart', 'raw/pulsecart/none.parquet#0');
    expect(exit).toBe(2);
    expect(err).toContain('reprise quarantine list pulsecart');
  });
});

describe('why', () => {
  const copiesOf = (samples: readonly Sample[], id: string): Sample[] =>
    samples.filter(({ expect: e }) => e.accepted && e.eventId === id);

  it('names the winning copy of a corrected event, and the rule', async () => {
    const correction = late.find(
      ({ expect: e, fault }) => e.accepted && fault === 'late_weeks' && copiesOf(early, e.eventId).length > 0,
    );
    if (correction?.expect.accepted !== true) throw new Error('the generator made no late correction');
    const { stories } = await repriseJson<WhyDocument>(home, 'why', correction.expect.eventId);
    expect(stories).toHaveLength(1);
    const story = needed(stories[0], 'story');
    expect(story).toMatchObject({ pipeline: 'pulsecart', kind: 'event', winsBy: 'received later', agrees: true });
    expect(story.copies).toHaveLength(copiesOf(orders, correction.expect.eventId).length);
    const winner = needed(
      story.copies.find((copy) => copy.winner),
      'winner',
    );
    expect(new Date(winner.receivedAt).toISOString()).toBe(correction.received_at);
    expect(story.rows[0]).toMatchObject({ table: 'pulsecart.events', agreement: 'agrees', runId: second.runId });
    for (const copy of story.copies.filter((one) => !one.winner)) expect(copy.losesBy).toBe('received later');
  });

  it('tells where each column comes from', async () => {
    const order = early.find(({ expect: e, source }) => e.accepted && source === 'order-service');
    if (order?.expect.accepted !== true) throw new Error('the generator made no order');
    const { out } = await reprise(home, 'why', order.expect.eventId, '--pipeline', 'pulsecart');
    expect(out).toMatch(/customer_id .*(order\.customer|data\.customerId)/);
    expect(out).toContain('the warehouse agrees with raw and today’s transforms');
  });

  it('tells of an event that only has rejected copies', async () => {
    const skewed = needed(rejectedOf(orders, 'clock_skew')[0], 'skewed delivery');
    const { event_id: v1, eventId: v2 } = JSON.parse(skewed.body) as { event_id?: string; eventId?: string };
    const id = `${skewed.source}:${v1 ?? v2}`;
    const { stories } = await repriseJson<WhyDocument>(home, 'why', id, '--pipeline', 'pulsecart');
    expect(stories[0]).toMatchObject({ winner: null, rows: [] });
    expect(stories[0]?.copies[0]).toMatchObject({ accepted: false, reason: 'clock_skew' });
  });

  it('ranks the batches that offer one operation', async () => {
    const offers = new Map<string, number>();
    for (const { body, expect: e } of edits) {
      if (!e.accepted || e.eventType !== 'edit_batch') continue;
      const batch = JSON.parse(body);
      for (const { seq } of batch.ops) {
        const id = `op:${String(batch.doc).replaceAll('%', '%25').replaceAll(':', '%3A')}:${seq}`;
        offers.set(id, (offers.get(id) ?? 0) + 1);
      }
    }
    const contested = [...offers].filter(([, n]) => n > 1).map(([id]) => id);
    const { stories } = await repriseJson<WhyDocument>(home, 'why', contested[0] ?? '', '--pipeline', 'codewave');
    const story = needed(stories[0], 'story');
    expect(story).toMatchObject({ kind: 'offered', agrees: true });
    expect(story.copies.length).toBeGreaterThan(1);
    expect(story.rows.map((row) => row.table)).toEqual(['codewave.edit_operations']);
  });

  it('hides restricted values', async () => {
    const finished = edits.find(
      ({ expect: e, body }) => e.accepted && e.eventType === 'execution_finished' && JSON.parse(body).stdout.length > 3,
    );
    if (finished?.expect.accepted !== true) throw new Error('the generator made no execution with output');
    const { stories } = await repriseJson<WhyDocument>(
      home,
      ...['why', finished.expect.eventId, '--pipeline', 'codewave'],
    );
    const row = stories[0]?.rows.find((one) => one.table === 'codewave.executions');
    expect(row?.columns.find((column) => column.name === 'stdout')).toMatchObject({
      value: '(restricted)',
      today: '(restricted)',
    });
  });

  it('says how ids are made when there is no such event', async () => {
    const { exit, err } = await reprise(home, 'why', 'nothing:at all');
    expect(exit).toBe(2);
    expect(err).toContain('reprise pipelines show');
  });
});

describe('diff', () => {
  it('has the counts of the run', async () => {
    for (const run of [first, second]) {
      const { tables, published } = await repriseJson<DiffDocument>(home, 'diff', run.runId);
      expect(published).toBe(true);
      for (const [name, counts] of Object.entries<Record<string, number>>(run.tables)) {
        const { inserted, updated, deleted } = needed(tables[name], name);
        expect({ name, inserted, updated, deleted }).toEqual({
          name,
          inserted: counts.inserted,
          updated: counts.updated,
          deleted: counts.deleted,
        });
      }
    }
  });

  it('tells causes and columns before and after', async () => {
    const { tables } = await repriseJson<DiffDocument>(home, 'diff', second.runId, '--samples', '50');
    const { causes, columns, samples } = needed(tables['pulsecart.events'], 'table events');
    const byCause = Object.fromEntries(causes.map((one) => [one.cause, one.rows]));
    expect(byCause).toEqual(second.causes);
    expect(byCause.correction).toBeGreaterThan(0);
    const received = columns.find((one) => one.column === 'received_at');
    expect(received?.rows).toBe(second.tables['pulsecart.events']?.updated);
    const names = columns.map((one) => one.column);
    for (const metadata of ['_run_id', '_published_at', '_transform_version', '_row_hash', '_content_hash'])
      expect(names).not.toContain(metadata);
    const update = needed(
      samples.find((one) => one.action === 'update'),
      'updated row',
    );
    expect(update.values.length).toBeGreaterThan(0);
    for (const { before, after } of update.values) expect(before).not.toEqual(after);
  });

  it('shows neither cards nor restricted values', async () => {
    for (const { runId } of [first, second])
      expectNoCards((await reprise(home, 'diff', runId, '--samples', '500', '--json')).out);
    const runs = await repriseJson<{ runId: string; pipeline: string }[]>(home, 'status');
    const { runId } = needed(
      runs.find((run) => run.pipeline === 'codewave'),
      'run of codewave',
    );
    const { tables } = await repriseJson<DiffDocument>(home, 'diff', runId, '--samples', '500');
    const outputs = needed(tables['codewave.executions'], 'table executions')
      .samples.flatMap((row) => row.values)
      .filter((value) => value.column === 'stdout');
    expect(outputs.length).toBeGreaterThan(0);
    for (const value of outputs)
      expect(value).toEqual({ column: 'stdout', before: '(restricted)', after: '(restricted)' });
    expect(tables['codewave.edit_operations']?.causes.map(({ cause }) => cause)).toEqual(['first_load']);
    expect(tables['codewave.edit_operations']?.inserted).toBeGreaterThan(0);
  });

  it('reads well', async () => {
    const { out } = await reprise(home, 'diff', second.runId, '--samples', '1');
    expect(out).toContain(`run ${second.runId}  pulsecart  succeeded: what it changed`);
    expect(out).toMatch(/correction +update +events +\d+ +another delivery of the event wins now/);
    expect(out).toContain(`next: reprise verify ${second.runId}`);
  });
});

describe('try', () => {
  it('accepts and rejects as the generator says, and lands nothing', async () => {
    const nowhere = join(folder, 'nowhere');
    const file = join(folder, 'early.ndjson.gz');
    const document = await repriseJson<TryDocument>(nowhere, 'try', 'pulsecart', file, '--limit', '0');
    expect(document).toMatchObject({ tried: early.length, rejected: expectedOf(early).quarantined, more: false });
    for (const [place, { outcome }] of document.deliveries.entries()) {
      const wanted = early[place]?.expect;
      expect(outcome.accepted).toBe(wanted?.accepted);
      if (wanted?.accepted === true) expect(outcome.eventId).toBe(wanted.eventId);
      else expect(outcome.reason).toBe(wanted?.reason);
    }
    expectNoCards(JSON.stringify(document));
    await expect(readdir(nowhere)).rejects.toThrow(/ENOENT/);
  });

  it('stops at the limit, and hides restricted columns', async () => {
    const file = join(folder, 'edits.ndjson.gz');
    const document = await repriseJson<TryDocument>(home, 'try', 'codewave', file, '--limit', '5');
    expect(document).toMatchObject({ tried: 5, more: true });
    const { out } = await reprise(home, 'try', 'codewave', file, '--limit', '0');
    expect(out).toContain('(restricted)');
    expect(out).toContain('nothing was landed');
  });
});

describe('pipelines', () => {
  it('lists, and shows where every column comes from', async () => {
    const list = await repriseJson<{ name: string }[]>(home, 'pipelines');
    expect(list.map((one) => one.name)).toEqual(['chatorbit', 'codewave', 'novadocs', 'promptflow', 'pulsecart']);
    const { out } = await reprise(home, 'pipelines', 'show', 'pulsecart');
    expect(out).toMatch(/card_brand +text +function of payment\.card\.number \(secret\) +all +masked/);
    expect(out).toMatch(/total +decimal +function of order\.lines\[\]\.qty, order\.lines\[\]\.price +order_v1/);
  });
});

describe('doctor', () => {
  it('finds nothing wrong with a sound home, nor without a home', async () => {
    expect(await reprise(home, 'doctor')).toMatchObject({ exit: 0, out: expect.stringContaining('nothing is wrong') });
    const none = await reprise(join(folder, 'none'), 'doctor');
    expect(none).toMatchObject({ exit: 0, out: expect.stringContaining('reprise init') });
  });

  it('tells scratch of a dead process, a ledger that was changed, and a folder that is no home', async () => {
    const sick = join(folder, 'sick');
    await reprise(sick, 'init');
    await mkdir(join(sick, 'scratch', identityName({ ...ownIdentity(), pid: 2147483646 })), { recursive: true });
    await mkdir(join(sick, 'control', 'ledger', 'pulsecart'), { recursive: true });
    await writeFile(join(sick, 'control', 'ledger', 'pulsecart', '00000001.json'), '{"previous":"none"}');
    const { checks, ok } = await repriseJson<DoctorDocument>(sick, 'doctor');
    expect(ok).toBe(false);
    const of = (name: string) => checks.find((one) => one.check === name);
    expect(of('scratch')).toMatchObject({ state: 'note', says: expect.stringContaining('1 folder') });
    expect(of('ledger')).toMatchObject({ state: 'wrong', fix: expect.stringContaining('backup') });
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'notes.txt'), 'mine');
    expect(await reprise(other, 'doctor')).toMatchObject({ exit: 1, out: expect.stringContaining('WRONG home') });
  });
});
