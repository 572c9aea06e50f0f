// Files that live no longer than the work they are for.

export interface Scratch {
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** The file in pieces; nothing when there is none of the name. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Where an engine may write a file of that name. */
  path(name: string): string;
  remove(name: string): Promise<void>;
  /** Removes all of it. */
  close(): Promise<void>;
}
