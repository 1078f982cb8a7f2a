/** How long bytes of other nodes count as in flight. */
const RECENT_MS = 1000;

/**
 * How much of the window one node may have under way. All nodes together have one window, because
 * one subscriber gets what all of them send. A node may always have its part of it, and more while
 * the others send little: then it grows by what is acknowledged, as TCP does at its start, up to
 * half of what the others leave.
 */
export class Share {
  readonly #windowBytes: number;
  #bytes: number;
  #awaited = 0;
  #fromOthers = 0;
  #fromOthersBefore = 0;
  #turnedAt = Number.NEGATIVE_INFINITY;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#bytes = windowBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Others have sent something. */
  received(bytes: number): void {
    this.#fromOthers += bytes;
  }

  tick(now: number): void {
    if (now - this.#turnedAt < RECENT_MS) return;
    this.#turnedAt = now;
    this.#fromOthersBefore = this.#fromOthers;
    this.#fromOthers = 0;
  }

  /** So many nodes are waited for, and so many bytes have been released since the last time. */
  settle(awaited: number, releasedBytes: number): void {
    const fair = this.#windowBytes / (awaited + 1);
    const others = this.#fromOthers + this.#fromOthersBefore;
    const most = Math.max(fair, (this.#windowBytes - others) / 2);
    // A node that joins takes its part at once.
    const before = awaited === this.#awaited ? this.#bytes : fair;
    this.#awaited = awaited;
    this.#bytes = Math.min(most, Math.max(fair, before + releasedBytes));
  }
}
