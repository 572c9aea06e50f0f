/** Holds data to the service's limit, and copies it, so that no task can reach into the state of the execution. */
import { StateFailure } from './errors.ts';
import { payloadBytesMax } from './limits.ts';
import type { JsonValue } from './machine.ts';

/** A copy of `value` as JSON text gives it. @throws StateFailure States.DataLimitExceeded beyond 256 KiB of text. */
export function boundedCopy(value: unknown, what: string): JsonValue {
  const text = boundedText(value, what);
  return JSON.parse(text) as JsonValue;
}

export function boundedText(value: unknown, what: string): string {
  const text = JSON.stringify(value) ?? 'null';
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= payloadBytesMax) return text;
  throw new StateFailure(
    'States.DataLimitExceeded',
    `${what} is ${bytes} bytes of JSON, the limit is ${payloadBytesMax}`,
  );
}
