import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { guardOrphan } from './orphan-guard.ts';

/** The command to run, and the file for its output. */
export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Receives stdout and stderr; emptied first. */
  readonly logFile: string;
}

/** How a child ended, in words: `exit status 1`, `signal SIGKILL`. */
type ExitWords = string;

/** A process that this one has started and answers for. */
export interface Child {
  readonly pid: number;
  /** Resolves when the process has exited, never rejects. */
  readonly exited: Promise<ExitWords>;
  /** undefined as long as the process lives. */
  readonly exit: () => ExitWords | undefined;
  /** Sends a signal; ignored after the exit. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends SIGTERM, and kills it after `graceMs`. Resolves when it has exited. */
  readonly stop: (graceMs: number) => Promise<ExitWords>;
  readonly lastLogLines: (count: number) => Promise<string>;
}

/**
 * Starts a process whose output goes to a file and which does not outlive this process.
 *
 * It gets its own process group: Ctrl-C on a terminal reaches this process alone, which can then
 * stop its children in the right order.
 * @throws Error when the command cannot be run.
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = await open(spec.logFile, 'w');
  // A stopped process handles SIGTERM only after SIGCONT.
  const guard = guardOrphan('kill -s TERM "$subject"; kill -s CONT "$subject"');
  let words: ExitWords | undefined;
  const child = spawn(spec.command, spec.args, {
    detached: true,
    env: spec.env ?? process.env,
    stdio: ['ignore', log.fd, log.fd],
  });
  // A child without a process id has not started: its 'error' event has the reason.
  const pid = child.pid ?? 0;
  if (pid > 0) guard.protect(pid);
  const exited = new Promise<ExitWords>((resolve) => {
    child.once('exit', (status, signal) => {
      words = signal === null ? `exit status ${status}` : `signal ${signal}`;
      guard.release();
      resolve(words);
    });
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    guard.release();
    throw error;
  } finally {
    await log.close();
  }

  const signal = (name: NodeJS.Signals): void => {
    if (words === undefined) child.kill(name);
  };

  return {
    pid,
    exited,
    exit: () => words,
    signal,
    stop: async (graceMs) => {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
    lastLogLines: async (count) => {
      const text = await readFile(spec.logFile, 'utf8');
      return text.trimEnd().split('\n').slice(-count).join('\n');
    },
  };
}
