// What changes between two declarations of a pipeline, and what each change means for those who read the tables. A
// change breaks when something that was true of a table is not true any more: a column, its type, where its values come
// from, that it is never null, which rows there are. More of the same does not break.

import type { SchemaChange } from './change.ts';
import { compareColumns } from './compare-columns.ts';
import { compareRows } from './compare-rows.ts';
import { matchShapes, type Surface, type TableSurface } from './surface.ts';

/** All changes from one declaration to another: table by table in the order of `after`, removed tables last. */
export function compareDeclarations(before: Surface, after: Surface): SchemaChange[] {
  const shapes = matchShapes(before, after);
  const changes = after.tables.flatMap((table) => {
    const stood = before.tables.find((one) => one.name === table.name);
    if (stood === undefined) return [addedTable(table)];
    return [
      ...keyChange(stood, table),
      ...compareRows(before, after, stood, table, shapes),
      ...compareColumns(stood, table, shapes),
    ];
  });
  const gone = before.tables.filter((table) => !after.tables.some((one) => one.name === table.name));
  return [...changes, ...gone.map((table) => removedTable(table, after))];
}

const addedTable = ({ name, columns, shapes }: TableSurface): SchemaChange => ({
  table: name,
  change: 'added',
  breaks: false,
  detail: `a new table of ${shapes.join(', ')}`,
  columns: columns.length,
});

function removedTable({ name, columns }: TableSurface, after: Surface): SchemaChange {
  const names = (table: { columns: readonly { name: string }[] }): string =>
    table.columns
      .map((column) => column.name)
      .sort()
      .join();
  const same = after.tables.find((table) => names(table) === names({ columns }));
  const detail = `not declared any more${same === undefined ? '' : `; ${same.name} has the same columns`}`;
  return { table: name, change: 'removed', breaks: true, detail, columns: columns.length };
}

function keyChange(before: TableSurface, after: TableSurface): SchemaChange[] {
  const [from, to] = [keyText(before), keyText(after)];
  if (from === to) return [];
  return [
    { table: after.name, change: 'key', breaks: true, detail: `was ${from}, is ${to}`, columns: after.key.length },
  ];
}

const keyText = ({ key, offered }: TableSurface): string =>
  `(${key.join(', ')})${offered === undefined ? '' : ` with the identity ${offered}`}`;
