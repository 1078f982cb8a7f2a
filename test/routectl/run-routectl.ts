import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../services/routectl/bin/routectl.js', import.meta.url));
const DEADLINE_MS = 30_000;

/** What came of a command line. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs routectl until it ends, with this environment alone. */
export function runRoutectl(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const env = { PATH: process.env['PATH'], ...environment };
  return new Promise((resolve) => {
    const options = { env, timeout: DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.execPath, [PROGRAM, ...args], options, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/** A table's rows, each by its column's title in lower case. Cells are two blanks apart. */
export function readTable(stdout: string): Record<string, string>[] {
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    title: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
  return lines.map((line) => {
    const cells = [...line.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
      text: match[0],
      start: match.index,
      end: match.index + match[0].length,
    }));
    return Object.fromEntries(
      starts.map(({ title, start, end }) => {
        const cell = cells.find((one) => one.start < end && one.end > start);
        return [title, cell?.text ?? ''];
      }),
    );
  });
}
