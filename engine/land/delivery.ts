// Reads one line of a landing: a JSON object with `received_at`, `source` and `body`, all texts. What a body holds is
// no concern of landing.

import { type Json, readJson } from '../../model/json.ts';
import { parseTimeText } from '../../model/time.ts';
import { isWellFormed } from '../../ports/raw-writer.ts';
import { LAND_LIMITS } from './limits.ts';

export interface Delivery {
  readonly receivedAtMicros: bigint;
  readonly source: string;
  readonly body: string;
}

/** Either the delivery or what is wrong with the line, in words that quote nothing of it. */
export type DeliveryRead = { readonly delivery: Delivery } | { readonly fault: string };

/** The usual line: three fields in this order, the first two without escapes; what follows is the body's JSON string. */
const USUAL = /^\{ ?"received_at": ?"([^"\\]*)", ?"source": ?("[^"\\]*"), ?"body": ?(?=")/;
/** An escape of half a surrogate pair or more, which readJson takes for a fault; landing keeps what a producer sent. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g;

export function readDelivery(line: string): DeliveryRead {
  const usual = USUAL.exec(line);
  if (usual !== null && line.endsWith('}')) {
    const source = parsedText(usual[2] as string);
    const body = parsedText(line.slice(usual[0].length, -1));
    // One JSON string up to the closing brace, so there is no further field, and no field twice.
    if (source !== undefined && body !== undefined) return delivery(usual[1] as string, source, body);
  }
  return readUnusual(line);
}

function readUnusual(line: string): DeliveryRead {
  // Of the same length, so that places found in the masked line are places in the line.
  const read = readJson(line.replace(SURROGATE_ESCAPE, '\\ufffd'), LAND_LIMITS.lineDepthMax);
  if (!read.ok) {
    return { fault: read.fault === 'empty' ? 'is blank' : `is no JSON: ${read.fault} at character ${read.at + 1}` };
  }
  if (read.value.kind !== 'object') return { fault: 'is no JSON object' };
  const texts: string[] = [];
  for (const name of ['received_at', 'source', 'body'] as const) {
    const member: Json | undefined = read.value.members.get(name);
    if (member === undefined) return { fault: `lacks ${name}` };
    const text = member.kind === 'string' ? parsedText(line.slice(member.start, member.end)) : undefined;
    if (text === undefined) return { fault: `has a ${name} that is no text` };
    texts.push(text);
  }
  return delivery(...(texts as [string, string, string]));
}

function delivery(receivedAt: string, source: string, body: string): DeliveryRead {
  const receivedAtMicros = parseTimeText(receivedAt);
  if (receivedAtMicros === undefined) return { fault: 'has a received_at that is no time' };
  if (!isWellFormed(source)) return { fault: 'has a source with half a surrogate pair' };
  return { delivery: { receivedAtMicros, source, body } };
}

/** The text that a JSON string stands for; undefined when it is anything but one string. */
function parsedText(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
