// Rows of the warehouse as simulations compare them: every cell as text.

/** A row by column name; null cells are null. */
export type Row = Readonly<Record<string, string | null>>;
export type Tables = ReadonlyMap<string, readonly Row[]>;

export const rowsOf = (tables: Tables, name: string): readonly Row[] => tables.get(name) ?? [];
