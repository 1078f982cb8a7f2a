import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** A log and the way to be sure that it is written out. */
export interface Log {
  readonly logger: Logger;
  /** Writes out what waits; for the end of the process. */
  flush(): void;
}

/** JSON lines on standard output, in colours and words where that is a terminal. */
export function openLog(level: string, nodeId: string): Log {
  const options = { level, base: { node: nodeId }, timestamp: stdTimeFunctions.isoTime };
  if (process.stdout.isTTY) {
    const stream: DestinationStream = pretty({
      ignore: 'pid,hostname,node,event',
      messageFormat: '{event}',
      singleLine: true,
      sync: true,
    });
    return { logger: pino(options, stream), flush: () => undefined };
  }
  const stream = destination({ dest: 1, sync: false, minLength: 0 });
  return { logger: pino(options, stream), flush: () => stream.flushSync() };
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
