// Reads one RFC 8259 text into nodes that keep their place in the text, so that numbers and sub-documents come out
// digit for digit. It knows nothing of events or fields, converts no number, and writes no JSON.

/** A value and where it stands: `text.slice(start, end)`, in UTF-16 code units. Of a repeated key the first counts. */
export type Json =
  | {
      readonly kind: 'object';
      readonly start: number;
      readonly end: number;
      readonly members: ReadonlyMap<string, Json>;
    }
  | { readonly kind: 'array'; readonly start: number; readonly end: number; readonly items: readonly Json[] }
  | { readonly kind: 'string'; readonly start: number; readonly end: number; readonly value: string }
  | { readonly kind: 'number'; readonly start: number; readonly end: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly start: number; readonly end: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly start: number; readonly end: number };

export type JsonFaultCode =
  | 'empty'
  | 'truncated'
  | 'trailing_text'
  | 'bad_token'
  | 'bad_number'
  | 'bad_escape'
  | 'control_character'
  | 'unpaired_surrogate'
  | 'too_deep';

/** The first fault, at a UTF-16 offset. It never carries text of the body, so it may be logged. */
export type JsonFault = { readonly fault: JsonFaultCode; readonly at: number };

export type JsonRead = { readonly ok: true; readonly value: Json } | ({ readonly ok: false } & JsonFault);

type OpenObject = { readonly kind: 'object'; readonly start: number; end: number; readonly members: Map<string, Json> };
type OpenArray = { readonly kind: 'array'; readonly start: number; end: number; readonly items: Json[] };

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_U = 0x75;

const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meaning]) => [letter.charCodeAt(0), meaning],
  ),
);

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads exactly one JSON text (RFC 8259, no extensions), white space around it allowed.
 * Everything is checked, also values that lose to an earlier copy of their key.
 * @param text the body as a UTF-16 string; half a surrogate pair, raw or escaped, is a fault
 * @param depthMax how many arrays and objects may be open at once; the root is level 1, scalars are no level
 * @returns the root node, or the first fault; nothing is thrown, and depth costs heap, never stack
 */
export function readJson(text: string, depthMax: number): JsonRead {
  const reader = new Reader(text);
  const value = reader.document(depthMax);
  return value === undefined ? { ok: false, fault: reader.fault, at: reader.faultAt } : { ok: true, value };
}

/**
 * Decodes UTF-8 strictly: no replacement characters. A byte order mark is kept, and readJson then refuses it.
 * @returns undefined when the bytes are not valid UTF-8 (overlong forms and encoded surrogates included)
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The exact text of a node, as the producer wrote it. `text` must be the one that `node` was read from. */
export function rawSlice(text: string, node: Json): string {
  return text.slice(node.start, node.end);
}

/** One pass over one text. A method that returns undefined has set `fault` and `faultAt`. */
class Reader {
  fault: JsonFaultCode = 'bad_token';
  faultAt = 0;
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(depthMax: number): Json | undefined {
    this.skipSpace();
    if (this.at === this.text.length) return this.fail('empty', this.at);
    const root = this.value(depthMax);
    if (root === undefined) return undefined;
    this.skipSpace();
    return this.at === this.text.length ? root : this.fail('trailing_text', this.at);
  }

  /** A loop instead of recursion: `open` holds the containers being filled, `keys` the key each object waits to fill. */
  private value(depthMax: number): Json | undefined {
    const open: (OpenObject | OpenArray)[] = [];
    const keys: string[] = [];
    for (;;) {
      let done: Json | undefined;
      const code = this.text.charCodeAt(this.at);
      if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (open.length >= depthMax) return this.fail('too_deep', this.at);
        const container: OpenObject | OpenArray =
          code === OPEN_BRACE
            ? { kind: 'object', start: this.at, end: 0, members: new Map() }
            : { kind: 'array', start: this.at, end: 0, items: [] };
        this.at++;
        this.skipSpace();
        if (this.closes(container)) {
          done = container;
        } else {
          if (container.kind === 'object' && !this.key(keys)) return undefined;
          open.push(container);
          continue;
        }
      } else {
        done = this.scalar(code);
      }
      if (done === undefined) return undefined;

      for (;;) {
        const parent = open.at(-1);
        if (parent === undefined) return done;
        if (parent.kind === 'array') {
          parent.items.push(done);
        } else {
          const key = keys.pop() as string;
          if (!parent.members.has(key)) parent.members.set(key, done);
        }
        this.skipSpace();
        if (this.text.charCodeAt(this.at) === COMMA) {
          this.at++;
          this.skipSpace();
          if (parent.kind === 'object' && !this.key(keys)) return undefined;
          break;
        }
        if (!this.closes(parent)) return this.unexpected('bad_token');
        open.pop();
        done = parent;
      }
    }
  }

  /** Steps over the closing bracket of `container`, when it is next, and notes where the container ends. */
  private closes(container: OpenObject | OpenArray): boolean {
    const closing = container.kind === 'object' ? CLOSE_BRACE : CLOSE_BRACKET;
    if (this.text.charCodeAt(this.at) !== closing) return false;
    container.end = ++this.at;
    return true;
  }

  /** Reads `"key" :` and the white space after it, and pushes the decoded key. */
  private key(keys: string[]): boolean {
    if (this.text.charCodeAt(this.at) !== QUOTE) {
      this.unexpected('bad_token');
      return false;
    }
    const key = this.string();
    if (key === undefined) return false;
    this.skipSpace();
    if (this.text.charCodeAt(this.at) !== COLON) {
      this.unexpected('bad_token');
      return false;
    }
    this.at++;
    this.skipSpace();
    keys.push(key);
    return true;
  }

  private scalar(code: number): Json | undefined {
    const start = this.at;
    if (code === QUOTE) {
      const value = this.string();
      return value === undefined ? undefined : { kind: 'string', start, end: this.at, value };
    }
    if (code === MINUS || (code >= ZERO && code <= NINE)) {
      if (!this.number()) return undefined;
      return { kind: 'number', start, end: this.at, text: this.text.slice(start, this.at) };
    }
    if (this.literal('true')) return { kind: 'boolean', start, end: this.at, value: true };
    if (this.literal('false')) return { kind: 'boolean', start, end: this.at, value: false };
    if (this.literal('null')) return { kind: 'null', start, end: this.at };
    const rest = this.text.slice(start, start + 'false'.length);
    const cutShort = 'true'.startsWith(rest) || 'false'.startsWith(rest) || 'null'.startsWith(rest);
    return this.fail(cutShort ? 'truncated' : 'bad_token', start);
  }

  private literal(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private number(): boolean {
    if (this.text.charCodeAt(this.at) === MINUS) this.at++;
    if (this.text.charCodeAt(this.at) === ZERO) {
      this.at++;
      if (isDigit(this.text.charCodeAt(this.at))) {
        this.fail('bad_number', this.at);
        return false;
      }
    } else if (!this.digits()) {
      return false;
    }
    if (this.text.charCodeAt(this.at) === POINT) {
      this.at++;
      if (!this.digits()) return false;
    }
    if ((this.text.charCodeAt(this.at) | 0x20) === 0x65) {
      this.at++;
      const sign = this.text.charCodeAt(this.at);
      if (sign === MINUS || sign === 0x2b) this.at++;
      if (!this.digits()) return false;
    }
    return true;
  }

  /** Steps over one digit or more. */
  private digits(): boolean {
    const first = this.at;
    while (isDigit(this.text.charCodeAt(this.at))) this.at++;
    if (this.at > first) return true;
    this.unexpected('bad_number');
    return false;
  }

  /** Decodes the string whose opening quote is next. Runs without escapes are sliced, not copied. */
  private string(): string | undefined {
    const text = this.text;
    const length = text.length;
    let decoded = '';
    let run = this.at + 1;
    let at = run;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.at = at + 1;
        return decoded === '' ? text.slice(run, at) : decoded + text.slice(run, at);
      }
      if (code === BACKSLASH) {
        this.at = at;
        const escaped = this.escape();
        if (escaped === undefined) return undefined;
        decoded += text.slice(run, at) + escaped;
        run = at = this.at;
      } else if (code < 0x20) {
        return this.fail('control_character', at);
      } else if (code >= 0xd800 && code <= 0xdfff) {
        if (!isHighSurrogate(code) || !isLowSurrogate(text.charCodeAt(at + 1))) {
          return this.fail('unpaired_surrogate', at);
        }
        at += 2;
      } else {
        at++;
      }
    }
    return this.fail('truncated', length);
  }

  /** Decodes the escape whose backslash is next. A pair must be escaped in both halves: UTF-8 cannot hold a raw half. */
  private escape(): string | undefined {
    const start = this.at;
    const letter = this.text.charCodeAt(start + 1);
    if (letter !== LETTER_U) {
      this.at = start + 1;
      const meaning = SHORT_ESCAPES.get(letter);
      if (meaning === undefined) return this.unexpected('bad_escape');
      this.at++;
      return meaning;
    }
    const unit = this.hex4(start + 2);
    if (unit === undefined) return undefined;
    if (isLowSurrogate(unit)) return this.fail('unpaired_surrogate', start);
    if (!isHighSurrogate(unit)) return String.fromCharCode(unit);
    if (this.at === this.text.length) return this.fail('truncated', this.at);
    if (!this.text.startsWith('\\u', this.at)) return this.fail('unpaired_surrogate', start);
    const low = this.hex4(this.at + 2);
    if (low === undefined) return undefined;
    return isLowSurrogate(low) ? String.fromCharCode(unit, low) : this.fail('unpaired_surrogate', start);
  }

  private hex4(from: number): number | undefined {
    let unit = 0;
    for (this.at = from; this.at < from + 4; this.at++) {
      const code = this.text.charCodeAt(this.at);
      const letter = code | 0x20;
      if (isDigit(code)) unit = unit * 16 + code - ZERO;
      else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x57;
      else return this.unexpected('bad_escape');
    }
    return unit;
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  /** A text that ends where more was due is truncated, whatever else it would have been. */
  private unexpected(fault: JsonFaultCode): undefined {
    return this.fail(this.at >= this.text.length ? 'truncated' : fault, this.at);
  }

  private fail(fault: JsonFaultCode, at: number): undefined {
    this.fault = fault;
    this.faultAt = at;
    return undefined;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
