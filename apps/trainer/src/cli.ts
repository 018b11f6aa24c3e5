#!/usr/bin/env node
import { main } from './cli/program.ts';

// A reader that closes early (`pleat inspect ... | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await main(process.argv.slice(2));
process.exitCode = exitCode;
// Worker threads of an engine would keep the process alive; what was written is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
