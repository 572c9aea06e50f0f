// Bodies as the producers write them: a JSON tree whose numbers may be given as exact text, the paths into it, and the
// times. Nothing here knows a product or a fault, and nothing reads JSON.

/** JSON text that is written as it is: a 64-bit id, a price, or something that is no JSON at all. */
export class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = string | number | boolean | null | Verbatim | readonly Json[] | Fields;
export type Fields = { readonly [key: string]: Json };

/** `string` and `space` replace how a text is quoted and what stands between two tokens. */
export interface WritingStyle {
  readonly string?: (text: string) => string;
  readonly space?: () => string;
}

export function writeJson(value: Json, style?: WritingStyle): string {
  if (style !== undefined) return writeStyled(value, style.string ?? JSON.stringify, style.space ?? (() => ''));
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Verbatim) return value.text;
  if (value === null || typeof value !== 'object') return String(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) text += (text === '' ? '[' : ',') + writeJson(item);
    return text === '' ? '[]' : `${text}]`;
  }
  const fields = value as Fields;
  for (const key of Object.keys(fields))
    text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${writeJson(fields[key]!)}`;
  return text === '' ? '{}' : `${text}}`;
}

function writeStyled(value: Json, quote: (text: string) => string, space: () => string): string {
  function write(node: Json): string {
    if (typeof node === 'string') return quote(node);
    if (node instanceof Verbatim) return node.text;
    if (node === null || typeof node !== 'object') return String(node);
    if (Array.isArray(node)) return `[${(node as readonly Json[]).map(around).join(',')}]`;
    const fields = Object.entries(node as Fields);
    return `{${fields.map(([key, item]) => `${space()}${quote(key)}${space()}:${around(item)}`).join(',')}}`;
  }
  const around = (node: Json): string => space() + write(node) + space();
  return around(value);
}

/** The value at a dotted path (`order.lines.0.qty`), or undefined where there is none. */
export function fieldAt(body: Json, path: string): Json | undefined {
  let node: Json | undefined = body;
  for (const step of path.split('.')) {
    if (node === null || typeof node !== 'object' || node instanceof Verbatim) return undefined;
    node = Array.isArray(node) ? (node as readonly Json[])[Number(step)] : (node as Fields)[step];
  }
  return node;
}

/** A copy of the body with the value at the path replaced, added, or with `undefined` taken out. */
export function withField(body: Fields, path: string, value: Json | undefined): Fields {
  return replaced(body, path.split('.'), value) as Fields;
}

function replaced(node: Json, steps: readonly string[], value: Json | undefined): Json {
  const step = steps[0]!;
  if (Array.isArray(node)) {
    const items = node as readonly Json[];
    return items.map((item, i) =>
      i === Number(step) ? (steps.length === 1 ? value! : replaced(item, steps.slice(1), value)) : item,
    );
  }
  const fields: Record<string, Json> = { ...(node as Fields) };
  if (steps.length > 1) fields[step] = replaced(fields[step] ?? {}, steps.slice(1), value);
  else if (value === undefined) delete fields[step];
  else fields[step] = value;
  return fields;
}

/** How a shape writes the time of its event. */
export type TimeKind = 'time' | 'epoch' | 'slackTime';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

/** `YYYY-MM-DDTHH:MM:SS.mmmZ` of milliseconds since 1970. */
export function isoOfMs(ms: number): string {
  return new Date(ms).toISOString();
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ` of microseconds since 1970. */
export function isoOfMicros(micros: number): string {
  const ms = Math.floor(micros / 1000);
  return `${isoOfMs(ms).slice(0, -1)}${String(micros - ms * 1000).padStart(3, '0')}Z`;
}

export function writeTime(kind: TimeKind, micros: number): Json {
  switch (kind) {
    case 'epoch':
      return Math.floor(micros / 1000);
    case 'slackTime':
      return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
    case 'time':
      return micros % 1000 === 0 ? isoOfMs(micros / 1000) : isoOfMicros(micros);
  }
}
