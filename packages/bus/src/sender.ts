import { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { BusCounters } from './counters.ts';
import { encodeData, type Pieces, sizeOf } from './frame.ts';
import type { BusLimits } from './options.ts';
import type { Progress } from './peers.ts';
import { type GivenUp, SentWindow } from './sent-window.ts';
import type { Range } from './status.ts';

/** What a sender needs of the node that it sends for. */
export interface SenderOptions {
  readonly nodeId: string;
  readonly limits: BusLimits;
  readonly mergeable: ReadonlySet<number>;
  readonly clock: Clock;
  readonly counters: BusCounters;
  publish(frame: Pieces): void;
  /** How far the others have got, where nobody is waited for as far as `tail`. */
  progress(tail: number): Progress;
  onFull(full: boolean): void;
  onGivenUp(givenUp: GivenUp): void;
}

interface Waiter {
  readonly tail: number;
  readonly resolve: () => void;
}

/** One node's frames on their way out: numbered, published, kept until they have arrived everywhere. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #batch: Batch;
  readonly #window = new SentWindow();
  #waiters: Waiter[] = [];
  #shareBytes: number;
  #awaited = 0;
  #alone = false;
  #repeatedBytes = 0;
  #full = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#batch = new Batch(options.limits.maxFrameBytes);
    this.#shareBytes = options.limits.windowBytes;
  }

  /** The last frame sent; 0 for none. */
  get tail(): number {
    return this.#window.tail;
  }

  /** The oldest frame that can be repeated; tail + 1 when there is none. */
  get base(): number {
    return this.#window.base;
  }

  /** Whether what waits for the others has reached this node's share of the window. */
  get full(): boolean {
    return this.#full;
  }

  /** Whether there is nobody to send anything to. */
  get alone(): boolean {
    return this.#alone;
  }

  /** Bytes that one node may have under way. */
  get shareBytes(): number {
    return this.#shareBytes;
  }

  /** Queues an entry for the next {@link publishBatch}. */
  send(kind: number, bytes: Buffer): void {
    this.#batch.add({ kind, bytes });
    if (!this.#full && this.#awaited > 0) this.#judgeFull();
  }

  /**
   * Numbers and publishes everything queued. A node that is alone publishes nothing, as one that joins is owed only
   * what is sent once it is known; it numbers all the same, so that one which was away and forgotten finds out
   * what it has missed.
   */
  publishBatch(): void {
    const { nodeId, mergeable, clock, counters, publish } = this.#options;
    const now = clock.now();
    for (const entries of this.#batch.take()) {
      if (this.#alone) {
        this.#window.add([], now);
        continue;
      }
      const frame = encodeData({ sender: nodeId, sequence: this.tail + 1 }, entries, mergeable);
      this.#window.add(frame, now);
      counters.framesSent += 1;
      counters.bytesSent += sizeOf(frame);
      publish(frame);
    }
    this.settle();
  }

  /**
   * Publishes again what was asked for and is still kept, between two ticks no more than a share: what
   * has piled up over the window must not make Redis cut the subscribers off.
   */
  repeat(missing: readonly Range[]): void {
    const now = this.#options.clock.now();
    for (const range of missing) {
      for (const frame of this.#window.repeat(range, now, this.#shareBytes - this.#repeatedBytes)) {
        this.#repeatedBytes += sizeOf(frame);
        this.#options.counters.framesRepeated += 1;
        this.#options.publish(frame);
      }
    }
  }

  /** To be called a few times a second: gives up what has been kept for too long or is too much. */
  tick(): void {
    this.#repeatedBytes = 0;
    const { clock, limits, counters, onGivenUp } = this.#options;
    const { got } = this.#options.progress(this.tail);
    const givenUp = this.#window.giveUp(clock.now() - limits.heldMs, limits.heldBytes, got);
    if (givenUp.frames === 0) return;
    counters.framesGivenUp += givenUp.frames;
    counters.bytesGivenUp += givenUp.bytes;
    onGivenUp(givenUp);
  }

  /** Lets go of what the others have, and judges anew whether the window is full. */
  settle(): void {
    const { limits, counters, progress } = this.#options;
    const { got, kept, taken, awaited, alone } = progress(this.tail);
    this.#window.release(kept, taken);
    this.#awaited = awaited;
    this.#alone = alone;
    this.#shareBytes = limits.windowBytes / (awaited + 1);
    counters.windowBytes = this.#window.bytes;
    counters.shareBytes = this.#shareBytes;
    counters.awaitedNodes = awaited;
    this.#judgeFull();
    this.#wake(got);
  }

  /** Resolves when all that are waited for have got everything sent so far. */
  async delivered(): Promise<void> {
    const { tail } = this;
    if (this.#options.progress(tail).got >= tail) return;
    await new Promise<void>((resolve) => this.#waiters.push({ tail, resolve }));
  }

  #judgeFull(): void {
    const bytes = this.#window.bytes + this.#batch.bytes;
    // Between half and whole it stays as it is, so that links are not stopped and started for each frame.
    const full = this.#full ? bytes >= this.#shareBytes / 2 : bytes >= this.#shareBytes;
    if (full === this.#full) return;
    this.#full = full;
    this.#options.onFull(full);
  }

  #wake(got: number): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter(({ tail }) => tail > got);
    for (const { tail, resolve } of waiting) if (tail <= got) resolve();
  }
}
