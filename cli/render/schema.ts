// What `schema` tells, as a person reads it.

import type { SchemaChange } from '../../engine/schema/change.ts';
import type { MonthChurn } from '../../engine/schema/churn.ts';
import type { Reader } from '../../engine/schema/readers.ts';
import type { SchemaEvolution } from '../../ports/warehouse.ts';
import { plural, table } from './text.ts';

export interface CheckDocument {
  readonly pipeline: string;
  readonly against: string;
  readonly compatible: boolean;
  readonly breaking: number;
  readonly allowed: boolean;
  readonly transformsChanged: boolean;
  /** Null when there is no dbt project. */
  readonly modelsRead: number | null;
  readonly changes: readonly (SchemaChange & { readonly readers: readonly Reader[] })[];
}

export function renderCheck(checked: CheckDocument): string {
  const { pipeline, against, changes, breaking } = checked;
  if (changes.length === 0) {
    const transforms = checked.transformsChanged
      ? 'the transforms do, as a whole: their next run begins a new epoch'
      : 'the transforms are the same';
    return `${pipeline}: nothing changes for readers of its tables, against ${against}; ${transforms}`;
  }
  const part = (title: string, breaks: boolean): string[] => {
    const some = changes.filter((change) => change.breaks === breaks);
    return some.length === 0 ? [] : [title, ...some.flatMap(changeLines), ''];
  };
  const models =
    checked.modelsRead === null ? 'no dbt project was found' : `${plural(checked.modelsRead, 'dbt model')} looked at`;
  return [
    `${pipeline}: ${plural(changes.length, 'change')} against ${against}, ${breaking === 0 ? 'none breaks' : `${breaking} ${breaking === 1 ? 'breaks' : 'break'}`}; ${models}`,
    '',
    ...part('BREAKS', true),
    ...part('COMPATIBLE', false),
    nextAfterCheck(checked),
  ].join('\n');
}

function changeLines(change: CheckDocument['changes'][number]): string[] {
  const name = change.column === undefined ? change.table : `${change.table}.${change.column}`;
  const readers = change.readers.map(
    ({ file, takesAll }) => `    read by ${file}${takesAll ? ' (takes every column)' : ''}`,
  );
  return [`  ${name}  ${change.change}: ${change.detail}`, ...readers];
}

function nextAfterCheck({ pipeline, breaking, allowed }: CheckDocument): string {
  if (breaking === 0) return `next: reprise schema apply ${pipeline}`;
  return allowed
    ? 'allowed by --allow-breaking'
    : 'next: tell those who read these, or keep what they read beside the new; then --allow-breaking';
}

export interface ApplyDocument extends SchemaEvolution {
  readonly pipeline: string;
  readonly dryRun: boolean;
  readonly applied: boolean;
  /** What was added had been there, so that only a repair fills it again. */
  readonly repair: boolean;
  readonly changes: readonly SchemaChange[];
}

export function renderApply(document: ApplyDocument): string {
  const { pipeline, dryRun, statements, refused, kept } = document;
  const lines: string[] = [];
  if (refused.length > 0) {
    lines.push(`${pipeline}: refused, nothing was changed: what the declaration asks of these columns can lose values`);
    for (const one of refused) lines.push(`  ${one.table}.${one.column} is ${one.has}, declared as ${one.wants}`);
    lines.push('', 'whoever may lose them, or has copied them, types:', ...refused.map((one) => `  ${one.statement}`));
    lines.push('', 'or declare the column under another name beside the old one');
  } else if (statements.length === 0) {
    lines.push(`${pipeline}: the tables have every column of the declaration`);
  } else {
    lines.push(
      `${pipeline}: ${plural(statements.length, 'statement')} ${dryRun ? 'to be run' : 'run, in one transaction'}`,
    );
    lines.push(...statements.map((statement) => `  ${statement}`));
  }
  if (kept.length > 0) {
    lines.push('', 'not declared any more, and left as they are:');
    for (const one of kept) lines.push(`  ${one.column === undefined ? one.table : `${one.table}.${one.column}`}`);
    lines.push('when nobody reads them:', ...kept.map((one) => `  ${one.statement}`));
  }
  if (refused.length === 0) lines.push(...nextAfterApply(document));
  return lines.join('\n');
}

function nextAfterApply({ pipeline, dryRun, added, repair }: ApplyDocument): string[] {
  if (added.length === 0) return [];
  if (dryRun) return ['', `next: reprise schema apply ${pipeline}`];
  if (repair)
    return [
      '',
      'this was there before, and was removed; it is empty until the dates are repaired:',
      `next: reprise backfill ${pipeline} --all --repair`,
    ];
  return [
    '',
    'what is new is empty until the dates are replayed whole:',
    `next: reprise backfill ${pipeline} --all --reason "new columns"`,
  ];
}

export interface ChurnDocument {
  readonly pipeline: string;
  readonly limit: number;
  readonly ok: boolean;
  readonly months: readonly MonthChurn[];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export function renderChurn({ pipeline, limit, months }: ChurnDocument): string {
  if (months.length === 0)
    return `${pipeline}: no schema was applied yet\nnext: reprise schema apply ${pipeline}, from where the counting begins`;
  const rows = months.map((one) => [
    one.month,
    one.changed,
    one.columns,
    percent(one.share),
    one.breaking,
    one.isAbove ? 'above the limit' : '',
  ]);
  const above = months.filter((one) => one.isAbove);
  return [
    `${pipeline}: columns changed by schema apply, limit ${percent(limit)} in a month`,
    '',
    table(['month', 'changed', 'of columns', 'share', 'breaking', ''], rows),
    ...above.flatMap((one) => ['', `${one.month}: ${one.what.join(', ')}`]),
  ].join('\n');
}
