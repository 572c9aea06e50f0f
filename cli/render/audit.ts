// What became of the rows of a run, as a person reads it, and as data.

import { declarationPath, type RunAudit } from '../commands/verify-run.ts';
import { count, plural, table } from './text.ts';

export function auditDocument(audit: RunAudit): object {
  const { run, tables, faults, undoneBy, code, declaration, notDerivable } = audit;
  const kept = declaration === undefined ? undefined : declarationPath(declaration);
  return { runId: run.runId, state: run.state, undoneBy, code, declaration: kept, tables, faults, notDerivable };
}

export function renderAudit({ run, tables, faults, undoneBy, code, declaration, notDerivable }: RunAudit): string[] {
  const lines = [
    `run ${run.runId}  ${run.pipeline}  ${run.state}${undoneBy === undefined ? '' : `, undone by run ${undoneBy}`}`,
    table(
      ['table', 'wrote', 'as it wrote them', 'changed by hand', 'replaced', 'gone'],
      tables.map((one) => [
        one.table,
        one.wrote ?? 'not kept',
        one.standing - one.changed,
        one.changed,
        one.replaced.reduce((sum, { rows }) => sum + rows, 0),
        one.gone,
      ]),
    ),
  ];
  const replaced = new Map<string, number>();
  for (const { runId, rows } of tables.flatMap((one) => one.replaced))
    replaced.set(runId, (replaced.get(runId) ?? 0) + rows);
  for (const [runId, rows] of replaced)
    lines.push(`${plural(rows, 'row')} ${undoneBy === undefined ? 'replaced by' : 'now of'} run ${runId}`);
  if (code !== undefined) lines.push(`code: ${code}`);
  if (declaration !== undefined) lines.push(`what the pipeline declared: ${declarationPath(declaration)}`);
  for (const { table: name, rows, what, runId } of faults) {
    const says = {
      changed: 'not as the run wrote them, although no other run did',
      replaced_by_unknown: `written by ${runId}, a run that the ledger does not know`,
      gone: 'no longer there, although no run deleted them',
    }[what];
    lines.push(`${name}: ${count(rows)} ${rows === 1 ? 'row is' : 'rows are'} ${says}`);
  }
  if (notDerivable !== undefined) {
    lines.push(`not derived again from raw: ${notDerivable.because}`);
    if (notDerivable.next !== undefined) lines.push('', `next: ${notDerivable.next}`);
  }
  return lines;
}
