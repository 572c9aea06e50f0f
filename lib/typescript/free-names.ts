// The names that a piece of code takes from around it: those it uses and does not declare, by the scopes of JavaScript.

import { isSyntax, partsOf, type Syntax } from './syntax.ts';

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const SCOPES = new Set([
  'BlockStatement',
  'StaticBlock',
  'SwitchStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
]);

export const isFunction = (node: Syntax): boolean => FUNCTIONS.has(node.type);

/** Names used in `node` that are declared outside of it, globals among them. */
export function freeNames(node: Syntax): ReadonlySet<string> {
  if (isFunction(node)) return functionNames(node);
  switch (node.type) {
    case 'Identifier':
      return new Set([node.name as string]);
    case 'MemberExpression':
      return union([node.object as Syntax, ...(node.computed === true ? [node.property as Syntax] : [])]);
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return union([
        ...(node.computed === true ? [node.key as Syntax] : []),
        ...(isSyntax(node.value) ? [node.value] : []),
      ]);
    case 'LabeledStatement':
      return freeNames(node.body as Syntax);
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return new Set();
    case 'VariableDeclarator':
      return without(union(partsOf(node)), boundNames(node.id as Syntax));
    case 'CatchClause':
      return without(union(partsOf(node)), isSyntax(node.param) ? boundNames(node.param) : []);
    case 'ClassDeclaration':
    case 'ClassExpression':
      return without(union(partsOf(node)), isSyntax(node.id) ? boundNames(node.id) : []);
  }
  const found = union(partsOf(node));
  return SCOPES.has(node.type) ? without(found, declaredIn(node)) : found;
}

function functionNames(node: Syntax): ReadonlySet<string> {
  const params = node.params as readonly Syntax[];
  const body = node.body as Syntax;
  const own = [...params.flatMap(boundNames), ...hoisted(body), ...(isSyntax(node.id) ? boundNames(node.id) : [])];
  const isArrow = node.type === 'ArrowFunctionExpression';
  return without(union([...params, body]), isArrow ? own : [...own, 'arguments']);
}

/** The names that a pattern binds: `{ a, b: [c] = [] }` binds a and c. */
export function boundNames(pattern: Syntax): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name as string];
    case 'AssignmentPattern':
      return boundNames(pattern.left as Syntax);
    case 'RestElement':
      return boundNames(pattern.argument as Syntax);
    case 'Property':
      return boundNames(pattern.value as Syntax);
    case 'ObjectPattern':
    case 'ArrayPattern':
      return partsOf(pattern).flatMap(boundNames);
    default:
      return [];
  }
}

/** The names that a declaration declares. */
export function declaredNames(node: Syntax): string[] {
  if (node.type === 'VariableDeclaration')
    return (node.declarations as readonly Syntax[]).flatMap((one) => boundNames(one.id as Syntax));
  const isNamed = node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration';
  return isNamed && isSyntax(node.id) ? boundNames(node.id) : [];
}

const declaredIn = (scope: Syntax): string[] =>
  scope.type === 'SwitchStatement'
    ? (scope.cases as readonly Syntax[]).flatMap((one) => (one.consequent as readonly Syntax[]).flatMap(declaredNames))
    : partsOf(scope).flatMap(declaredNames);

/** What `var` declares anywhere in a function's body. */
function hoisted(node: Syntax): string[] {
  if (isFunction(node)) return [];
  const here = node.type === 'VariableDeclaration' && node.kind === 'var' ? declaredNames(node) : [];
  return [...here, ...partsOf(node).flatMap(hoisted)];
}

const union = (nodes: readonly Syntax[]): ReadonlySet<string> => new Set(nodes.flatMap((node) => [...freeNames(node)]));

function without(names: ReadonlySet<string>, bound: readonly string[]): ReadonlySet<string> {
  const left = new Set(names);
  for (const name of bound) left.delete(name);
  return left;
}
