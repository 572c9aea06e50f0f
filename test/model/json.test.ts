import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, type Json, type JsonFaultCode, rawSlice, readJson } from '../../model/json.ts';

const DEPTH_MAX = 500;

function accepted(text: string): Json {
  const read = readJson(text, DEPTH_MAX);
  if (!read.ok) throw new Error(`${read.fault} at ${read.at} of ${JSON.stringify(text)}`);
  return read.value;
}

function faultOf(text: string, depthMax = DEPTH_MAX): string | undefined {
  const read = readJson(text, depthMax);
  return read.ok ? undefined : `${read.fault} at ${read.at}`;
}

function plain(node: Json): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries([...node.members].map(([key, member]) => [key, plain(member)]));
    case 'array':
      return node.items.map(plain);
    case 'number':
      return Number(node.text);
    case 'null':
      return null;
    default:
      return node.value;
  }
}

function nodesOf(node: Json): Json[] {
  if (node.kind === 'object') return [node, ...[...node.members.values()].flatMap(nodesOf)];
  return node.kind === 'array' ? [node, ...node.items.flatMap(nodesOf)] : [node];
}

function parsedBySystem(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

const indents = fc.constantFrom('', ' ', '\t', '\r\n  ');
const documents = fc
  .tuple(fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }), indents)
  .map(([value, indent]) =>
    JSON.stringify(value, null, '|').replaceAll(/\n\|*/g, (line) => line.replaceAll(/\||\n/g, indent)),
  );

describe('what is accepted', () => {
  test('every kind, with the place where it stands', () => {
    const text = ' {"a": [1.50e+2, "x\\n", true, false, null], "": {}} ';
    const root = accepted(text);
    expect(nodesOf(root).map((node) => [node.kind, rawSlice(text, node)])).toEqual([
      ['object', text.trim()],
      ['array', '[1.50e+2, "x\\n", true, false, null]'],
      ['number', '1.50e+2'],
      ['string', '"x\\n"'],
      ['boolean', 'true'],
      ['boolean', 'false'],
      ['null', 'null'],
      ['object', '{}'],
    ]);
    expect(plain(root)).toEqual({ a: [150, 'x\n', true, false, null], '': {} });
  });

  test('numbers keep their text', () => {
    for (const text of ['-0', '0', '9007199254740993', '1E400', '-0.10', '1e-5', '2.50E+07']) {
      expect(accepted(text)).toEqual({ kind: 'number', start: 0, end: text.length, text });
    }
  });

  test('of a repeated key the first counts, however it is spelled', () => {
    expect(plain(accepted('{"a":1,"\\u0061":2,"a":3}'))).toEqual({ a: 1 });
  });

  test('__proto__ is a key like any other', () => {
    const root = accepted('{"__proto__":{"x":1},"constructor":2,"a":3}');
    if (root.kind !== 'object') throw new Error(root.kind);
    expect([...root.members.keys()]).toEqual(['__proto__', 'constructor', 'a']);
    expect(root.members.has('toString')).toBe(false);
  });

  test.each([
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\uD83d\\uDE00 \\u00e9\\u0000"', '😀 é\0'],
    ['"😀\u007f\u2028\ufeff"', '😀\u007f\u2028\ufeff'],
    ['""', ''],
  ])('string %j', (text, value) => {
    expect(plain(accepted(text))).toBe(value);
  });
});

const FAULTS: readonly (readonly [string, JsonFaultCode, number])[] = [
  ['', 'empty', 0],
  [' \t\r\n', 'empty', 4],
  ['{', 'truncated', 1],
  ['{"a', 'truncated', 3],
  ['{"a"', 'truncated', 4],
  ['{"a":', 'truncated', 5],
  ['{"a":1', 'truncated', 6],
  ['{"a":1,', 'truncated', 7],
  ['["a', 'truncated', 3],
  ['[1,', 'truncated', 3],
  ['"\\', 'truncated', 2],
  ['"\\u00', 'truncated', 5],
  ['"\\ud83d', 'truncated', 7],
  ['-', 'truncated', 1],
  ['1.', 'truncated', 2],
  ['1e+', 'truncated', 3],
  ['[tru', 'truncated', 1],
  ['{} {}', 'trailing_text', 3],
  ['{},', 'trailing_text', 2],
  ['{}\0', 'trailing_text', 2],
  ['1a', 'trailing_text', 1],
  ['nullx', 'trailing_text', 4],
  ['\ufeff{}', 'bad_token', 0],
  ['\u00a0{}', 'bad_token', 0],
  ['\f{}', 'bad_token', 0],
  ['[1,]', 'bad_token', 3],
  ['[,1]', 'bad_token', 1],
  ['[1 2]', 'bad_token', 3],
  ['[1}', 'bad_token', 2],
  ['{"a":1]', 'bad_token', 6],
  ['{"a":1,}', 'bad_token', 7],
  ['{"a":}', 'bad_token', 5],
  ['{"a" 1}', 'bad_token', 5],
  ['{a:1}', 'bad_token', 1],
  ["{'a':1}", 'bad_token', 1],
  ['{1:1}', 'bad_token', 1],
  ['// x\n{}', 'bad_token', 0],
  ['[/**/]', 'bad_token', 1],
  ['NaN', 'bad_token', 0],
  ['Infinity', 'bad_token', 0],
  ['undefined', 'bad_token', 0],
  ['True', 'bad_token', 0],
  ['+1', 'bad_token', 0],
  ['.5', 'bad_token', 0],
  ['01', 'bad_number', 1],
  ['-01', 'bad_number', 2],
  ['-x', 'bad_number', 1],
  ['-Infinity', 'bad_number', 1],
  ['[1.]', 'bad_number', 3],
  ['[1.e1]', 'bad_number', 3],
  ['[1e]', 'bad_number', 3],
  ['[0x10]', 'bad_token', 2],
  ['"\\x41"', 'bad_escape', 2],
  ['"\\u12g4"', 'bad_escape', 5],
  ['"\\U0041"', 'bad_escape', 2],
  ['"a\nb"', 'control_character', 2],
  ['"\t"', 'control_character', 1],
  ['{"a\0":1}', 'control_character', 3],
  ['"\ud83d"', 'unpaired_surrogate', 1],
  ['"\ude00\ud83d"', 'unpaired_surrogate', 1],
  ['"\\ud83d"', 'unpaired_surrogate', 1],
  ['"x\\ude00"', 'unpaired_surrogate', 2],
  ['"\\ud83d\\u0041"', 'unpaired_surrogate', 1],
  ['"\\ud83d\\n"', 'unpaired_surrogate', 1],
  ['"\\ud83d\ude00"', 'unpaired_surrogate', 1],
  ['"\ud83d\\ude00"', 'unpaired_surrogate', 1],
  ['{"\\ud83d":1}', 'unpaired_surrogate', 2],
  ['{"a":1,"a":"\\ud83d"}', 'unpaired_surrogate', 12],
];

describe('what is refused', () => {
  test.each(FAULTS)('%j is %s', (text, fault, at) => {
    expect(readJson(text, DEPTH_MAX)).toEqual({ ok: false, fault, at });
  });

  test('arrays and objects count as levels, scalars do not', () => {
    const nested = (levels: number, inner: string) => '[{"a":'.repeat(levels / 2) + inner + '}]'.repeat(levels / 2);
    expect(faultOf(nested(500, '1'))).toBeUndefined();
    expect(faultOf(nested(500, '[]'))).toBe('too_deep at 1500');
    expect(faultOf('[[],[]]', 2)).toBeUndefined();
    expect(faultOf('[[],[{}]]', 2)).toBe('too_deep at 5');
    expect(faultOf('1', 0)).toBeUndefined();
    expect(faultOf('[]', 0)).toBe('too_deep at 0');
  });

  test('depth costs no stack', () => {
    expect(faultOf('['.repeat(200_000))).toBe('too_deep at 500');
    expect(faultOf('['.repeat(200_000), 1_000_000)).toBe('truncated at 200000');
    expect(faultOf('['.repeat(200_000) + ']'.repeat(200_000), 1_000_000)).toBeUndefined();
  });
});

describe('against the JSON parser of the system', () => {
  test('valid documents have the same value', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const value = parsedBySystem(text)?.value;
        const read = readJson(text, DEPTH_MAX);
        if (!read.ok) return read.fault === 'unpaired_surrogate' && mayHoldHalfPair(text);
        return isDeepStrictEqual(plain(read.value), value);
      }),
      { numRuns: 2000 },
    );
  });

  test('the text of every node is a document with the value of that node', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const read = readJson(text, DEPTH_MAX);
        fc.pre(read.ok);
        for (const node of nodesOf(read.value)) {
          if (!isDeepStrictEqual(parsedBySystem(rawSlice(text, node))?.value, plain(node))) return false;
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });

  test('mutated documents are accepted by both or by neither', () => {
    const telling = [...'{}[]":,\\/ue+-.0159aEtfn \t\n\r\f\0\'\u007f\u00a0\u2028\ufeff\ud83d\ude00'].concat([
      '\ud83d',
      '\ude00',
    ]);
    const piece = fc.oneof(
      fc.constantFrom(...telling, '\\ud83d', '\\ude00', '\\u0041', 'true', '1e5', ''),
      fc.string(),
    );
    const mutations = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 2 }), piece), { minLength: 1, maxLength: 3 });
    let acceptedByBoth = 0;
    let refusedByBoth = 0;
    fc.assert(
      fc.property(documents, mutations, (document, changes) => {
        let text = document;
        for (const [where, removed, inserted] of changes) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + inserted + text.slice(at + removed);
        }
        const system = parsedBySystem(text);
        const read = readJson(text, DEPTH_MAX);
        if (read.ok) acceptedByBoth++;
        else if (system === undefined) refusedByBoth++;
        if (read.ok) return system !== undefined;
        return system === undefined || (read.fault === 'unpaired_surrogate' && mayHoldHalfPair(text));
      }),
      { numRuns: 10_000 },
    );
    expect(acceptedByBoth).toBeGreaterThan(500);
    expect(refusedByBoth).toBeGreaterThan(500);
  });

  test('a string is itself however its characters are spelled', () => {
    const character = fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        const spelled = characters.map(([raw, escaped]) => {
          if (!escaped && raw >= ' ' && raw !== '"' && raw !== '\\') return raw;
          return raw
            .split('')
            .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
            .join('');
        });
        return plain(accepted(`"${spelled.join('')}"`)) === characters.map(([raw]) => raw).join('');
      }),
    );
  });
});

/** The system parser lets half pairs through, and joins a raw half with an escaped one. */
function mayHoldHalfPair(text: string): boolean {
  return /\\ud[89a-f]|\p{Surrogate}/iu.test(text);
}

describe('decodeUtf8', () => {
  test('decodes valid UTF-8 and keeps a byte order mark, which is then refused', () => {
    expect(decodeUtf8(Buffer.from('é😀\0'))).toBe('é😀\0');
    expect(decodeUtf8(new Uint8Array())).toBe('');
    const marked = decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d));
    expect(marked).toBe('\ufeff{}');
    expect(faultOf('\ufeff{}')).toBe('bad_token at 0');
  });

  test.each([
    ['lone continuation', [0x80]],
    ['cut short', [0xf0, 0x9f, 0x98]],
    ['overlong', [0xc0, 0xaf]],
    ['encoded surrogate', [0xed, 0xa0, 0xbd]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses bytes: %s, and is not spoiled by it', (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
    expect(decodeUtf8(Buffer.from('ok'))).toBe('ok');
  });

  test('any well-formed string comes back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeUtf8(Buffer.from(text)) === text));
  });
});
