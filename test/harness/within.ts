import { setTimeout as delay } from 'node:timers/promises';

/** How long a test waits for a promise, and for what. */
export interface WithinOptions {
  /** Default 10 s. */
  readonly deadlineMs?: number;
  /** Completes the message `waited 10000 ms for ...`. */
  readonly what: string;
}

/**
 * What a promise comes to, for a promise that need not settle.
 * @throws Error when the deadline passes first.
 */
export async function within<T>(
  promise: Promise<T>,
  { deadlineMs = 10_000, what }: WithinOptions,
): Promise<T> {
  const settled = new AbortController();
  const late = delay(deadlineMs, undefined, { signal: settled.signal }).then(
    (): never => {
      throw new Error(`waited ${deadlineMs} ms for ${what}`);
    },
    // The promise was first: this result is unused.
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
