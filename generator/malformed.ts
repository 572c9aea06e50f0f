// Texts that are not exactly one RFC 8259 text, each made from the text of a good JSON object. Of every entry it holds that
// the good text parses and this one does not. Whether a delivery is oversized or of an unknown source is not decided here.

import { NESTING_LEVELS_MAX } from './limits.ts';
import type { Random } from './random.ts';

export type TextFault = readonly [name: string, spoil: (text: string, random: Random) => string];

/** The object with one more field at its end, whose value (or whole text) is given as it is. */
export function withTail(text: string, field: string): string {
  return `${text.slice(0, -1)}${text.length > 2 ? ',' : ''}${field}}`;
}

/** A field that no shape knows, holding arrays so that the deepest stands on the given level; the root is level 1. */
export function nestedField(levels: number): string {
  return `"debug":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}`;
}

const NUMBERS_THAT_JSON_HAS_NOT = [
  'NaN',
  'Infinity',
  '-Infinity',
  '01',
  '-01',
  '.5',
  '1.',
  '+1',
  '1e',
  '1e+',
  '-',
  '0x10',
  '1_000',
  '1,5',
];
const WORDS_THAT_JSON_HAS_NOT = ['True', 'None', 'undefined', 'nul', ''];
const STRINGS_THAT_JSON_HAS_NOT: readonly (readonly [string, string])[] = [
  ['raw_control_character', '"line\nbreak"'],
  ['raw_control_character', '"a\ttab"'],
  ['raw_control_character', '"nul \u0000"'],
  ['raw_control_character', '"\u001f"'],
  ['bad_escape', '"\\x41"'],
  ['bad_escape', '"\\u12"'],
  ['bad_escape', '"\\u00g0"'],
  ['bad_escape', '"\\"'],
  ['half_surrogate', '"ok \\ud83d!"'],
  ['half_surrogate', '"\\ude00"'],
  ['half_surrogate', '"\\ud83d\\ud83d"'],
  ['half_surrogate', '"\\ude00\\ud83d"'],
  ['half_surrogate', '"\\ud83d\\u0041"'],
  ['half_surrogate', '[["\\uDBFF"]]'],
];

export const MALFORMED: readonly TextFault[] = [
  ['empty', () => ''],
  ['blank', () => ' \r\n\t'],
  ['truncated', (text, random) => text.slice(0, random.integer(1, text.length - 1))],
  ['truncated', (text) => text.slice(0, Math.floor(text.length / 2))],
  ['truncated', (text) => text.slice(0, -1)],
  ['text_after', (text) => `${text} ok`],
  ['text_after', (text) => `${text};`],
  ['text_after', (text) => `${text}}`],
  ['text_before', (text) => `)]}'\n${text}`],
  ['comma_after', (text) => `${text},`],
  ['second_document', (text) => `${text}\n{}`],
  ['second_document', (text) => text + text],
  ['trailing_comma', (text) => `${text.slice(0, -1)},}`],
  ['trailing_comma', (text) => withTail(text, '"debug":[1,2,]')],
  ['missing_comma', (text) => withTail(text, '"debug":1 "trace":2')],
  ['missing_colon', (text) => withTail(text, '"debug" 1')],
  ['missing_value', (text) => withTail(text, '"debug":')],
  ['comment', (text) => `// sent by hand\n${text}`],
  ['comment', (text) => `${text}/* ok */`],
  ['comment', (text) => withTail(text, '"debug":1 # later')],
  ['single_quotes', (text) => withTail(text, "'debug':1")],
  ['single_quotes', (text) => withTail(text, '"debug":\'on\'')],
  ['bare_key', (text) => withTail(text, 'debug:1')],
  ['foreign_white_space', (text) => `${text}\u00a0`],
  ['foreign_white_space', (text) => withTail(text, '"debug":\u000b1')],
  ['half_surrogate_in_key', (text) => withTail(text, '"de\\ud83dbug":1')],
  ['nesting_too_deep', (text) => withTail(text, nestedField(NESTING_LEVELS_MAX + 1))],
  [
    'nesting_too_deep',
    (text) => withTail(text, `${'"debug":{'.repeat(NESTING_LEVELS_MAX)}${'}'.repeat(NESTING_LEVELS_MAX)}`),
  ],
  ['nesting_too_deep', (text) => withTail(text, nestedField(20_000))],
  ['nesting_never_closed', (text) => `${text.slice(0, -1)},"debug":${'['.repeat(5_000)}`],
  ...NUMBERS_THAT_JSON_HAS_NOT.map(
    (number): TextFault => ['no_json_number', (text) => withTail(text, `"score":${number}`)],
  ),
  ...WORDS_THAT_JSON_HAS_NOT.map(
    (word): TextFault => ['no_json_word', (text) => withTail(text, `"debug":[${word},1]`)],
  ),
  ...STRINGS_THAT_JSON_HAS_NOT.map(
    ([name, string]): TextFault => [name, (text) => withTail(text, `"debug":${string}`)],
  ),
];
