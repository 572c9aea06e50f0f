// Runs the built command line in a process of its own, as a person does.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../lib/package-root.ts';
import { checkPrinted } from './printed.ts';

export interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Every command that it prints must be one that can be typed. */
export async function reprise(home: string, ...args: readonly string[]): Promise<Ended> {
  const program = [join(packageRoot(), 'bin', 'reprise.js'), ...args, '--home', home];
  const ended = await new Promise<Ended>((resolve) => {
    execFile(process.execPath, program, { maxBuffer: 256 * 1024 * 1024 }, (error, out, err) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
  await checkPrinted(ended.out, ended.err);
  return ended;
}

/** A command line as a person types it into a shell, in a working folder, the home by the environment. */
export async function shell(folder: string, home: string, line: string): Promise<Ended> {
  const program = join(folder, 'reprise');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${packageRoot()}/bin/reprise.js" "$@"\n`, {
    mode: 0o755,
  });
  const env = { ...process.env, REPRISE_HOME: home, PATH: `${folder}:${process.env.PATH ?? ''}` };
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd: folder, env, maxBuffer: 256 * 1024 * 1024 }, (error, out, err) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

/** The one JSON document that `--json` prints, taken for what the test says it is. */
export async function repriseJson<T>(home: string, ...args: readonly string[]): Promise<T> {
  const { exit, out, err } = await reprise(home, ...args, '--json');
  try {
    const document: T = JSON.parse(out);
    return document;
  } catch {
    throw new Error(`reprise ${args.join(' ')} ended with ${exit} and no JSON document: ${err}`);
  }
}

export interface RunDocument {
  readonly runId: string;
  readonly state: string;
  readonly tables: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly causes: Readonly<Record<string, number>>;
}

export interface QuarantineDocument {
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly entries: readonly {
    readonly id: string;
    readonly rawObject: string;
    readonly rawRow: number;
    readonly reason: string;
    readonly detail: string;
    readonly source: string;
    readonly date: string;
  }[];
}

export interface EntryDocument {
  readonly today: { readonly accepted: boolean; readonly reason?: string };
  readonly raw: { readonly command: string };
  readonly preview: { readonly kind: string; readonly nodes?: readonly object[] };
  readonly eventId: string | null;
}

export interface WhyDocument {
  readonly stories: readonly {
    readonly pipeline: string;
    readonly kind: string;
    readonly copies: readonly {
      readonly receivedAt: string;
      readonly winner: boolean;
      readonly losesBy: string | null;
      readonly accepted: boolean;
      readonly reason?: string;
    }[];
    readonly rows: readonly {
      readonly table: string;
      readonly columns: readonly {
        readonly name: string;
        readonly value: string | null;
        readonly today: string | null;
      }[];
    }[];
  }[];
}

export interface DiffDocument {
  readonly published: boolean;
  readonly tables: Readonly<
    Record<
      string,
      {
        readonly inserted: number;
        readonly updated: number;
        readonly deleted: number;
        readonly causes: readonly { readonly cause: string; readonly rows: number }[];
        readonly columns: readonly { readonly column: string; readonly rows: number }[];
        readonly samples: readonly {
          readonly action: string;
          readonly values: readonly {
            readonly column: string;
            readonly before: string | null;
            readonly after: string | null;
          }[];
        }[];
      }
    >
  >;
}

export interface TryDocument {
  readonly tried: number;
  readonly deliveries: readonly {
    readonly outcome: { readonly accepted: boolean; readonly eventId?: string; readonly reason?: string };
  }[];
}

export interface DoctorDocument {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly check: string;
    readonly state: string;
    readonly says: string;
    readonly fix?: string;
  }[];
}

/** The value, which the test cannot do without. */
export function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`);
  return value;
}
