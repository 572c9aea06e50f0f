// Fields that are missing, of the wrong type or form, or outside a listed set: each makes a schema violation of a good event.

import { fieldAt, isoOfMs, type Json, Verbatim, withField, writeJson } from './body.ts';
import { type Draft, type Field, type FieldKind, reject, type Sample } from './draft.ts';
import { type Entry, rejecting } from './entry.ts';

/** The first column names the fault, the second the kinds of field that it can be laid over. */
const WRONG_VALUES: readonly (readonly [string, readonly FieldKind[], (before: Json) => Json])[] = [
  ['number_for_text', ['text', 'choice', 'decimal', 'time', 'slackTime'], () => 12345],
  ['object_for_text', ['text', 'choice', 'decimal', 'time', 'slackTime'], (before) => ({ value: before })],
  ['array_for_text', ['text', 'choice', 'decimal', 'time'], (before) => [before]],
  ['boolean_for_text', ['text', 'choice'], () => true],
  ['text_for_number', ['integer', 'number', 'money', 'epoch'], (before) => textOf(before)],
  ['array_for_number', ['integer', 'number', 'money', 'epoch'], (before) => [before]],
  ['boolean_for_number', ['integer', 'number', 'money', 'epoch'], () => true],
  ['text_for_boolean', ['boolean'], () => 'true'],
  ['number_for_boolean', ['boolean'], () => 1],
  ['text_for_object', ['object'], (before) => writeJson(before)],
  ['array_for_object', ['object'], (before) => [before]],
  ['number_for_object', ['object'], () => 0],
  ['text_for_array', ['array'], (before) => writeJson(before)],
  ['object_for_array', ['array'], () => ({})],
  ['integer_with_fraction', ['integer', 'epoch'], (before) => new Verbatim(`${textOf(before)}.0`)],
  ['integer_with_fraction', ['integer', 'epoch'], (before) => new Verbatim(`${textOf(before)}.5`)],
  ['integer_with_exponent', ['integer', 'epoch'], (before) => new Verbatim(`${textOf(before)}e0`)],
  ['integer_with_exponent', ['integer', 'epoch'], (before) => new Verbatim(`${textOf(before)}E+0`)],
  ['integer_beyond_int64', ['integer', 'epoch'], () => new Verbatim('9223372036854775808')],
  ['integer_beyond_int64', ['integer', 'epoch'], () => new Verbatim('-9223372036854775809')],
  ['integer_beyond_int64', ['integer'], () => new Verbatim('123456789012345678901234567890')],
  ['value_not_listed', ['choice'], (before) => `${textOf(before)}.other`],
  ['value_not_listed', ['choice'], (before) => ` ${textOf(before)}`],
  ['value_not_listed', ['choice'], () => ''],
];

const NO_DECIMALS = [
  '1,50',
  '12.',
  '.5',
  '+1.50',
  '',
  ' 1.5',
  '8.47\n',
  '0x1F',
  'NaN',
  'Infinity',
  'twelve',
  '1e',
  '1.5 GBP',
  '1.2.3',
  '--1',
  '١٢',
];

/** Each is made from a good `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
const NO_TIMES: readonly ((good: string) => string)[] = [
  () => '',
  () => 'yesterday',
  () => '01/07/2026 09:00',
  (good) => good.slice(0, 10),
  (good) => good.slice(0, 16),
  (good) => `${good.slice(0, 5)}02-30${good.slice(10)}`,
  (good) => `${good.slice(0, 5)}13-01${good.slice(10)}`,
  (good) => `${good.slice(0, 5)}00-10${good.slice(10)}`,
  (good) => `${good.slice(0, 11)}25:00:00Z`,
  (good) => `${good.slice(0, 11)}09:60:00Z`,
  (good) => `${good.slice(0, 19)}z`,
  (good) => `${good.slice(0, 10)}t${good.slice(11)}`,
  (good) => `${good.slice(0, 10)}  ${good.slice(11)}`,
  (good) => `${good.slice(0, 19)}.1234567890Z`,
  (good) => `${good.slice(0, 19)},123Z`,
  (good) => `${good.slice(0, 19)}+0200`,
  (good) => `${good.slice(0, 19)} GMT`,
  (good) => ` ${good}`,
  (good) => `${good}\n`,
  (good) => `0000${good.slice(4)}`,
  (good) => `1${good}`,
  (good) => String(Date.parse(good)),
];

const NO_SLACK_TIMES = [
  '',
  'now',
  '1780303117.1234567',
  '1780303117.',
  '.000100',
  '1780303117,000100',
  ' 1780303117.000100',
  '2026-06-01T08:38:37Z',
];

function textOf(value: Json): string {
  return typeof value === 'string' ? value : writeJson(value);
}

/** Items of an array cannot be missing, and a version field never is. */
function canBeMissing(field: Field): boolean {
  return !field.optional && !/\.\d+$/.test(field.path);
}

function onField(
  name: string,
  fits: (field: Field) => boolean,
  change: (before: Json, draft: Draft, field: Field) => Json | undefined,
): Entry {
  return rejecting(
    name,
    'schema_violation',
    (draft, _, random) => {
      const field = random.pick(draft.shape.fields.filter(fits));
      const before = fieldAt(draft.body, field.path);
      if (before === undefined)
        throw new Error(`${draft.shape.source} ${draft.eventType}: the drawn body has no ${field.path}`);
      return writeJson(withField(draft.body, field.path, change(before, draft, field)));
    },
    ({ shape }) => shape.fields.some(fits),
  );
}

export function fieldFaults(): Entry[] {
  const ofKind =
    (...kinds: readonly FieldKind[]) =>
    (field: Field) =>
      kinds.includes(field.kind);
  const atIso = (draft: Draft) => isoOfMs(Math.floor(draft.occurredMicros / 1000));
  return [
    ...[1, 2, 3].map(() => onField('required_missing', canBeMissing, () => undefined)),
    ...[1, 2, 3].map(() =>
      onField(
        'required_null',
        (field) => !field.optional,
        () => null,
      ),
    ),
    ...WRONG_VALUES.map(([name, kinds, wrong]) => onField(name, ofKind(...kinds), wrong)),
    onField(
      'optional_of_wrong_type',
      (field) => field.optional && field.kind === 'text',
      () => 12345,
    ),
    onField(
      'optional_of_wrong_type',
      (field) => field.optional,
      () => ({}),
    ),
    ...NO_DECIMALS.map((text) => onField('text_no_decimal', ofKind('decimal'), () => text)),
    ...NO_TIMES.map((spoil) => onField('text_no_time', ofKind('time'), (_, draft) => spoil(atIso(draft)))),
    ...NO_SLACK_TIMES.map((text) => onField('text_no_time', ofKind('slackTime'), () => text)),
  ];
}

/** Each field of a draft with each fault that fits it, as one rejected delivery each. */
export function everyFieldFault(draft: Draft, receivedMs: number): Sample[] {
  const good = isoOfMs(Math.floor(draft.occurredMicros / 1000));
  return draft.shape.fields.flatMap((field) => {
    const before = fieldAt(draft.body, field.path)!;
    const spoilt = (fault: string, value: Json | undefined) =>
      reject(
        draft.shape.source,
        receivedMs,
        writeJson(withField(draft.body, field.path, value)),
        'schema_violation',
        fault,
      );
    return [
      ...(canBeMissing(field) ? [spoilt('required_missing', undefined)] : []),
      ...(field.optional ? [] : [spoilt('required_null', null)]),
      ...WRONG_VALUES.filter(([, kinds]) => kinds.includes(field.kind)).map(([fault, , wrong]) =>
        spoilt(fault, wrong(before)),
      ),
      ...(field.kind === 'decimal' ? NO_DECIMALS.map((text) => spoilt('text_no_decimal', text)) : []),
      ...(field.kind === 'time' ? NO_TIMES.map((spoil) => spoilt('text_no_time', spoil(good))) : []),
      ...(field.kind === 'slackTime' ? NO_SLACK_TIMES.map((text) => spoilt('text_no_time', text)) : []),
    ];
  });
}
