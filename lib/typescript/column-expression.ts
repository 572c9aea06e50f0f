// Finds the expression that declares a column, where a pipeline is written as one literal: definePipeline({ tables: {
// <table>: { columns: { <column>: … } } } }).

import type { Module } from './modules.ts';
import { isSyntax, type Syntax } from './syntax.ts';

/** What a column comes from. Undefined when the declaration is put together in another way. */
export function columnExpression(module: Module, table: string, column: string): Syntax | undefined {
  let node = literalOf(module.declared.get('pipeline'));
  for (const name of ['tables', table, 'columns', column]) {
    node = node === undefined ? undefined : memberOf(named(module, node), name);
  }
  return node && originIn(module, node);
}

/** Of `column.text(origin, traits)` the origin alone: traits compute nothing. */
function originIn(module: Module, node: Syntax): Syntax {
  const callee = node.callee;
  const isOurs =
    node.type === 'CallExpression' &&
    isSyntax(callee) &&
    isSyntax(callee.object) &&
    callee.object.name === 'column' &&
    module.imported.get('column')?.name === 'column';
  return (isOurs ? (node.arguments as readonly Syntax[])[0] : undefined) ?? node;
}

function literalOf(declarator: Syntax | undefined): Syntax | undefined {
  const value = declarator?.init;
  if (!isSyntax(value)) return undefined;
  return value.type === 'CallExpression' ? (value.arguments as readonly Syntax[])[0] : value;
}

/** What a constant of the module is, where it is called by its name. */
function named(module: Module, node: Syntax): Syntax {
  const value = node.type === 'Identifier' ? module.declared.get(String(node.name))?.init : undefined;
  return isSyntax(value) ? value : node;
}

/** The value of a member of an object literal; undefined when a spread after it may take its place. */
function memberOf(node: Syntax, name: string): Syntax | undefined {
  if (node.type !== 'ObjectExpression') return undefined;
  let found: Syntax | undefined;
  for (const member of node.properties as readonly Syntax[]) {
    if (member.type === 'SpreadElement' || member.computed === true) found = undefined;
    else if (isNamed(member.key as Syntax, name)) found = member.value as Syntax;
  }
  return found;
}

const isNamed = (key: Syntax, name: string): boolean => (key.type === 'Identifier' ? key.name : key.value) === name;
