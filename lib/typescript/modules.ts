// The modules that a module of built JavaScript imports, transitively: what each declares at its top, imports and
// exports, and the statements that act when it is loaded. Reads files; runs nothing.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { declaredNames } from './free-names.ts';
import { isSyntax, parseModule, type Syntax } from './syntax.ts';

/** Where an imported name comes from: the name it has there, or `*` for all that is there. */
interface Imported {
  readonly from: string;
  readonly name: string;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly Syntax[];
  /** Top-level names of its own, each with the code that gives it its value. */
  readonly declared: ReadonlyMap<string, Syntax>;
  readonly imported: ReadonlyMap<string, Imported>;
  /** Exported names: a local name, or one of another module. */
  readonly exported: ReadonlyMap<string, string | Imported>;
  /** Modules all of whose exports are exported again. */
  readonly passedOn: readonly string[];
  /** Statements that declare nothing: they act. */
  readonly effects: readonly Syntax[];
}

/** Code at the top of a module, or what is left of a name whose code is not there to be read. */
export type Target =
  | { readonly module: Module; readonly code: Syntax }
  | { readonly whole: Module }
  | { readonly unread: string };

/** The module at `entry` and all that it imports by relative paths; each path once. */
export function readModules(entry: string): ReadonlyMap<string, Module> {
  const modules = new Map<string, Module>();
  const read = (path: string): void => {
    if (modules.has(path)) return;
    const module = readModule(path, readFileSync(path, 'utf8'));
    modules.set(path, module);
    for (const from of importsOf(module)) if (isPath(from)) read(from);
  };
  read(entry);
  return modules;
}

const isPath = (from: string): boolean => !from.startsWith('package ');

/** Absolute paths for relative imports; `package <name>` for others, which are known by their name alone. */
const resolved = (path: string, source: unknown): string => {
  const specifier = String((source as Syntax).value);
  return specifier.startsWith('.') ? join(dirname(path), specifier) : `package ${specifier}`;
};

const importsOf = (module: Module): string[] =>
  module.statements.flatMap((node) => (isSyntax(node.source) ? [resolved(module.path, node.source)] : []));

function readModule(path: string, text: string): Module {
  const statements = parseModule(path.endsWith('.json') ? `export default ${text}` : text);
  const declared = new Map<string, Syntax>();
  const imported = new Map<string, Imported>();
  const exported = new Map<string, string | Imported>();
  const passedOn: string[] = [];
  const effects: Syntax[] = [];
  const declare = (node: Syntax): readonly string[] => {
    const codes = node.type === 'VariableDeclaration' ? (node.declarations as readonly Syntax[]) : [node];
    return codes.flatMap((code) => {
      const names = code === node ? declaredNames(node) : declaredNames({ ...node, declarations: [code] });
      for (const name of names) declared.set(name, code);
      return names;
    });
  };
  for (const node of statements) {
    switch (node.type) {
      case 'ImportDeclaration': {
        const from = resolved(path, node.source);
        for (const one of node.specifiers as readonly Syntax[])
          imported.set(nameOf(one.local), { from, name: importedName(one) });
        break;
      }
      case 'ExportAllDeclaration': {
        const from = resolved(path, node.source);
        if (isSyntax(node.exported)) exported.set(nameOf(node.exported), { from, name: '*' });
        else passedOn.push(from);
        break;
      }
      case 'ExportNamedDeclaration':
        if (isSyntax(node.declaration)) for (const name of declare(node.declaration)) exported.set(name, name);
        for (const one of node.specifiers as readonly Syntax[]) {
          const local = nameOf(one.local);
          exported.set(
            nameOf(one.exported),
            isSyntax(node.source) ? { from: resolved(path, node.source), name: local } : local,
          );
        }
        break;
      case 'ExportDefaultDeclaration':
        declare(node.declaration as Syntax);
        declared.set('default', node.declaration as Syntax);
        exported.set('default', 'default');
        break;
      default:
        if (declare(node).length === 0 && node.type !== 'EmptyStatement') effects.push(node);
    }
  }
  return { path, text, statements, declared, imported, exported, passedOn, effects };
}

const nameOf = (node: unknown): string => String((node as Syntax).name ?? (node as Syntax).value);

function importedName(specifier: Syntax): string {
  if (specifier.type === 'ImportNamespaceSpecifier') return '*';
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(specifier.imported);
}

/** What a top-level name of a module stands for; undefined for a global. */
export function targetOf(modules: ReadonlyMap<string, Module>, module: Module, name: string): Target | undefined {
  const code = module.declared.get(name);
  if (code !== undefined) return { module, code };
  const from = module.imported.get(name);
  return from && importedTarget(modules, from);
}

function importedTarget(modules: ReadonlyMap<string, Module>, { from, name }: Imported): Target {
  const module = modules.get(from);
  if (module === undefined) return { unread: `${from} ${name}` };
  return (name === '*' ? undefined : exportedTarget(modules, module, name)) ?? { whole: module };
}

function exportedTarget(modules: ReadonlyMap<string, Module>, module: Module, name: string): Target | undefined {
  const exported = module.exported.get(name);
  if (typeof exported === 'string') return targetOf(modules, module, exported);
  if (exported !== undefined) return importedTarget(modules, exported);
  for (const from of module.passedOn) {
    const next = modules.get(from);
    const found = next && exportedTarget(modules, next, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
