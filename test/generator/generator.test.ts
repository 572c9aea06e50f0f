import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../generator/random.ts';
import { expectedOf, type Sample, type SampleOptions, type SampleSource, toNdjson } from '../../generator/sample.ts';
import { samples as chatorbit } from '../../pipelines/chatorbit/samples.ts';
import { samples as codewave, sampleDocuments } from '../../pipelines/codewave/samples.ts';
import { samples as novadocs } from '../../pipelines/novadocs/samples.ts';
import { samples as promptflow } from '../../pipelines/promptflow/samples.ts';
import { samples as pulsecart, sampleCardNumbers, sampleLookalikes } from '../../pipelines/pulsecart/samples.ts';

const OPTIONS: SampleOptions = { seed: 7, events: 400, from: '2026-03-01', days: 4 };
const SOURCES: readonly SampleSource[] = [pulsecart, chatorbit, promptflow, codewave, novadocs];

/** Names that every pipeline has; what depends on its shapes is below. */
const FAULTS_OF_ALL = `
  bytes_262145 bytes_262144 more_bytes_than_characters source_not_listed empty blank truncated text_after text_before comma_after
  second_document trailing_comma missing_comma missing_colon missing_value comment single_quotes bare_key foreign_white_space
  half_surrogate half_surrogate_in_key nesting_too_deep nesting_never_closed no_json_number no_json_word raw_control_character bad_escape
  root_no_object version_unknown version_null version_as_text versions_one_unknown version_alone object_without_fields required_missing
  required_null number_for_text object_for_text array_for_text boolean_for_text text_for_number array_for_number boolean_for_number
  text_for_object array_for_object number_for_object integer_with_fraction integer_with_exponent integer_beyond_int64 value_not_listed
  text_no_time skew_24h_1ms skew_24h_1us skew_of_a_month skew_24h skew_24h_999ns two_source_and_json two_source_and_version
  two_source_and_skew two_json_and_version two_json_and_field two_json_and_skew two_root_and_version two_version_and_field
  two_version_and_skew two_field_and_skew unknown_field unknown_field_within repeated_key repeated_key_within escapes white_space
  nesting_500 brackets_in_text fields_in_other_order empty_text text_as_sent time_with_offset time_with_9_digits time_with_7_digits
  time_without_zone time_with_utc time_with_space version_absent version_elsewhere versions_agree redelivery correction
  correction_at_once correction_moves_date rejected_copy rejected_first late_hours late_weeks id_to_encode`
  .trim()
  .split(/\s+/);

const FAULTS_OF_ONE: Readonly<Record<string, readonly string[]>> = {
  pulsecart:
    'versions_disagree optional_absent optional_null optional_of_wrong_type text_no_decimal decimal_form money_form text_for_array object_for_array card_at_brand_edge note_quotes_card status_spelling status_not_listed correction_changes_type one_id_two_sources category_id_64_bit id_like_a_card truncated_card'.split(
      ' ',
    ),
  chatorbit:
    'version_absent_where_first_is_not_listed text_for_boolean number_for_boolean optional_absent tool_call_id_again opaque_tool_text slack_time_digits code_points one_id_on_every_platform'.split(
      ' ',
    ),
  promptflow:
    'version_absent_where_first_is_not_listed optional_null server_and_browser browser_corrected_server_later url_as_sent every_referrer session_gap one_id_two_classes revisions'.split(
      ' ',
    ),
  codewave:
    'text_for_array batches_cut_anew operation_from_two_batches copy_with_fewer_operations operation_lost operation_twice_in_a_batch branched operations_before_midnight second_attempt finished_fields_ignored'.split(
      ' ',
    ),
  novadocs:
    'versions_disagree one_id_two_sources tie_of_sources minor_version ids_64_bit properties_as_sent id_not_encoded'.split(
      ' ',
    ),
};

const REASONS = [
  'clock_skew',
  'malformed_json',
  'oversized',
  'schema_violation',
  'unknown_schema_version',
  'unknown_source',
];

function digestOf(samples: readonly Sample[]): string {
  return createHash('sha256').update(JSON.stringify(samples)).digest('hex');
}

describe.each(SOURCES.map((source) => ({ source, name: source.pipeline })))('samples of $name', ({ source, name }) => {
  const samples = source.generate(OPTIONS);

  it('are the same for the same options and others for another seed', () => {
    expect(digestOf(source.generate(OPTIONS))).toBe(digestOf(samples));
    expect(digestOf(source.generate({ ...OPTIONS, seed: 8 }))).not.toBe(digestOf(samples));
  });

  it('hold every fault and variation', () => {
    const found = new Set(samples.map(({ fault }) => fault));
    // Ids of novadocs are bare, so there is nothing to encode.
    const named = [
      ...FAULTS_OF_ALL.filter((fault) => name !== 'novadocs' || fault !== 'id_to_encode'),
      ...FAULTS_OF_ONE[name]!,
    ];
    expect(named.filter((fault) => !found.has(fault))).toEqual([]);
    expect(Object.keys(expectedOf(samples).quarantined).sort()).toEqual(REASONS);
  });

  it('come in the order of received_at, in ISO with milliseconds', () => {
    const received = samples.map(({ received_at }) => received_at);
    expect(received).toEqual([...received].sort());
    expect(received.filter((at) => new Date(at).toISOString() !== at)).toEqual([]);
  });

  it('parse where the contract has them parse, and do not where it says malformed', () => {
    for (const { body, expect: expected, fault } of samples) {
      if (expected.accepted) {
        expect(typeof JSON.parse(body), fault).toBe('object');
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(262_144);
        expect(expected.eventType).toMatch(/^[a-z_]+$/);
        expect(expected.eventId).not.toBe('');
        expect(expected.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      } else if (expected.reason === 'oversized') {
        expect(Buffer.byteLength(body)).toBeGreaterThan(262_144);
      } else if (
        expected.reason === 'malformed_json' &&
        !fault!.startsWith('half_surrogate') &&
        fault !== 'nesting_too_deep'
      ) {
        // JSON.parse takes lone surrogates and any depth; everything else that is malformed it refuses.
        expect(() => JSON.parse(body), fault).toThrow();
      } else if (
        expected.reason === 'schema_violation' ||
        expected.reason === 'unknown_schema_version' ||
        expected.reason === 'clock_skew'
      ) {
        expect(() => JSON.parse(body), fault).not.toThrow();
      }
    }
  });

  it('stay within the skew when accepted, and stand at its edge once', () => {
    const ahead = samples.flatMap(({ expect: expected, received_at }) =>
      expected.accepted ? [Date.parse(`${expected.occurredAt.slice(0, 23)}Z`) - Date.parse(received_at)] : [],
    );
    expect(Math.max(...ahead)).toBe(86_400_000);
  });

  it('have big bodies at both sides of the limit, and few of them', () => {
    const big = samples.map(({ body }) => Buffer.byteLength(body)).filter((bytes) => bytes > 100_000);
    expect(big).toHaveLength(3);
    expect(big).toContain(262_144);
    expect(big).toContain(262_145);
    expect(samples.some(({ body, fault }) => fault === 'more_bytes_than_characters' && body.length < 262_144)).toBe(
      true,
    );
  });

  it('hold no event twice but where a copy is named', () => {
    const plain = samples.filter(
      ({ fault, expect: expected, source: from }) => fault === undefined && expected.accepted && from !== 'web',
    );
    const ids = plain.map(({ expect: expected }) => (expected.accepted ? expected.eventId : ''));
    expect(new Set(ids).size).toBe(ids.length);
    const { events, deliveries } = expectedOf(samples);
    expect(events).toBeGreaterThanOrEqual(OPTIONS.events);
    expect(deliveries).toBe(samples.length);
  });

  it('give ids that a prefix keeps apart', () => {
    const idsOf = (idPrefix: string) =>
      source
        .generate({ ...OPTIONS, idPrefix })
        .flatMap(({ expect: expected }) => (expected.accepted ? [expected.eventId] : []));
    const first = new Set(idsOf('a-'));
    expect(idsOf('b-').filter((id) => first.has(id))).toEqual([]);
  });

  it('spread over the days asked for, with few faults among many events', () => {
    const many = source.generate({ ...OPTIONS, events: 20_000 });
    const { events, eventsByDate, quarantined } = expectedOf(many);
    const inWindow = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'].map((date) => eventsByDate[date]!);
    expect(Math.min(...inWindow)).toBeGreaterThan(events / 6);
    const rejected = Object.values(quarantined).reduce((sum, n) => sum + n, 0);
    expect(rejected / many.length).toBeLessThan(0.025);
    const few = source.generate({ ...OPTIONS, events: 40 });
    expect(few.length).toBeLessThan(200);
  });

  it('spoil every field of every shape by itself', () => {
    const spoilt = source.fieldByField(OPTIONS);
    expect(spoilt.length).toBeGreaterThan(100);
    for (const sample of spoilt) expect(sample.expect).toEqual({ accepted: false, reason: 'schema_violation' });
    expect(new Set(spoilt.map(({ body }) => body)).size).toBe(spoilt.length);
  });
});

describe('expectedOf', () => {
  const accepted = (
    eventId: string,
    eventType: string,
    occurredAt: string,
    source: string,
    received_at: string,
    body: string,
  ): Sample => ({
    source,
    received_at,
    body,
    expect: { accepted: true, eventId, eventType, occurredAt },
  });

  it('takes the later copy, then the greater sha256, and the browser before the server', () => {
    const first = '2026-03-01T10:00:00.000Z';
    const later = '2026-03-01T11:00:00.000Z';
    // sha256 of "{}" begins with 44136f, of "{ }" with 2e6ad4: the former wins a tie.
    const samples: Sample[] = [
      accepted('a', 'old', '2026-03-01T00:00:00.000000Z', 's', first, '{}'),
      accepted('a', 'new', '2026-03-02T00:00:00.000000Z', 's', later, '{ }'),
      accepted('b', 'greater', '2026-03-01T00:00:00.000000Z', 's', first, '{}'),
      accepted('b', 'lesser', '2026-03-02T00:00:00.000000Z', 's', first, '{ }'),
      accepted('page_view:1', 'browser', '2026-03-01T00:00:00.000000Z', 'web', first, '{}'),
      accepted('page_view:1', 'server', '2026-03-02T00:00:00.000000Z', 'backend', later, '{}'),
      { source: 's', received_at: later, body: '', expect: { accepted: false, reason: 'malformed_json' } },
    ];
    const expected = {
      deliveries: 7,
      quarantined: { malformed_json: 1 },
      events: 3,
      eventsByType: { new: 1, greater: 1, browser: 1 },
      eventsByDate: { '2026-03-01': 2, '2026-03-02': 1 },
    };
    expect(expectedOf(samples)).toEqual(expected);
    expect(expectedOf([...samples].reverse())).toEqual(expected);
  });

  it('does not depend on the order of the samples', () => {
    for (const source of SOURCES) {
      const samples = source.generate(OPTIONS);
      expect(expectedOf(randomFrom(1).shuffle(samples))).toEqual(expectedOf(samples));
    }
  });
});

it('toNdjson writes the delivery and nothing of what is expected', () => {
  const samples = pulsecart.generate({ ...OPTIONS, events: 20 });
  const lines = toNdjson(samples).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    samples.map(({ received_at, source, body }) => ({ received_at, source, body })),
  );
  expect(toNdjson([])).toBe('');
});

describe('card numbers of the samples', () => {
  it('are Luhn-valid, bare, and differ from what only looks like them', () => {
    for (const number of [...sampleCardNumbers, ...sampleLookalikes]) {
      const sum = [...number]
        .reverse()
        .reduce(
          (total, digit, i) =>
            total + [...String(Number(digit) * (i % 2 === 1 ? 2 : 1))].reduce((s, d) => s + Number(d), 0),
          0,
        );
      expect(sum % 10, number).toBe(0);
    }
    expect(new Set(sampleCardNumbers).size).toBe(sampleCardNumbers.length);
    expect(sampleCardNumbers.filter((number) => sampleLookalikes.includes(number))).toEqual([]);
  });

  it('come bare, spaced and dashed, and are quoted in notes', () => {
    const text = toNdjson(pulsecart.generate(OPTIONS));
    const bare = text.replaceAll(/[ -]/g, '');
    expect(sampleCardNumbers.filter((number) => !bare.includes(number))).toEqual([]);
    for (const written of [
      /"number\\":\\"\d{13,19}\\"/,
      /\d{4} \d{4} \d{4}/,
      /\d{4}-\d{4}-\d{4}-\d{4}/,
      /"note\\":\\"card \d/,
    ]) {
      expect(written.test(text), String(written)).toBe(true);
    }
  });
});

it('documents of codewave have the text that their operations build', () => {
  const documents = sampleDocuments(OPTIONS);
  const sent = codewave.generate(OPTIONS).filter((sample) => sample.fault === 'batches_cut_anew');
  const release = documents.find(({ doc }) => doc === 'release-notes')!;
  const operations = new Map<number, { patches: [number, number, string][] }>();
  for (const { body } of sent) for (const operation of JSON.parse(body).ops) operations.set(operation.seq, operation);
  const points: string[] = [];
  for (const seq of [...operations.keys()].sort((a, b) => a - b)) {
    for (const [position, deleted, inserted] of operations.get(seq)!.patches)
      points.splice(position, deleted, ...inserted);
  }
  expect(operations.size).toBe(release.operations);
  expect(points.join('')).toBe(release.text);
  expect(documents.filter(({ text }) => text === null).map(({ doc }) => doc)).toEqual(['draft', 'branch']);
});
