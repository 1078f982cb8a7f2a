import { CommandError, EXIT } from './exit-codes.ts';
import { run } from './program.ts';
import { visibleLines } from './visible.ts';

// A reader that has seen enough (head, a closed pager) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  process.exitCode = await run({
    argv: process.argv.slice(2),
    environment: process.env,
    isTerminal: process.stdout.isTTY === true,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  });
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`routectl: ${visibleLines(error.message)}\n`);
  process.exitCode = error.exitCode;
}
