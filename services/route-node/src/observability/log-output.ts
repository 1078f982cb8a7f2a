/** Writes without blocking the process. Reports the number of bytes, or the reason for none. */
export type WriteBytes = (
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface LogOutputOptions {
  readonly write: WriteBytes;
  /** Bytes of lines that may wait for the output; lines beyond it are dropped and counted. */
  readonly maxWaitingBytes: number;
  /** The output has not accepted data for a while; `code` is the system's reason. */
  stuck(code: string): void;
  /** The output accepts lines again. */
  recovered(gap: LogGap): void;
}

/** How long the output took nothing, and how many lines that cost. */
export interface LogGap {
  readonly drainTimeoutMs: number;
  readonly droppedLines: number;
}

/** The code of a write that a full pipe or terminal refuses for now. */
const BUSY = 'EAGAIN';

/** Reported where lines arrive faster than they are written, or a write does not return. */
const TOO_SLOW = 'too-slow';

/** Until the next attempt, after a busy output and after any other error. */
const BUSY_RETRY_MS = 50;
const ERROR_RETRY_MS = 1000;

/** A busy output counts as blocked after this time; any other error counts at once. */
const STUCK_MS = 1000;

/** Maximum size of one write; it ends at a line end unless one line is longer. */
const MAX_WRITE_BYTES = 64 * 1024;

/**
 * The path of the node's log to standard output. One write runs at a time; lines meanwhile wait, up
 * to a bound, and are dropped and counted beyond it. A failing output is retried as long as the
 * process lives: a full disk may get room, a pipe a reader.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  #waiting: string[] = [];
  /** The first bytes of the current write, or of the next one. */
  #chunk: Buffer = Buffer.alloc(0);
  #pendingBytes = 0;
  #writingSinceMs: number | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failingSinceMs: number | undefined;
  #reportedStuck = false;
  #droppedBefore = 0;
  #emptied: (() => void) | undefined;
  /** Lines that were dropped because the output did not take them. */
  droppedLines = 0;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** Bytes not yet accepted by the output. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** How long the current write has been running, in ms; 0 without one. */
  get writingMs(): number {
    return this.#writingSinceMs === undefined ? 0 : performance.now() - this.#writingSinceMs;
  }

  /** Appends a line, or drops it where the output is too far behind. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#pendingBytes + bytes > this.#options.maxWaitingBytes) {
      // The line about it may be dropped as well; the event list has the same fact.
      this.#reportStuck(TOO_SLOW);
      this.droppedLines++;
      return;
    }
    this.#waiting.push(line);
    this.#pendingBytes += bytes;
    if (this.#writingSinceMs === undefined && this.#retryTimer === undefined) this.#next();
  }

  /** Resolves when everything is written, or after `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (this.#pendingBytes === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /**
   * Flushes everything that waits and is not part of the current write; for the end of the process,
   * which cannot wait.
   */
  takeWaiting(): Buffer {
    const lines = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    return this.#writingSinceMs === undefined ? Buffer.concat([this.#chunk, lines]) : lines;
  }

  #next(): void {
    this.#retryTimer = undefined;
    this.#fillChunk(MAX_WRITE_BYTES);
    const chunk = this.#chunk;
    if (chunk.length === 0) {
      this.#emptied?.();
      return;
    }
    this.#writingSinceMs = performance.now();
    this.#options.write(chunk, (error, written) => {
      this.#writingSinceMs = undefined;
      if (error === null) this.#accepted(chunk, written);
      else this.#failed(error.code ?? error.message);
    });
  }

  #fillChunk(maxBytes: number): void {
    if (this.#chunk.length > 0) return;
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      bytes += Buffer.byteLength(line);
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    this.#chunk = Buffer.from(this.#waiting.splice(0, count).join(''));
  }

  #accepted(chunk: Buffer, written: number): void {
    this.#chunk = chunk.subarray(written);
    this.#pendingBytes -= written;
    if (!this.#reportedStuck) this.#failingSinceMs = undefined;
    this.#next();
    // With most of the backlog written there is room for the line about it.
    const behind = this.#pendingBytes > this.#options.maxWaitingBytes / 2;
    if (this.#reportedStuck && !behind) this.#reportRecovered();
  }

  #failed(code: string): void {
    this.#failingSinceMs ??= performance.now();
    const busy = code === BUSY;
    // Set before anything is reported: the report is a line of this log.
    this.#retryTimer = setTimeout(() => this.#next(), busy ? BUSY_RETRY_MS : ERROR_RETRY_MS);
    this.#retryTimer.unref();
    if (!busy || performance.now() - this.#failingSinceMs >= STUCK_MS) this.#reportStuck(code);
  }

  #reportStuck(code: string): void {
    if (this.#reportedStuck) return;
    this.#reportedStuck = true;
    this.#failingSinceMs ??= this.#writingSinceMs ?? performance.now();
    this.#options.stuck(code);
  }

  #reportRecovered(): void {
    const drainTimeoutMs = Math.round(performance.now() - (this.#failingSinceMs ?? 0));
    const droppedLines = this.droppedLines - this.#droppedBefore;
    this.#reportedStuck = false;
    this.#failingSinceMs = undefined;
    this.#droppedBefore = this.droppedLines;
    this.#options.recovered({ drainTimeoutMs, droppedLines });
  }
}
