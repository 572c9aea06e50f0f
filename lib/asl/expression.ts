/**
 * Evaluates the JSONata of a state: whole-string `{% … %}` expressions inside templates, with `$states`, variables and the
 * functions of Step Functions bound. Results are copied to plain JSON, so that no sequence or function of JSONata escapes.
 */
import jsonata from 'jsonata';
import { StateFailure } from './errors.ts';
import { stepFunctions } from './functions.ts';
import { compiledExpressionsMax } from './limits.ts';
import type { JsonValue, NumberOrExpression, Template } from './machine.ts';
import type { Random } from './random.ts';

export interface Bindings {
  /** `$states`. */
  readonly states: Readonly<Record<string, unknown>>;
  readonly variables: ReadonlyMap<string, JsonValue>;
  readonly random: Random;
  readonly nowMs: number;
}

const compiled = new Map<string, jsonata.Expression>();

/** The source inside `{% … %}`, or undefined when the text is not wholly an expression and so stands for itself. */
export function expressionIn(text: string): string | undefined {
  return text.length >= 4 && text.startsWith('{%') && text.endsWith('%}') ? text.slice(2, -2).trim() : undefined;
}

/** @throws what jsonata throws for a syntax error: an object with `code`, `position` and `message`. */
export function compile(source: string): jsonata.Expression {
  let expression = compiled.get(source);
  if (expression === undefined) {
    if (compiled.size >= compiledExpressionsMax) compiled.clear();
    expression = jsonata(source);
    compiled.set(source, expression);
  }
  return expression;
}

/** The template with every expression in it replaced by its value. `field` names it in messages, as the service does: `Output/a[0]`. */
export async function evaluateTemplate(template: Template, field: string, bindings: Bindings): Promise<JsonValue> {
  if (typeof template === 'string') {
    const source = expressionIn(template);
    return source === undefined ? template : evaluate(source, field, bindings);
  }
  if (Array.isArray(template)) {
    const members: JsonValue[] = [];
    for (const [index, member] of template.entries()) {
      members.push(await evaluateTemplate(member, `${field}[${index}]`, bindings));
    }
    return members;
  }
  if (typeof template === 'object' && template !== null) {
    const members: [string, JsonValue][] = [];
    for (const [name, member] of Object.entries(template)) {
      members.push([name, await evaluateTemplate(member, `${field}/${name}`, bindings)]);
    }
    return Object.fromEntries(members);
  }
  return template;
}

/** A whole number in [min, max], or the state fails with States.QueryEvaluationError. */
export async function evaluateInteger(
  value: NumberOrExpression,
  field: string,
  bounds: { readonly min: number; readonly max: number },
  bindings: Bindings,
): Promise<number> {
  const result = await evaluateTemplate(value, field, bindings);
  if (!Number.isSafeInteger(result) || (result as number) < bounds.min || (result as number) > bounds.max) {
    const wanted = `a whole number from ${bounds.min} to ${bounds.max}`;
    throw queryFailure(`The field '${field}' must give ${wanted}, got ${described(result)}`);
  }
  return result as number;
}

export async function evaluateText(value: Template, field: string, bindings: Bindings): Promise<string> {
  const result = await evaluateTemplate(value, field, bindings);
  if (typeof result === 'string') return result;
  throw queryFailure(`The field '${field}' must give a string, got ${described(result)}`);
}

export function queryFailure(cause: string): StateFailure {
  return new StateFailure('States.QueryEvaluationError', cause);
}

/** The kind of a value, not its content: messages end in logs. */
export function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}

async function evaluate(source: string, field: string, bindings: Bindings): Promise<JsonValue> {
  const said = `The JSONata expression '${source}' specified for the field '${field}'`;
  let result: unknown;
  try {
    result = await compile(source).evaluate(undefined, {
      ...Object.fromEntries(bindings.variables),
      ...stepFunctions(bindings.random, bindings.nowMs),
      states: bindings.states,
    });
  } catch (thrown) {
    throw queryFailure(
      `${said} threw an error during evaluation: ${(thrown as { message?: string }).message ?? thrown}`,
    );
  }
  const plain = plainJson(result, said);
  if (plain === undefined) throw queryFailure(`${said} returned nothing (undefined).`);
  return plain;
}

/** A deep copy holding JSON only. Undefined members are dropped; functions and numbers beyond JSON are refused. */
function plainJson(value: unknown, said: string): JsonValue | undefined {
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') {
    return value as JsonValue | undefined;
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((member) => plainJson(member, said) ?? null);
  const jsonataFunction = value as { _jsonata_function?: boolean; _jsonata_lambda?: boolean };
  const isFunction = jsonataFunction._jsonata_function === true || jsonataFunction._jsonata_lambda === true;
  if (typeof value !== 'object' || isFunction) {
    throw queryFailure(`${said} returned ${isFunction ? 'a function' : described(value)}, which is not JSON.`);
  }
  const members: [string, JsonValue][] = [];
  for (const [name, member] of Object.entries(value)) {
    const plain = plainJson(member, said);
    if (plain !== undefined) members.push([name, plain]);
  }
  return Object.fromEntries(members);
}
