import { execFile } from 'node:child_process';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const SHOWN_LINES = 30;

export interface RunOptions {
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the program reads. */
  readonly input?: string;
}

/**
 * Runs a program and returns its standard output.
 * @throws Error with the end of its output when it fails or takes too long.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs = 60_000, env = {}, cwd, input }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      maxBuffer: MAX_OUTPUT_BYTES,
      cwd,
      env: { ...process.env, ...env },
    };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      const end = `${stdout}\n${stderr}`.trim().split('\n').slice(-SHOWN_LINES).join('\n');
      const why = error.killed ? `no end in ${timeoutMs} ms` : `exit status ${error.code}`;
      reject(new Error(`${program} ${args.join(' ')}: ${why}\n${end}`));
    });
    // A program that ends without reading breaks the pipe; why it ended is told above.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}
