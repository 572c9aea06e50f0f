/**
 * What the expressions of a state refer to: syntax, `$states` members that the field does not have, variables that nothing
 * assigns, functions that the service refuses. Read from the parsed expression, so that a fault shows at load and not
 * hours into a run.
 */
import { compile, expressionIn } from './expression.ts';
import { isObject, memberPath, type Report } from './fields.ts';

/** Of JSONata 2.0.6 and Step Functions; what else an expression names must be a variable. */
const functionNames = new Set(
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl eval toMillis fromMillis clone now millis partition range hash uuid parse'.split(
    ' ',
  ),
);

/** `members` are those of `$states` that exist in the field. */
export interface Visible {
  readonly members: readonly string[];
  readonly variables: ReadonlySet<string>;
}

/** Every expression in a field of state `state` (an object as read from the file), with what it may refer to. */
export function checkReferences(
  state: Record<string, unknown>,
  path: string,
  variables: ReadonlySet<string>,
  report: Report,
) {
  const plain = { members: ['input', 'context'], variables };
  const afterwards = { members: [...plain.members, 'result'], variables };
  const caught = { members: [...plain.members, 'errorOutput'], variables };
  const hasResult = state.Type === 'Task' || state.Type === 'Map';
  for (const [field, value] of Object.entries(state)) {
    const at = memberPath(path, field);
    if (field === 'ItemProcessor' || field === 'Retry' || field === 'Comment') continue;
    if (field === 'Catch') checkTemplate(value, at, caught, report);
    else if (field === 'Output' || field === 'Assign') checkTemplate(value, at, hasResult ? afterwards : plain, report);
    else checkTemplate(value, at, plain, report);
  }
}

/** The names an Assign gives values to, with faults for those it cannot. */
export function assignedNames(assign: unknown, path: string, report: Report): string[] {
  if (!isObject(assign)) return [];
  for (const name of Object.keys(assign)) {
    const at = memberPath(path, name);
    if (!/^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(name) || name.length > 80) report(at, 'is not a variable name');
    if (name === 'states') report(at, '$states is reserved');
    if (functionNames.has(name)) report(at, `would hide the function $${name}`);
  }
  return Object.keys(assign);
}

function checkTemplate(template: unknown, path: string, visible: Visible, report: Report): void {
  if (Array.isArray(template)) {
    for (const [index, member] of template.entries()) checkTemplate(member, `${path}[${index}]`, visible, report);
  } else if (isObject(template)) {
    for (const [name, member] of Object.entries(template)) {
      checkTemplate(member, memberPath(path, name), visible, report);
    }
  } else if (typeof template === 'string') {
    const source = expressionIn(template);
    if (source !== undefined) checkExpression(source, path, visible, report);
    else if (template.includes('{%') || template.includes('%}')) {
      report(path, 'is an expression only when all of it is {% … %}; as it stands it is plain text');
    }
  }
}

function checkExpression(source: string, path: string, visible: Visible, report: Report): void {
  let ast: unknown;
  try {
    ast = compile(source).ast();
  } catch (thrown) {
    report(path, `is not JSONata: ${(thrown as { message?: string }).message ?? String(thrown)}`);
    return;
  }
  const found = namesIn(ast);
  if (found.used.has('eval')) report(path, '$eval is not supported by Step Functions');
  for (const member of found.statesMembers) {
    if (!visible.members.includes(member)) report(path, `$states.${member} does not exist in this field`);
  }
  for (const name of found.used) {
    const known = name === 'states' || functionNames.has(name) || found.bound.has(name) || visible.variables.has(name);
    if (!known) report(path, `$${name} is neither a function nor a variable that is assigned in this scope`);
  }
}

interface Names {
  readonly used: Set<string>;
  /** By `:=`, as a parameter, or by `@$name` and `#$name`. */
  readonly bound: Set<string>;
  readonly statesMembers: Set<string>;
}

function namesIn(ast: unknown): Names {
  const names: Names = { used: new Set(), bound: new Set(), statesMembers: new Set() };
  const seen = new Set<object>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    const { type, value, lhs, arguments: parameters, steps, focus, index } = node as Record<string, unknown>;
    if (type === 'variable' && typeof value === 'string' && value !== '' && value !== '$') names.used.add(value);
    if (type === 'bind') names.bound.add(String((lhs as { value: unknown }).value));
    if (type === 'lambda') for (const one of parameters as { value: string }[]) names.bound.add(one.value);
    for (const name of [focus, index]) if (typeof name === 'string') names.bound.add(name);
    if (Array.isArray(steps) && steps[0]?.type === 'variable' && steps[0].value === 'states') {
      if (steps[1]?.type === 'name') names.statesMembers.add(String(steps[1].value));
    }
    for (const inner of Object.values(node)) walk(inner);
  };
  walk(ast);
  return names;
}
