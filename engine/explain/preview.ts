// What may be shown of a rejected delivery: its structure, never a value. Of secret and of unlisted sources nothing but
// the size, because half a card number may stand anywhere in such a body.

import type { CompiledPipeline } from '../../model/compile.ts';
import { type Json, readJson } from '../../model/json.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RawRow } from '../../model/raw-row.ts';

export type BodyPreview =
  | { readonly kind: 'hidden'; readonly bytes: number; readonly because: string }
  /** Over the limit, or no UTF-8: not looked into. */
  | { readonly kind: 'unread'; readonly bytes: number; readonly because: string }
  | { readonly kind: 'malformed'; readonly bytes: number; readonly fault: string; readonly atCharacter: number }
  | {
      readonly kind: 'structure';
      readonly bytes: number;
      readonly nodes: readonly PreviewNode[];
      /** Nodes that are not in the list. */
      readonly nodesLeftOut: number;
    };

export interface PreviewNode {
  /** `order.lines[0].sku`; names that could be data are given by their length alone. */
  readonly path: string;
  readonly is: Json['kind'];
  /** Characters of a string or number, elements of an array, members of an object. */
  readonly length: number | undefined;
}

const NODES_MAX = 200;
const ARRAY_ITEMS_MAX = 3;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
/** So many digits in a row make a name look like data. */
const DIGITS = /\d{5}/;

export function previewBody(pipeline: CompiledPipeline, raw: RawRow): BodyPreview {
  const bytes = raw.bodyBytes;
  const source = pipeline.sources.get(raw.source ?? '');
  if (source === undefined) return { kind: 'hidden', bytes, because: 'its source is not listed' };
  if (source.secret) return { kind: 'hidden', bytes, because: `bodies of ${source.name} are secret` };
  if (bytes > LIMITS.bodyBytesMax) return { kind: 'unread', bytes, because: `over ${LIMITS.bodyBytesMax} bytes` };
  if (raw.body === undefined) return { kind: 'unread', bytes, because: 'not UTF-8' };
  const read = readJson(raw.body, LIMITS.depthMax);
  if (!read.ok) return { kind: 'malformed', bytes, fault: read.fault, atCharacter: read.at };
  const nodes: PreviewNode[] = [];
  let all = 0;
  // A stack of its own: nesting is bounded by heap, not by calls.
  const open: { node: Json; path: string }[] = [{ node: read.value, path: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    all++;
    const { node, path } = next;
    if (nodes.length < NODES_MAX)
      nodes.push({ path: path === '' ? '(root)' : path, is: node.kind, length: lengthOf(node) });
    open.push(...childrenOf(node, path).reverse());
  }
  return { kind: 'structure', bytes, nodes, nodesLeftOut: all - nodes.length };
}

function childrenOf(node: Json, path: string): { node: Json; path: string }[] {
  if (node.kind === 'object') {
    return [...node.members].map(([name, child]) => ({
      node: child,
      path: `${path}${path === '' ? '' : '.'}${shownName(name)}`,
    }));
  }
  if (node.kind !== 'array') return [];
  return node.items.slice(0, ARRAY_ITEMS_MAX).map((child, place) => ({ node: child, path: `${path}[${place}]` }));
}

const shownName = (name: string): string =>
  NAME.test(name) && !DIGITS.test(name) ? name : `<name of ${name.length} characters>`;

function lengthOf(node: Json): number | undefined {
  switch (node.kind) {
    case 'object':
      return node.members.size;
    case 'array':
      return node.items.length;
    case 'string':
      return node.value.length;
    case 'number':
      return node.text.length;
    default:
      return undefined;
  }
}
