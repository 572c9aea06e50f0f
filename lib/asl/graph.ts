/** How the states of one flow follow each other: targets that exist, states that are reached, an end that can be reached. */
import { isObject, memberPath, type Report } from './fields.ts';

export function checkGraph(flow: Record<string, unknown>, path: string, report: Report): void {
  const states = isObject(flow.States) ? flow.States : {};
  const start = flow.StartAt;
  const targets = new Map<string, string[]>();
  let terminal = false;
  for (const [name, state] of Object.entries(states)) {
    if (!isObject(state)) continue;
    const at = memberPath(`${path}.States`, name);
    terminal ||= state.End === true || state.Type === 'Succeed' || state.Type === 'Fail';
    checkTransition(state, at, report);
    const onward = targetsOf(state, at);
    targets.set(
      name,
      onward.map(([target]) => target),
    );
    for (const [target, from] of onward) {
      if (!Object.hasOwn(states, target)) report(from, `state ${target} does not exist in this scope`);
    }
  }
  if (Object.keys(states).length === 0) {
    report(`${path}.States`, 'must be an object with at least one state');
    return;
  }
  if (typeof start === 'string' && !Object.hasOwn(states, start)) {
    report(`${path}.StartAt`, `state ${start} does not exist in this scope`);
    return;
  }
  if (!terminal) report(`${path}.States`, 'has no terminal state (End, Succeed or Fail)');
  const reached = reachedFrom(String(start), targets);
  for (const name of Object.keys(states)) {
    if (!reached.has(name)) report(memberPath(`${path}.States`, name), 'cannot be reached from StartAt');
  }
}

function checkTransition(state: Record<string, unknown>, path: string, report: Report): void {
  if (!['Task', 'Map', 'Pass', 'Wait'].includes(String(state.Type))) return;
  if ('Next' in state === 'End' in state) report(path, 'must have either Next or End');
}

/** Each target with the path of the field that names it. */
function targetsOf(state: Record<string, unknown>, path: string): [string, string][] {
  const named: [unknown, string][] = [
    [state.Next, `${path}.Next`],
    [state.Default, `${path}.Default`],
  ];
  for (const field of ['Choices', 'Catch']) {
    const rules = state[field];
    if (!Array.isArray(rules)) continue;
    for (const [index, rule] of rules.entries()) named.push([rule?.Next, `${path}.${field}[${index}].Next`]);
  }
  return named.filter((one): one is [string, string] => typeof one[0] === 'string' && one[0] !== '');
}

function reachedFrom(start: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set([start]);
  // A Set may grow while it is walked: this visits what is added.
  for (const name of reached) for (const target of targets.get(name) ?? []) reached.add(target);
  return reached;
}
