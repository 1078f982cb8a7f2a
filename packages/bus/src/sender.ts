import { addressed } from './addressed.ts';
import { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { BusCounters } from './counters.ts';
import { type Before, type Entry, encodeData, type Pieces, sizeOf } from './frame.ts';
import type { BusLimits } from './options.ts';
import type { Peer, Progress } from './peers.ts';
import { type GivenUp, SentWindow } from './sent-window.ts';
import type { Range } from './status.ts';

/** What a sender needs of the node that it sends for. */
export interface SenderOptions {
  readonly nodeId: string;
  readonly limits: BusLimits;
  readonly mergeable: ReadonlySet<number>;
  readonly clock: Clock;
  readonly counters: BusCounters;
  /** Publishes a frame for all, or for one node. */
  publish(frame: Pieces, to: string | undefined): void;
  /** Whether every node that may take links is among the other nodes. */
  knowsAll(): boolean;
  /** The other nodes. */
  peers(): Iterable<Pick<Peer, 'node' | 'left' | 'last'>>;
  /** How far the others have got, where nobody is waited for as far as `tail`. */
  progress(tail: number): Progress;
  onFull(full: boolean): void;
  onGivenUp(givenUp: GivenUp): void;
}

/** Nothing is ever put in. */
const NO_NODES = new Set<string>();

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

  /** Queues an entry for the next {@link publishBatch}: for all nodes, or for one. */
  send(kind: number, bytes: Buffer, to?: string): void {
    const batch = this.#batch;
    const entry = { kind, bytes };
    if (this.#options.knowsAll()) {
      if (to === undefined) batch.add(entry);
      else batch.addFor(to, entry);
    } else {
      // What is for all must not be among what goes to each node that is known.
      if (batch.isDirected) this.publishBatch();
      batch.add(to === undefined ? entry : addressed(to, entry));
    }
    if (!this.#full && this.#awaited > 0) this.#judgeFull();
  }

  /**
   * Numbers and publishes everything queued. A node that is alone publishes nothing, as one that joins is owed only
   * what is sent once it is known; it numbers all the same, so that one which was away and forgotten finds out
   * what it has missed.
   */
  publishBatch(): void {
    const batch = this.#batch;
    const unreached = batch.isDirected ? new Set(batch.nodes) : NO_NODES;
    if (batch.isDirected && !this.#alone) {
      for (const peer of this.#options.peers()) {
        if (peer.left) continue;
        unreached.delete(peer.node);
        for (const entries of batch.frames(peer.node)) this.#publishFor(peer, entries);
      }
    } else {
      for (const entries of batch.frames()) this.#publishForAll(entries);
    }
    for (const _node of unreached) this.#window.skip(this.#options.clock.now());
    batch.clear();
    this.settle();
  }

  /** The last frame for a node that it can no longer ask for. */
  goneFor(node: string): number {
    return this.#window.goneFor(node);
  }

  /** A node is not known any more. */
  forget(node: string): void {
    this.#window.forget(node);
  }

  /** For each node whose last frame was not the last of all: which one it was. */
  befores(): Before[] {
    const { tail } = this;
    const befores: Before[] = [];
    for (const { node, left, last } of this.#options.peers()) {
      if (!left && last !== tail) befores.push({ node, before: last });
    }
    return befores;
  }

  /**
   * Publishes again what a node asked for and is still kept, between two ticks no more than a share: what
   * has piled up over the window must not make Redis cut the subscribers off.
   */
  repeat(node: string, missing: readonly Range[]): void {
    const now = this.#options.clock.now();
    for (const range of missing) {
      const maxBytes = this.#shareBytes - this.#repeatedBytes;
      for (const { frame, to } of this.#window.repeat(range, { node, now, maxBytes })) {
        this.#repeatedBytes += sizeOf(frame);
        this.#options.counters.framesRepeated += 1;
        this.#options.publish(frame, to);
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

  #publishForAll(entries: readonly Entry[]): void {
    if (this.#alone) {
      this.#window.add([], this.#options.clock.now());
      return;
    }
    this.#publish(entries, this.befores(), undefined);
    for (const peer of this.#options.peers()) if (!peer.left) peer.last = this.tail;
  }

  #publishFor(peer: Pick<Peer, 'node' | 'last'>, entries: readonly Entry[]): void {
    this.#publish(entries, [{ node: peer.node, before: peer.last }], peer.node);
    peer.last = this.tail;
  }

  #publish(entries: readonly Entry[], befores: readonly Before[], to: string | undefined): void {
    const { nodeId, mergeable, clock, counters, publish } = this.#options;
    const frame = encodeData(
      { sender: nodeId, sequence: this.tail + 1, befores },
      entries,
      mergeable,
    );
    this.#window.add(frame, clock.now(), to);
    counters.framesSent += 1;
    counters.bytesSent += sizeOf(frame);
    publish(frame, to);
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
