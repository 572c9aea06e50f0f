// Reads documents of the control store back. What cannot be read is not confused with what is absent: a truth that is damaged
// is refused with its name, and only what can be derived again may be taken for absent.

import { isRepriseError, RepriseError } from '../../model/errors.ts';

/** The document of a key. Throws Damaged for what is not JSON of an object. `fix`: what to do about that. */
export function documentOf<T>(key: string, content: Uint8Array, fix: string): T {
  const value = parsed(content);
  if (typeof value === 'object' && value !== null) return value as T;
  const how = content.length === 0 ? 'it is empty' : `its ${content.length} bytes are not a whole JSON document`;
  throw new RepriseError('Damaged', `control/${key} is damaged: ${how}`, fix);
}

/** Undefined for a document that is damaged, which whoever asks then derives again. */
export function derivableDocument<T>(key: string, content: Uint8Array): T | undefined {
  try {
    return documentOf<T>(key, content, '');
  } catch (error) {
    if (isRepriseError(error) && error.code === 'Damaged') return undefined;
    throw error;
  }
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
}
