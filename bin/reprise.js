#!/usr/bin/env node
import { main } from '../dist/cli/main.js';

// Whoever reads may stop reading (`| head`): what runs goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await main(process.argv.slice(2), process.env);
