// Text from outside (names, arguments, bodies, messages) made safe to show: what would act on a terminal, or change the
// order in which its text is read, is shown as an escape.

/** Control characters (C0, DEL, C1), line and paragraph separators, marks of writing direction. Not the line break. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Lines as a terminal may have them. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped);

/** One line, whatever the text holds. */
export const visibleLine = (text: string): string => visible(text).replaceAll('\n', '\\n');

/** JSON of the same value whose text holds nothing of the kind either; JSON itself escapes C0 alone. */
export const visibleJson = (json: string): string =>
  json.replace(UNSEEN, (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`);

const escaped = (character: string): string => {
  const short = { '\r': '\\r', '\t': '\\t' }[character];
  return short ?? `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
};
