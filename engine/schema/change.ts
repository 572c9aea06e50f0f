// What `schema check` says of one difference between two declarations.

/** One change between two declarations, as a consumer sees it. */
export interface SchemaChange {
  readonly table: string;
  /** Absent: the table itself. */
  readonly column?: string;
  /**
   * `meaning`: where values come from; `rows`: which deliveries become rows; `values`: the listed words of a text;
   * `nullable`: whether it may be null; `about`: what is said of it.
   */
  readonly change:
    | 'added'
    | 'removed'
    | 'type'
    | 'meaning'
    | 'restricted'
    | 'key'
    | 'rows'
    | 'values'
    | 'nullable'
    | 'about';
  readonly breaks: boolean;
  /** In a sentence: from what to what. */
  readonly detail: string;
  /** How many columns a change of a whole table concerns. */
  readonly columns?: number;
}
