// What the function of a column means: a digest of its code in normal form and of all code that it reaches by name, in
// whichever module that stands. Comments, formatting and the place of a declaration change nothing in it.
//
// A function that holds a variable of a function around it stands for itself together with the whole expression that
// declares the column. Where that is not found either, all code of the pipeline's modules stands for it: a change may
// then be seen where there is none, but never the reverse.

import { columnExpression } from '../../lib/typescript/column-expression.ts';
import { boundNames, freeNames, isFunction } from '../../lib/typescript/free-names.ts';
import { type Module, readModules, type Target, targetOf } from '../../lib/typescript/modules.ts';
import { normalForm, partsOf, type Syntax } from '../../lib/typescript/syntax.ts';
import { type MeaningOf, sha256Hex } from '../../model/digest.ts';

/** Meanings of the functions that the pipeline at `entry` (built JavaScript) and the modules it imports declare. */
export function meaningsOf(entry: string): MeaningOf {
  const modules = readModules(entry);
  const places = [...modules.values()].flatMap((module) => functionsOf(module));
  return (fn, { table, column }) => {
    const text = fn.toString();
    const found = places.filter((place) => place.module.text.slice(place.code.start, place.code.end) === text);
    if (found.length > 0 && !found.some(holdsVariables)) return sha256Hex(reachOf(modules, found));
    const module = modules.get(entry) as Module;
    const code = columnExpression(module, table, column);
    if (code === undefined) return sha256Hex(everything(modules));
    return sha256Hex(reachOf(modules, [...found, { module, code, around: [] }]));
  };
}

/** A function as it stands in a module; `around` are the names that the functions and blocks around it declare. */
interface FunctionPlace {
  readonly module: Module;
  readonly code: Syntax;
  readonly around: readonly string[];
}

function functionsOf(module: Module): FunctionPlace[] {
  const found: FunctionPlace[] = [];
  const walk = (node: Syntax, around: readonly string[]): void => {
    if (isFunction(node)) found.push({ module, code: node, around });
    const declares = isFunction(node) || node.type === 'BlockStatement';
    const within = declares ? [...around, ...namesWithin(node)] : around;
    for (const part of partsOf(node)) walk(part, within);
  };
  for (const statement of module.statements) walk(statement, []);
  // A method's text begins with its name, which belongs to the property around the function.
  return found.flatMap((place) => [place, ...asMethods(module, place)]);
}

const NAME_CHARACTERS_MAX = 100;

function asMethods(module: Module, place: FunctionPlace): FunctionPlace[] {
  if (place.code.type !== 'FunctionExpression') return [];
  const before = module.text.slice(Math.max(0, place.code.start - NAME_CHARACTERS_MAX), place.code.start);
  const name = /(?:(?:async|get|set)\s+)?[\w$]+\s*$/.exec(before)?.[0] ?? '';
  return name === '' ? [] : [{ ...place, code: { ...place.code, start: place.code.start - name.length } }];
}

/** Every name that is declared anywhere in the node: more than can be seen from one place in it. */
function namesWithin(node: Syntax): string[] {
  const params = isFunction(node) ? (node.params as readonly Syntax[]).flatMap(boundNames) : [];
  const declared =
    node.type === 'VariableDeclarator' || node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration'
      ? boundNames(node.id as Syntax)
      : [];
  const caught = node.type === 'CatchClause' && node.param ? boundNames(node.param as Syntax) : [];
  return [...params, ...declared, ...caught, ...partsOf(node).flatMap(namesWithin)];
}

const holdsVariables = ({ code, around }: FunctionPlace): boolean => {
  const free = freeNames(code);
  return around.some((name) => free.has(name)) || free.has('this') || usesThis(code);
};

const usesThis = (node: Syntax): boolean => node.type === 'ThisExpression' || partsOf(node).some(usesThis);

const everything = (modules: ReadonlyMap<string, Module>): string =>
  [...modules.values()]
    .map((module) => module.statements.map(normalForm).join('\n'))
    .sort()
    .join('\n');

/** The code of the functions and of what they reach, each piece once, with numbers for the names that lead on. */
function reachOf(modules: ReadonlyMap<string, Module>, roots: readonly FunctionPlace[]): string {
  const numbers = new Map<Syntax | Module | string, number>();
  const lines: string[] = [];
  const visit = (target: Target): number => {
    const identity = 'code' in target ? target.code : 'whole' in target ? target.whole : target.unread;
    const visited = numbers.get(identity);
    if (visited !== undefined) return visited;
    const number = numbers.size;
    numbers.set(identity, number);
    lines[number] = 'unread' in target ? target.unread : describe(target);
    return number;
  };
  const describe = (target: Exclude<Target, { unread: string }>): string => {
    if ('whole' in target) return target.whole.statements.map((node) => piece(target.whole, node)).join('\n');
    return piece(target.module, target.code);
  };
  const piece = (module: Module, code: Syntax): string => {
    const leads = [...freeNames(code)].sort().flatMap((name) => {
      const next = targetOf(modules, module, name);
      return next === undefined ? [] : [`${name}=${visit(next)}`];
    });
    return `${normalForm(code)} ${leads.join(' ')}`;
  };
  const codes = roots.map(({ module, code }) => piece(module, code));
  const effects = [...modules.values()].flatMap((module) => module.effects.map((node) => piece(module, node)));
  return [...new Set(codes), ...effects, '', ...lines].join('\n');
}
