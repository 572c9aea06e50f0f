// What is said of a file that cannot be read.

/** `message` is of a fixed vocabulary and quotes nothing of the file; `fix`, where it is known, says what would help. */
export class UnreadableFile extends Error {
  readonly fix: string | undefined;

  constructor(message: string, fix?: string) {
    super(message);
    this.fix = fix;
  }
}

export const unreadable = (message: string, fix?: string): UnreadableFile => new UnreadableFile(message, fix);
