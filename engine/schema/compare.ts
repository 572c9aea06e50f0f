// What changes between two declarations of a pipeline, and what each change means for those who read the tables.

/** One change between two declarations, as a consumer sees it. */
export interface SchemaChange {
  readonly table: string;
  /** Absent: the table itself. */
  readonly column?: string;
  readonly change: 'added' | 'removed' | 'type' | 'meaning' | 'restricted' | 'key';
  readonly breaks: boolean;
  /** In a sentence: from what to what. */
  readonly detail: string;
}
