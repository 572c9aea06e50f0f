// Finds promises that are returned from a `try` without `await`: their failure passes the `catch` by, and while the
// `finally` still works, Node.js takes it for one that nobody handles and ends the process with a stack trace.

import swc from '@swc/wasm-typescript';
import { isSyntax, parseModule, partsOf, type Syntax } from '../lib/typescript/syntax.ts';

/** Lines of the source on which an async function returns what a call gives inside `try` and does not await it. */
export function returnsWithoutAwait(source: string): number[] {
  const { code } = swc.transformSync(source, { mode: 'strip-only' });
  const lines: number[] = [];
  const walk = (node: Syntax, inTry: boolean, inAsync: boolean): void => {
    if (node.type === 'ReturnStatement' && inTry && inAsync && mayBePromise(node.argument))
      lines.push(code.slice(0, node.start).split('\n').length);
    const isFunction = node.type.includes('Function');
    for (const part of partsOf(node)) {
      if (isFunction) walk(part, false, node.async === true);
      else if (node.type !== 'TryStatement') walk(part, inTry, inAsync);
      else walk(part, inTry || part === node.block || (part === node.handler && node.finalizer !== null), inAsync);
    }
  };
  for (const statement of parseModule(code)) walk(statement, false, false);
  return lines;
}

/** Whatever a call gives may be a promise: types are not looked at. */
function mayBePromise(value: unknown): boolean {
  if (!isSyntax(value)) return false;
  switch (value.type) {
    case 'CallExpression':
    case 'NewExpression':
    case 'ImportExpression':
      return true;
    case 'ChainExpression':
      return mayBePromise(value.expression);
    case 'ConditionalExpression':
      return mayBePromise(value.consequent) || mayBePromise(value.alternate);
    case 'LogicalExpression':
      return mayBePromise(value.left) || mayBePromise(value.right);
    default:
      return false;
  }
}
