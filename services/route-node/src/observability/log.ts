import {
  type DestinationStream,
  type Level,
  type Logger,
  multistream,
  pino,
  stdTimeFunctions,
} from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { EventLog } from './event-log.ts';
import { LogOutput } from './log-output.ts';
import { openStdout, type Stdout } from './stdout.ts';

export type { Logger } from 'pino';

/** A log and the way to be sure that it is written out. */
export interface Log {
  readonly logger: Logger;
  readonly output: LogOutput;
  /** Flushes waiting lines with a time limit; for the end of the process. */
  flush(withinMs: number): Promise<void>;
  /** Flushes waiting lines that can be written at once; for a sudden end of the process. */
  flushNow(): void;
}

export interface LogOptions {
  /** The least severe lines that are written. */
  readonly level: Level | 'silent';
  readonly nodeId: string;
  /** Remembers facts at info or above, whether written or not. */
  readonly eventLog: EventLog;
  /** Bytes of lines that wait for standard output; beyond them lines are dropped. */
  readonly bufferBytes: number;
}

/**
 * JSON lines on standard output, coloured text on a terminal. A blocked output delays nothing:
 * lines wait, then they are dropped and counted.
 */
export function openLog({ level, nodeId, eventLog, bufferBytes }: LogOptions): Log {
  const stdout = openStdout();
  const output = new LogOutput({
    write: stdout.write,
    maxWaitingBytes: bufferBytes,
    stuck: (code) => {
      const { pendingBytes, droppedLines } = output;
      logger.warn({ event: 'log-stuck', code, pendingBytes, droppedLines });
    },
    recovered: (gap) => logger.warn({ event: 'log-recovered', ...gap }),
  });
  const streams = [{ level: 'info' as const, stream: eventLog }];
  const all =
    level === 'silent' ? streams : [...streams, { level, stream: asStream(stdout, output) }];
  const least = level === 'trace' || level === 'debug' ? level : 'info';
  const options = {
    level: least,
    base: { node: nodeId },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: errorInLog },
  };
  const logger = pino(options, multistream(all));
  return {
    logger,
    output,
    flush: (withinMs) => output.flush(withinMs),
    flushNow: () => stdout.writeLast(output.takeWaiting()),
  };
}

/** The logged form of an error. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly cause?: LoggedError;
}

const MOST_CAUSES = 5;

/**
 * Converts an error to its logged form: these fields alone. Errors carry arbitrary other fields;
 * those of the Redis client have the failed command with all its arguments, including passwords.
 */
export function errorInLog(error: unknown, causes = MOST_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name: type, message, stack, cause } = error;
  return {
    type,
    message,
    ...(stack !== undefined && { stack }),
    ...('code' in error && { code: String(error.code) }),
    ...(cause !== undefined && causes > 0 && { cause: errorInLog(cause, causes - 1) }),
  };
}

function asStream({ isTerminal }: Stdout, output: LogOutput): DestinationStream {
  if (!isTerminal) return output;
  const pretty = prettyFactory({
    ignore: 'pid,hostname,node,event',
    messageFormat: '{event}',
    singleLine: true,
  });
  return { write: (line) => output.write(pretty(line)) };
}

/** A {@link RepeatedLine} per key, so that different lines do not suppress each other. */
export class RepeatedLines<Key> {
  readonly #lines = new Map<Key, RepeatedLine>();

  write(key: Key, write: (suppressed: number) => void): void {
    const line = this.#lines.get(key) ?? new RepeatedLine();
    this.#lines.set(key, line);
    line.write(write);
  }
}

/** Lets one line pass per interval, with the number of suppressed ones; for repeated lines. */
export class RepeatedLine {
  readonly #everyMs: number;
  #nextAt = 0;
  #suppressed = 0;

  constructor(everyMs = 10_000) {
    this.#everyMs = everyMs;
  }

  /** Calls `write` with the number of lines suppressed since the last, or suppresses this one. */
  write(write: (suppressed: number) => void): void {
    const now = performance.now();
    if (now < this.#nextAt) {
      this.#suppressed++;
      return;
    }
    this.#nextAt = now + this.#everyMs;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    write(suppressed);
  }
}
