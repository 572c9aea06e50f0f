// Where a command writes: results on stdout (one JSON document with --json), everything else on stderr. Progress is one
// line that rewrites itself on a terminal, and a line now and then elsewhere. The only place that writes to either, so
// that no text from outside reaches a terminal as it came.

import { createInterface } from 'node:readline/promises';
import type { Clock } from '../../ports/clock.ts';
import { visible, visibleJson, visibleLine } from './visible.ts';

export interface TerminalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly clock: Clock;
}

const LINE_EVERY_MS = 5000;
const REDRAW_EVERY_MS = 100;
const CLEAR_LINE = '\r\u001b[K';

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(text.endsWith('\n') ? visible(text) : `${visible(text)}\n`);
}

function draw(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${CLEAR_LINE}${visibleLine(line).slice(0, (stream.columns ?? 120) - 1)}`);
}

function writeJson(document: unknown, indent?: number): void {
  process.stdout.write(`${visibleJson(JSON.stringify(document, undefined, indent))}\n`);
}

/** What went wrong, on stderr: where no terminal was made yet. */
export const complain = (text: string): void => write(process.stderr, text);

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
    if (this.json) writeJson(document, 1);
    else write(process.stdout, text);
  }

  /** One document of several, each on a line of stdout. */
  documentLine(document: unknown): void {
    writeJson(document);
  }

  /** A part of the result, on stdout. */
  show(text: string): void {
    write(process.stdout, text);
  }

  /** A line of stdout that the next one replaces, where somebody looks on. */
  redraw(line: string): void {
    if (!process.stdout.isTTY) write(process.stdout, line);
    else draw(process.stdout, line);
  }

  /** Takes away what `redraw` left. */
  endRedraw(): void {
    if (process.stdout.isTTY) process.stdout.write(CLEAR_LINE);
  }

  /** A line for the person, on stderr. */
  say(line: string): void {
    this.clear();
    write(process.stderr, line);
  }

  /** A line that only --verbose shows. */
  detail(line: string): void {
    if (this.verbose) this.say(line);
  }

  progress(line: string, force = false): void {
    const now = this.#clock.nowMs();
    if (process.stderr.isTTY) {
      if (!force && now - this.#lastMs < REDRAW_EVERY_MS) return;
      draw(process.stderr, line);
      this.#drawn = true;
    } else {
      if (!force && now - this.#lastMs < LINE_EVERY_MS) return;
      write(process.stderr, line);
    }
    this.#lastMs = now;
  }

  clear(): void {
    if (this.#drawn) process.stderr.write(CLEAR_LINE);
    this.#drawn = false;
  }

  /** A way to ask for a yes; undefined when nobody is there. */
  get ask(): ((question: string) => Promise<boolean>) | undefined {
    if (!process.stdin.isTTY || !process.stderr.isTTY || this.json) return undefined;
    return async (question) => {
      this.clear();
      const prompt = createInterface({ input: process.stdin, output: process.stderr });
      const answer = await prompt.question(`${visible(question)}\nPublish all the same? [y/N] `);
      prompt.close();
      return /^y(es)?$/i.test(answer.trim());
    };
  }
}
