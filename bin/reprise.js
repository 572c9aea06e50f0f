#!/usr/bin/env node
// The program. What cannot even be loaded, and what nobody caught, is reported in one line: never by Node's own stack.

import { readFileSync } from 'node:fs';

/** What a person can do about an error of the system. Texts of errors are not shown: they may quote rows. */
const SYSTEM = {
  EMFILE: ['this process may not open enough files', 'allow more: ulimit -n 1024'],
  ENFILE: ['the machine has no open files left', 'end other programs, then run this again'],
  ENOSPC: ['the disk is full', 'free space on the disk, then run this again'],
  ENOMEM: ['there is no memory left', 'end other programs, then run this again'],
  ERR_DLOPEN_FAILED: [
    'a library cannot be loaded',
    'allow more open files (ulimit -n 1024), or install again: npm install',
  ],
  ERR_MODULE_NOT_FOUND: ['a part of it is not there', 'build first: npm install && npm run build'],
};

function fail(error) {
  const code = SYSTEM[error?.code] === undefined && /EMFILE/.test(String(error?.stack)) ? 'EMFILE' : error?.code;
  const [what, fix] = SYSTEM[code] ?? [
    `internal error (${error instanceof Error ? error.name : typeof error})`,
    `report this${process.argv.includes('--verbose') ? `:\n${framesOf(error)}` : ', with --verbose'}`,
  ];
  process.stderr.write(`reprise: ${what}${code === 'EMFILE' ? allowed() : ''}\n  → ${fix}\n`);
  process.exit(1);
}

/** How many files that is, where one more can be opened to look. */
function allowed() {
  try {
    return `: ${/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]} are allowed`;
  } catch {
    return '';
  }
}

const framesOf = (error) =>
  String(error?.stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

// Whoever reads may stop reading (`| head`): what runs goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  // The rooms below first: Node opens the files of all modules that it comes to at once, and the process may have few.
  await import('../dist/engine/plan/plan.js');
  await import('../dist/profiles/embedded/engine.js');
  const { main } = await import('../dist/cli/main.js');
  process.exitCode = await main(process.argv.slice(2), process.env);
} catch (error) {
  fail(error);
}
