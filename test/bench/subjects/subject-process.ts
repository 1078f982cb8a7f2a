import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@route/fixtures';
import { type ChildSpec, startChild } from '@route/local-cluster';

const START_DEADLINE_MS = 10_000;
const SHOWN_LOG_LINES = 15;

/** A running program, killed at the end of its scope. */
export interface SubjectProcess extends AsyncDisposable {
  readonly pid: number;
  /** The match in the program's output when it was ready. */
  readonly told: string;
}

/**
 * Starts a program and waits until its output matches.
 * @throws Error with the end of its output when it does not.
 */
export async function startSubjectProcess(
  spec: Omit<ChildSpec, 'logFile'>,
  readyWhen: RegExp,
): Promise<SubjectProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'route-bench-'));
  const child = await startChild({ ...spec, logFile: join(folder, 'log') });
  const kill = async (): Promise<void> => {
    child.signal('SIGKILL');
    await child.exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const told = await waitFor(
      async () => {
        const exit = child.exit();
        if (exit !== undefined) return { exit };
        return readyWhen.exec(await child.lastLogLines(SHOWN_LOG_LINES))?.[0];
      },
      { what: `${spec.command} to print ${readyWhen}`, deadlineMs: START_DEADLINE_MS },
    );
    if (typeof told === 'string') return { pid: child.pid, told, [Symbol.asyncDispose]: kill };
    const output = await child.lastLogLines(SHOWN_LOG_LINES);
    throw new Error(`${spec.command} ${spec.args.join(' ')} has ended: ${told.exit}\n${output}`);
  } catch (error) {
    await kill();
    throw error;
  }
}
