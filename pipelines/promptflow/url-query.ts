// Reads the query of a URL as leniently as it can be read: nothing that a producer sends makes it fail. It does not
// judge whether the URL is one, and it knows no parameter by name.

/** Percent escapes that spell one character in UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. */
const ESCAPED_CHARACTER = new RegExp(
  [
    '%[0-7][0-9a-f]',
    '%(?:c[2-9a-f]|d[0-9a-f])%[89ab][0-9a-f]',
    '%e0%[ab][0-9a-f]%[89ab][0-9a-f]',
    '%(?:e[1-9a-c]|e[ef])(?:%[89ab][0-9a-f]){2}',
    '%ed%[89][0-9a-f]%[89ab][0-9a-f]',
    '%f0%[9ab][0-9a-f](?:%[89ab][0-9a-f]){2}',
    '%f[1-3](?:%[89ab][0-9a-f]){3}',
    '%f4%8[0-9a-f](?:%[89ab][0-9a-f]){2}',
  ].join('|'),
  'gi',
);

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/**
 * The parameters in URL order, names and values decoded, case kept. The query runs from the first `?` to the fragment;
 * `&` separates; a parameter without `=` has the empty value; empty ones are skipped.
 */
export function queryParameters(url: string): readonly Parameter[] {
  const fragment = url.indexOf('#');
  const start = url.indexOf('?');
  if (start === -1 || (fragment !== -1 && fragment < start)) return [];
  const query = url.slice(start + 1, fragment === -1 ? undefined : fragment);
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1
        ? { name: decodeParameter(pair), value: '' }
        : { name: decodeParameter(pair.slice(0, equals)), value: decodeParameter(pair.slice(equals + 1)) };
    });
}

/** The value of the last parameter of that name; null when there is none. */
export function lastParameter(url: string, name: string): string | null {
  return queryParameters(url).findLast((parameter) => parameter.name === name)?.value ?? null;
}

/** `+` is a space, `%XX` are the bytes of UTF-8; what does not decode stays as it was sent, beside what does. */
export function decodeParameter(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return spaced.includes('%') ? spaced.replace(ESCAPED_CHARACTER, decodeURIComponent) : spaced;
}
