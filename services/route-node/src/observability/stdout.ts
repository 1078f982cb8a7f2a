import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import type { WriteBytes } from './log-output.ts';

const STDOUT = 1;

/** How long the end of the process waits for an output that is busy. */
const LAST_WRITE_MS = 500;
const LAST_WRITE_STEP_MS = 5;

/** Standard output as it can be written to without blocking. */
export interface Stdout {
  readonly isTerminal: boolean;
  readonly write: WriteBytes;
  /** Writes as much as the output accepts within half a second; for the end of the process. */
  writeLast(bytes: Buffer): void;
}

/**
 * Opens standard output. A pipe, a socket or a terminal is put into non-blocking mode: a reader
 * that stands still gives EAGAIN. Without that, a write that blocks keeps a thread of the pool, and
 * the process cannot even exit. Files and devices are written to by a thread of the pool.
 */
export function openStdout(): Stdout {
  const isTerminal = isatty(STDOUT);
  const fd = isTerminal ? openTerminal() : STDOUT;
  const kind = fstatSync(STDOUT);
  if (kind.isFIFO() || kind.isSocket()) makeNonBlocking();
  return {
    isTerminal,
    write: (bytes, done) => write(fd, bytes, 0, bytes.length, null, done),
    writeLast: (bytes) => writeLast(fd, bytes),
  };
}

/** The terminal under a descriptor of its own, so that the shell's stays as it is. */
function openTerminal(): number {
  try {
    const fd = openSync(
      `/proc/self/fd/${STDOUT}`,
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
    if (isatty(fd)) return fd;
    closeSync(fd);
  } catch {
    // Only Linux has this path; elsewhere a terminal paused with Ctrl-S blocks a thread of the
    // pool.
  }
  return STDOUT;
}

/** Node has no call for this mode; its sockets set it on the descriptor that they are given. */
function makeNonBlocking(): void {
  try {
    new Socket({ fd: STDOUT, readable: false, writable: true })
      .on('error', () => undefined)
      .unref();
  } catch {
    // A socket of a kind that Node does not know stays in blocking mode.
  }
}

function writeLast(fd: number, bytes: Buffer): void {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  const endMs = performance.now() + LAST_WRITE_MS;
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isBusy || performance.now() >= endMs) return;
      Atomics.wait(wait, 0, 0, LAST_WRITE_STEP_MS);
    }
  }
}
