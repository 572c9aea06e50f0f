// The syntax of a module of JavaScript, as acorn reads it, and its normal form: what is left of code when comments,
// white space, quotes, parentheses and trailing commas are taken for nothing.

import { parse } from 'acorn';

/** A node of the syntax tree (ESTree): `type`, where it stands in the text, and what its type has. */
export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [part: string]: unknown;
}

/** The statements of a module. Throws acorn's SyntaxError, whose message quotes no code. */
export function parseModule(text: string): readonly Syntax[] {
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module' });
  return program.body as unknown as readonly Syntax[];
}

export const isSyntax = (value: unknown): value is Syntax =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** The nodes right below, in the order of the text. */
export function partsOf(node: Syntax): Syntax[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isSyntax) : isSyntax(value) ? [value] : [],
  );
}

const PLACES = new Set(['start', 'end', 'raw', 'loc', 'range', 'shorthand']);

/** Equal for two pieces of code that differ in their writing alone. */
export function normalForm(node: Syntax): string {
  return JSON.stringify(node, (name, value: unknown) => {
    if (name !== '' && PLACES.has(name)) return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof RegExp) return undefined;
    if (Array.isArray(value)) return value.filter((one) => !isSyntax(one) || one.type !== 'EmptyStatement');
    if (isSyntax(value)) return inNormalForm(value);
    return value;
  });
}

function inNormalForm(node: Syntax): object {
  if (node.type === 'TemplateElement') return { type: node.type, text: (node.value as { cooked: string }).cooked };
  const { key } = node;
  if (!isSyntax(key) || node.computed === true || key.type === 'PrivateIdentifier') return node;
  return { ...node, key: String(key.type === 'Identifier' ? key.name : key.value) };
}
