import {
  type DestinationStream,
  destination,
  type Level,
  type Logger,
  multistream,
  pino,
  stdTimeFunctions,
} from 'pino';
import pretty from 'pino-pretty';
import { errorInLog } from './error-in-log.ts';
import type { Journal } from './journal.ts';

export type { Logger } from 'pino';

/** A log and the way to be sure that it is written out. */
export interface Log {
  readonly logger: Logger;
  /** Writes out what waits; for the end of the process. */
  flush(): void;
}

export interface LogOptions {
  /** The least severe lines that are written. */
  readonly level: Level | 'silent';
  readonly nodeId: string;
  /** Remembers what is told at info or above, written or not. */
  readonly journal: Journal;
}

/** JSON lines on standard output, in colours and words where that is a terminal. */
export function openLog({ level, nodeId, journal }: LogOptions): Log {
  const { stream, flush } = output();
  const streams = [{ level: 'info' as const, stream: journal }];
  const all = level === 'silent' ? streams : [...streams, { level, stream }];
  const least = level === 'trace' || level === 'debug' ? level : 'info';
  const options = {
    level: least,
    base: { node: nodeId },
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: errorInLog },
  };
  return { logger: pino(options, multistream(all)), flush };
}

function output(): { stream: DestinationStream; flush(): void } {
  if (process.stdout.isTTY) {
    const stream: DestinationStream = pretty({
      ignore: 'pid,hostname,node,event',
      messageFormat: '{event}',
      singleLine: true,
      sync: true,
    });
    return { stream, flush: () => undefined };
  }
  const stream = destination({ dest: 1, sync: false, minLength: 0 });
  return { stream, flush: () => stream.flushSync() };
}

/** Lets one line through in a while, with the number of those held back: for what repeats. */
export class RepeatedLine {
  readonly #everyMs: number;
  #nextAt = 0;
  #heldBack = 0;

  constructor(everyMs = 10_000) {
    this.#everyMs = everyMs;
  }

  /** Calls `write` with the number of lines held back since the last, or holds this one back. */
  write(write: (heldBack: number) => void): void {
    const now = performance.now();
    if (now < this.#nextAt) {
      this.#heldBack++;
      return;
    }
    this.#nextAt = now + this.#everyMs;
    const heldBack = this.#heldBack;
    this.#heldBack = 0;
    write(heldBack);
  }
}
