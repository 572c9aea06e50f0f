// What the contract accepts although it looks odd: other texts of the same event, and other forms of the same values.

import { fieldAt, isoOfMs, type Json, Verbatim, type WritingStyle, withField, writeJson } from './body.ts';
import { accept, type Draft, type Field, type FieldKind, movedTo } from './draft.ts';
import { accepting, type Entry } from './entry.ts';
import { NESTING_LEVELS_MAX } from './limits.ts';
import { nestedField, withTail } from './malformed.ts';
import type { Random } from './random.ts';

function escapedAll(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) quoted += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return `${quoted}"`;
}

function escapedSome(text: string): string {
  return JSON.stringify(text).replaceAll('/', '\\/').replaceAll('e', '\\u0065').replaceAll('1', '\\u0031');
}

export function acceptedTexts(): Entry[] {
  const styled = (name: string, style: (random: Random) => WritingStyle) =>
    accepting(name, (draft, random) => writeJson(draft.body, style(random)));
  const tail = (name: string, field: (draft: Draft) => string) =>
    accepting(name, (draft) => withTail(writeJson(draft.body), field(draft)));
  const top = (draft: Draft) => draft.shape.fields[0]!.path.split('.')[0]!;
  return [
    tail('unknown_field', () => '"debug":{"trace":[1,2.5e-3,null,true,"\\u00e9"],"":""}'),
    tail('unknown_field', () => '"__proto__":{"polluted":true},"constructor":null,"toString":[]'),
    tail('unknown_field', () => '"Type":"other","ID":7,"AT":null'),
    tail('unknown_field', () => '"debug":[1e400,-0,0.1e-400,123456789012345678901234567890]'),
    accepting('unknown_field', (draft) => withHead(writeJson(draft.body), '"0":0')),
    accepting(
      'unknown_field_within',
      (draft) => writeJson(withField(draft.body, `${objectOf(draft)}.debug`, { level: 3 })),
      ({ shape }) => shape.fields.some(isPlainObject),
    ),
    tail('repeated_key', (draft) => `${JSON.stringify(top(draft))}:null`),
    tail('repeated_key', (draft) => `${escapedAll(top(draft))}:{"second":true}`),
    tail('repeated_key', (draft) => `${JSON.stringify(draft.shape.timePath.split('.')[0]!)}:"2001-01-01T00:00:00Z"`),
    accepting(
      'repeated_key',
      (draft) =>
        writeJson(withField(draft.body, draft.shape.versionPath ?? 'v', draft.shape.version)).replace(/}$/, ',"v":99}'),
      ({ shape }) => shape.versionPath === undefined || shape.versionPath === 'v',
    ),
    accepting(
      'repeated_key_within',
      (draft) => {
        const path = objectOf(draft);
        const within = draft.shape.fields
          .find((field) => field.path.startsWith(`${path}.`))!
          .path.slice(path.length + 1)
          .split('.')[0]!;
        const object = withTail(writeJson(fieldAt(draft.body, path)!), `${JSON.stringify(within)}:[]`);
        return writeJson(withField(draft.body, path, new Verbatim(object)));
      },
      ({ shape }) => shape.fields.some(isPlainObject),
    ),
    styled('escapes', () => ({ string: escapedAll })),
    styled('escapes', () => ({ string: escapedSome })),
    styled('white_space', (random) => ({ space: () => random.pick(['', '', ' ', '\n', '\r\n', '\t', '  ']) })),
    accepting('white_space', (draft) => `\r\n\t ${writeJson(draft.body)} \n\n`),
    tail('nesting_500', () => nestedField(NESTING_LEVELS_MAX)),
    tail('brackets_in_text', () => `"debug":"${'['.repeat(NESTING_LEVELS_MAX + 100)}"`),
    accepting('fields_in_other_order', (draft) => writeJson(Object.fromEntries(Object.entries(draft.body).reverse()))),
  ];
}

function withHead(text: string, field: string): string {
  return `{${field},${text.slice(1)}`;
}

/** An object that the shape describes and that stands outside arrays: unknown fields and repeated keys mean nothing in it. */
function isPlainObject(field: Field, _: number, fields: readonly Field[]): boolean {
  return (
    field.kind === 'object' &&
    !/\.\d+(\.|$)/.test(field.path) &&
    fields.some((other) => other.path.startsWith(`${field.path}.`))
  );
}

function objectOf(draft: Draft): string {
  return draft.shape.fields.find(isPlainObject)!.path;
}

const OTHER_TIMES: readonly (readonly [string, (iso: string) => string])[] = [
  ['time_with_offset', (iso) => `${shifted(iso, 120).slice(0, -1)}+02:00`],
  ['time_with_offset', (iso) => `${shifted(iso, -570).slice(0, -1)}-09:30`],
  ['time_with_offset', (iso) => `${iso.slice(0, -1)}-00:00`],
  ['time_with_9_digits', (iso) => `${iso.slice(0, -1)}000999Z`],
  ['time_with_7_digits', (iso) => `${iso.slice(0, 10)} ${iso.slice(11, -1)}0009`],
  ['time_without_zone', (iso) => iso.slice(0, -1)],
  ['time_with_utc', (iso) => `${iso.slice(0, 10)} ${iso.slice(11, -1)} UTC`],
  ['time_with_utc', (iso) => `${iso.slice(0, -1)} UTC`],
  ['time_with_space', (iso) => iso.replace('T', ' ')],
];

function shifted(iso: string, minutes: number): string {
  return isoOfMs(Date.parse(iso) + minutes * 60_000);
}

export function acceptedValues(): Entry[] {
  const withValue = (
    name: string,
    fits: (field: Field) => boolean,
    value: (before: Json, draft: Draft) => Json | undefined,
  ): Entry =>
    accepting(
      name,
      (draft, random) => {
        const field = random.pick(draft.shape.fields.filter(fits));
        return writeJson(withField(draft.body, field.path, value(fieldAt(draft.body, field.path)!, draft)));
      },
      ({ shape }) => shape.fields.some(fits),
    );
  const ofKind = (kind: FieldKind) => (field: Field) => field.kind === kind;
  const freeText = (name: string, text: string): Entry =>
    accepting(name, (draft) => writeJson(withField(draft.body, draft.shape.freeText, text)));
  const toMs = (draft: Draft) => movedTo(draft, Math.floor(draft.occurredMicros / 1000) * 1000);
  return [
    withValue(
      'optional_absent',
      (field) => field.optional,
      () => undefined,
    ),
    withValue(
      'optional_null',
      (field) => field.optional,
      () => null,
    ),
    freeText('empty_text', ''),
    freeText('text_as_sent', ' 👩🏽‍💻 "quoted" \\ back\tslash\u2028 漢字 \u0001 𝒳 null '),
    ...['6E+1', '1.5e2', '0', '-0.00', '12e-3', '007.50', '1234567.8901'].map((text) =>
      withValue('decimal_form', ofKind('decimal'), () => text),
    ),
    ...['6E+1', '1.5e2', '0', '-0.00', '12e-3', '1234567.8901'].map((text) =>
      withValue('money_form', ofKind('money'), () => new Verbatim(text)),
    ),
    ...OTHER_TIMES.map(
      ([name, write]): Entry => ({
        name,
        applies: ({ shape }) => shape.timeKind === 'time',
        lay: (draft, at) => {
          const exact = toMs(draft);
          return accept(
            {
              ...exact,
              body: withField(exact.body, draft.shape.timePath, write(isoOfMs(exact.occurredMicros / 1000))),
            },
            at,
            name,
          );
        },
      }),
    ),
  ];
}
