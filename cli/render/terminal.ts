// Where a command writes: results on stdout (one JSON document with --json), everything else on stderr. Progress is one
// line that rewrites itself on a terminal, and a line now and then elsewhere.

import { createInterface } from 'node:readline/promises';
import type { Clock } from '../../ports/clock.ts';

export interface TerminalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly clock: Clock;
}

const LINE_EVERY_MS = 5000;
const REDRAW_EVERY_MS = 100;

export class Terminal {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly #clock: Clock;
  #drawn = false;
  #lastMs = 0;

  constructor(options: TerminalOptions) {
    this.json = options.json;
    this.verbose = options.verbose;
    this.#clock = options.clock;
  }

  /** The result: `document` with --json, else the text. */
  result(document: unknown, text: string): void {
    this.clear();
    process.stdout.write(
      this.json ? `${JSON.stringify(document, undefined, 1)}\n` : text.endsWith('\n') ? text : `${text}\n`,
    );
  }

  /** A line for the person, on stderr. */
  say(line: string): void {
    this.clear();
    process.stderr.write(`${line}\n`);
  }

  /** A line that only --verbose shows. */
  detail(line: string): void {
    if (this.verbose) this.say(line);
  }

  progress(line: string, force = false): void {
    const now = this.#clock.nowMs();
    if (process.stderr.isTTY) {
      if (!force && now - this.#lastMs < REDRAW_EVERY_MS) return;
      process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 120) - 1)}`);
      this.#drawn = true;
    } else {
      if (!force && now - this.#lastMs < LINE_EVERY_MS) return;
      process.stderr.write(`${line}\n`);
    }
    this.#lastMs = now;
  }

  clear(): void {
    if (this.#drawn) process.stderr.write('\r\u001b[K');
    this.#drawn = false;
  }

  /** A way to ask for a yes; undefined when nobody is there. */
  get ask(): ((question: string) => Promise<boolean>) | undefined {
    if (!process.stdin.isTTY || !process.stderr.isTTY || this.json) return undefined;
    return async (question) => {
      this.clear();
      const prompt = createInterface({ input: process.stdin, output: process.stderr });
      const answer = await prompt.question(`${question}\nPublish all the same? [y/N] `);
      prompt.close();
      return /^y(es)?$/i.test(answer.trim());
    };
  }
}
