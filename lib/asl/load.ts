/**
 * Takes a state machine as it is in its file and gives it back typed and frozen, or says everything that is wrong with it.
 * It accepts what the interpreter next door runs the way Step Functions would; all else of the language is refused here, not
 * met half-way through a run.
 */
import { StateMachineInvalid } from './errors.ts';
import { isObject, machineFields, memberPath, processorFields, type Report, stateFields } from './fields.ts';
import { checkGraph } from './graph.ts';
import { stateNameCharactersMax } from './limits.ts';
import type { StateMachine } from './machine.ts';
import { assignedNames, checkReferences } from './references.ts';

/** @throws StateMachineInvalid with every fault and the JSON path it is at. */
export function loadStateMachine(json: unknown, name: string): StateMachine {
  const faults: { path: string; message: string }[] = [];
  const report: Report = (path, message) => faults.push({ path, message });
  machineFields(json, '$', report);
  if (isObject(json)) {
    checkFlow(json, '$', report, { names: new Map(), labels: new Set(), outer: new Set(), readable: new Set() });
  }
  if (faults.length > 0) throw new StateMachineInvalid(name, faults);
  return frozen({ ...structuredClone(json as Omit<StateMachine, 'name'>), name });
}

interface Around {
  /** Of the whole machine: state names, each with its path, and map labels. */
  readonly names: Map<string, string>;
  readonly labels: Set<string>;
  /** Variables of the scopes around, which may not be assigned; and those of them that can be read. */
  readonly outer: ReadonlySet<string>;
  readonly readable: ReadonlySet<string>;
  readonly express?: boolean;
}

function checkFlow(flow: Record<string, unknown>, path: string, report: Report, around: Around): void {
  checkGraph(flow, path, report);
  if (!isObject(flow.States)) return;
  const states = Object.entries(flow.States);
  const own = new Set<string>();
  for (const [name, state] of states) {
    for (const [assign, at] of assignsOf(state, memberPath(`${path}.States`, name))) {
      for (const variable of assignedNames(assign, at, report)) {
        own.add(variable);
        if (around.outer.has(variable)) {
          report(
            memberPath(at, variable),
            `$${variable} belongs to the scope around this map and cannot be assigned in it`,
          );
        }
      }
    }
  }
  const inner = {
    ...around,
    outer: new Set([...around.outer, ...own]),
    readable: new Set([...around.readable, ...own]),
  };
  for (const [name, state] of states) checkState(name, state, memberPath(`${path}.States`, name), report, inner);
}

function checkState(name: string, state: unknown, path: string, report: Report, around: Around): void {
  const namesake = around.names.get(name);
  if (namesake !== undefined) report(path, `has the name of ${namesake}; names are unique in a machine`);
  around.names.set(name, path);
  if (name === '' || name.length > stateNameCharactersMax) {
    report(path, `has a name of ${name.length} characters, 1 to ${stateNameCharactersMax} are allowed`);
  }
  if (!isObject(state)) {
    report(path, 'must be an object');
    return;
  }
  const type = String(state.Type);
  const check = Object.hasOwn(stateFields, type) ? stateFields[type] : undefined;
  if (check === undefined) {
    report(`${path}.Type`, `state type ${type} is not supported, only ${Object.keys(stateFields).join(', ')}`);
    return;
  }
  check(state, path, report);
  checkReferences(state, path, around.readable, report);
  if (type === 'Task' && around.express === true && String(state.Resource).endsWith('.waitForTaskToken')) {
    report(`${path}.Resource`, 'cannot wait for a token in an EXPRESS map');
  }
  if (type === 'Map') checkMap(state, path, report, around);
}

function checkMap(state: Record<string, unknown>, path: string, report: Report, around: Around): void {
  const processor = state.ItemProcessor;
  const at = `${path}.ItemProcessor`;
  if (processor === undefined) return;
  processorFields(processor, at, report);
  if (!isObject(processor)) return;
  const config = isObject(processor.ProcessorConfig) ? processor.ProcessorConfig : {};
  const { Mode: mode = 'INLINE', ExecutionType: type } = config;
  const distributed = mode === 'DISTRIBUTED';
  if (distributed && type === undefined) report(`${at}.ProcessorConfig.ExecutionType`, 'is required');
  if (!distributed && type !== undefined) {
    report(`${at}.ProcessorConfig.ExecutionType`, 'is for DISTRIBUTED maps only');
  }
  if (distributed && around.express === true)
    report(`${at}.ProcessorConfig`, 'cannot be DISTRIBUTED in an EXPRESS map');
  if (typeof state.Label === 'string') {
    if (around.labels.has(state.Label)) report(`${path}.Label`, 'must be unique in a machine');
    around.labels.add(state.Label);
  }
  // A child of a distributed map is an execution of its own and sees no variable of its parent.
  const readable = distributed ? new Set<string>() : around.readable;
  checkFlow(processor, at, report, { ...around, readable, express: around.express === true || type === 'EXPRESS' });
}

function assignsOf(state: unknown, path: string): [unknown, string][] {
  if (!isObject(state)) return [];
  const assigns: [unknown, string][] = [[state.Assign, `${path}.Assign`]];
  for (const field of ['Choices', 'Catch']) {
    const rules = state[field];
    if (!Array.isArray(rules)) continue;
    for (const [index, rule] of rules.entries()) assigns.push([rule?.Assign, `${path}.${field}[${index}].Assign`]);
  }
  return assigns;
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}
