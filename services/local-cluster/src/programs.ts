import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** Finds the first executable of `names` in `folders`, in the order of the names. */
export async function findProgram(
  names: readonly string[],
  folders: readonly string[],
): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of folders) {
      if (folder === '') continue;
      const file = join(folder, name);
      const runnable = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runnable) return file;
    }
  }
  return undefined;
}

/** Result of a command: its output, or the reason of its failure. */
type CommandResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly reason: string };

/** Runs a command to its end. A missing, failing or slow command is a result, not an exception. */
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
