import { closeSync, openSync, readSync } from 'node:fs';

/** pino's number for the level at which a node gives up. */
export const FATAL_LEVEL = 60;

/** One line of a node's log; what else it has depends on its `event`. */
export interface LogLine {
  readonly level: number;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The log of a process, read as it grows: JSON lines, and other text (crash, usage message). */
export class LogFile {
  readonly #path: string;
  readonly #lines: LogLine[] = [];
  readonly #others: string[] = [];
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);
  #finished = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** All lines so far, in order. */
  get lines(): readonly LogLine[] {
    this.#readOn();
    return this.#lines;
  }

  /** Lines that are no JSON of this log's kind. */
  get otherLines(): readonly string[] {
    this.#readOn();
    return this.#others;
  }

  /** Reads a last time; afterwards the file may be removed. */
  finish(): void {
    this.#readOn();
    this.#finished = true;
  }

  #readOn(): void {
    if (this.#finished) return;
    const chunks = [this.#rest];
    const file = openSync(this.#path, 'r');
    try {
      for (;;) {
        const chunk = Buffer.alloc(65_536);
        const count = readSync(file, chunk, 0, chunk.length, this.#offset);
        if (count === 0) break;
        this.#offset += count;
        chunks.push(chunk.subarray(0, count));
      }
    } finally {
      closeSync(file);
    }
    const bytes = Buffer.concat(chunks);
    const end = bytes.lastIndexOf('\n') + 1;
    this.#rest = bytes.subarray(end);
    for (const text of bytes.toString('utf8', 0, end).split('\n')) this.#take(text);
  }

  #take(text: string): void {
    if (text === '') return;
    const line = parseLine(text);
    if (line === undefined) this.#others.push(text);
    else this.#lines.push(line);
  }
}

/** A line of a node's log; undefined where it is something else. */
export function parseLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isLogLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLogLine(value: unknown): value is LogLine {
  return (
    typeof value === 'object' &&
    value !== null &&
    'level' in value &&
    typeof value.level === 'number' &&
    'event' in value &&
    typeof value.event === 'string'
  );
}
