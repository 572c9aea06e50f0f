// Who acts, and with which code: every record of the ledger says it.

export interface Author {
  /** A person or a machine: `name@host`. */
  readonly by: string;
  /** Version of the code that acts, and its commit where it is known. */
  readonly code: string;
  /** Another text at every call, that no other process gives: how a writer knows its own write again. */
  unique(): string;
}
