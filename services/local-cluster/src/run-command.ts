import { execFile } from 'node:child_process';

/** What came of a command: its output, or why it failed. */
export type CommandResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly reason: string };

/** Runs a command to its end. A command that is not there, fails or takes too long is an outcome. */
export function runCommand(
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, output: stdout.trim() });
      else if (error.killed === true) resolve({ ok: false, reason: `no end in ${timeoutMs} ms` });
      else resolve({ ok: false, reason: stderr.trim().split('\n').at(-1) || error.message });
    });
  });
}
