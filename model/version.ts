// Which schema version a body has: what any of the known version fields holds, on any shape of any pipeline.
// Source: event contract, "Versions".

import type { Json } from './json.ts';
import type { Version } from './language.ts';
import { member } from './paths.ts';

const TOP_LEVEL_FIELDS = ['v', 'version', 'schema_version', 'schemaVersion', 'schema'] as const;

export interface CompiledVersion {
  /** What shapes call it: the number or text itself, or the pattern's name. */
  readonly name: string;
  matches(node: Json): boolean;
}

export function compileVersion(version: Version): CompiledVersion {
  if (typeof version === 'number') {
    const digits = String(version);
    return { name: digits, matches: (node) => node.kind === 'number' && node.text === digits };
  }
  if (typeof version === 'string') {
    return { name: version, matches: (node) => node.kind === 'string' && node.value === version };
  }
  const pattern = new RegExp(version.pattern, 'u');
  return { name: version.name, matches: (node) => node.kind === 'string' && pattern.test(node.value) };
}

/** The version as the shapes name it and as it was sent; a fault names the field that is not listed or disagrees. */
export function versionOf(
  root: Json,
  listed: readonly CompiledVersion[],
): { readonly name: string; readonly sent: string } | { readonly fault: string } {
  let found: { name: string; sent: string } | undefined;
  const meta = member(member(root, 'meta'), 'schema');
  for (const [field, node] of [
    ...TOP_LEVEL_FIELDS.map((name) => [name, member(root, name)] as const),
    ['meta.schema', meta] as const,
  ]) {
    if (node === undefined) continue;
    const version = listed.find((one) => one.matches(node));
    if (version === undefined) return { fault: `${field}: not a listed version` };
    if (found !== undefined && found.name !== version.name)
      return { fault: `${field}: disagrees with another version field` };
    found ??= {
      name: version.name,
      sent: node.kind === 'string' ? node.value : node.kind === 'number' ? node.text : '',
    };
  }
  if (found !== undefined) return found;
  return listed.some((one) => one.name === '1')
    ? { name: '1', sent: '1' }
    : { fault: 'no version field, and version 1 is not listed' };
}
