import type { Clock } from '../clock.ts';
import type { BusCounters } from '../counters.ts';
import type { Peer, Progress } from '../membership/peers.ts';
import type { BusLimits } from '../options.ts';
import type { Range } from '../wire/ack-frame.ts';
import { addressed } from '../wire/addressed.ts';
import { Batch } from '../wire/batch.ts';
import { type Entry, encodeData, type Pieces, type PrevSeq, sizeOf } from '../wire/data-frame.ts';
import { FLAGS } from '../wire/header.ts';
import { Redelivery } from './redelivery.ts';
import { type Dropped, SentWindow } from './sent-window.ts';
import { Share } from './share.ts';

/** What a sender needs of the node that it sends for. */
export interface SenderOptions {
  readonly nodeId: string;
  readonly limits: BusLimits;
  readonly mergeable: ReadonlySet<number>;
  readonly clock: Clock;
  readonly counters: BusCounters;
  /** Publishes a frame for all, or for one node. */
  publish(frame: Pieces, to: string | undefined): void;
  /** Before this time every node that may take links is among the other nodes. */
  membershipCompleteUntil(): number;
  /** The other nodes. */
  peers(): Iterable<Peer>;
  /** A frame up to `tail` is for a node. */
  sentTo(peer: Peer, tail: number): void;
  /** How far the others have got, where no node is waited for as far as `tail`. */
  progress(tail: number): Progress;
  onFull(full: boolean): void;
  onDropped(dropped: Dropped): void;
}

/** Entries of a frame that is not numbered yet. */
interface Unsent {
  readonly entries: readonly Entry[];
  /** The only node that it is for; undefined when it is for all. */
  readonly to: string | undefined;
}

interface Waiter {
  readonly tail: number;
  readonly resolve: () => void;
}

/** Stands for the nodes that are not known: it is no node id. */
const UNKNOWN_NODES = '';

/** How many times the other nodes are asked to acknowledge per share of the window sent. */
const ASKS_A_SHARE = 4;

/** Numbers and publishes one node's frames, and retains them until they have arrived everywhere. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #batch: Batch;
  readonly #window = new SentWindow();
  readonly #share: Share;
  /**
   * Frames that wait until there is room in the window: of one tick there may be more than all of
   * it.
   */
  #unsent: Unsent[] = [];
  #unsentBytes = 0;
  #waiters: Waiter[] = [];
  #tailForAll = 0;
  #passedBy = false;
  #awaited = 0;
  #alone = false;
  readonly #redelivery: Redelivery;
  /** Bytes sent since the other nodes were last asked to acknowledge. */
  #unaskedBytes = 0;
  #askRound = 0;
  /** Of each node, the last round in which it was asked. */
  readonly #askedIn = new WeakMap<Peer, number>();
  #full = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#batch = new Batch(options.limits);
    this.#share = new Share(options.limits.windowBytes);
    this.#redelivery = new Redelivery({ window: this.#window, publish: options.publish });
  }

  /** The last frame sent; 0 for none. */
  get tail(): number {
    return this.#window.tail;
  }

  /** What comes after this frame may be lacked by nodes that are not known yet. */
  get completeTail(): number {
    return this.#window.completeUpTo(this.#options.membershipCompleteUntil());
  }

  /** The last frame for all nodes. */
  get tailForAll(): number {
    return this.#tailForAll;
  }

  /** Whether what waits for the others has reached this node's share of the window. */
  get full(): boolean {
    return this.#full;
  }

  /** Whether there is no node to send anything to. */
  get alone(): boolean {
    return this.#alone;
  }

  /** Whether everything queued is sent. */
  get isEmpty(): boolean {
    return this.#unsent.length === 0 && this.#batch.bytes === 0;
  }

  /** Queues an entry for the next {@link publishBatch}: for all nodes, or for one. */
  send(kind: number, bytes: Buffer, to?: string): void {
    const batch = this.#batch;
    const entry = { kind, bytes };
    if (this.#membershipComplete) {
      if (to === undefined) batch.add(entry);
      else batch.addFor(to, entry);
    } else {
      // What is for all must not be among what goes to each node that is known.
      if (batch.isDirected) this.publishBatch();
      batch.add(to === undefined ? entry : addressed(to, entry));
    }
    if (!this.#full && this.#awaited > 0) this.#judgeFull();
  }

  /** An entry goes to no node; one that is not known, and comes back, is to find out. */
  passBy(): void {
    this.#passedBy = true;
  }

  /**
   * Numbers and publishes everything queued, as far as the window has room. A node that knows to be
   * alone publishes nothing, as one that joins is owed only what is sent once it may have links; it
   * numbers all the same, so that one which was away and forgotten finds out what it has missed.
   * @returns the number of the last frame of all that was queued, sent or not.
   */
  publishBatch(): number {
    const batch = this.#batch;
    if (batch.isDirected) this.#cutForEach();
    else for (const entries of batch.frames()) this.#add({ entries, to: undefined });
    batch.clear();
    if (this.#passedBy) this.#window.skip(this.#options.clock.now(), UNKNOWN_NODES);
    this.#passedBy = false;
    this.#publishUnsent();
    this.settle();
    return this.tail + this.#unsent.length;
  }

  /** The last frame for a node that it can no longer ask for. */
  goneFor(node: string): number {
    return this.#window.goneFor(node);
  }

  /** A node is not known any more. */
  forget(node: string): void {
    this.#window.forget(node);
    this.#redelivery.forget(node);
  }

  /** For each node whose last frame was not the last of all: which one it was. */
  prevSeqs(): PrevSeq[] {
    const { tail } = this;
    const prevSeqs: PrevSeq[] = [];
    for (const { node, hasLeft, last } of this.#options.peers()) {
      if (!hasLeft && last !== tail) prevSeqs.push({ node, prevSeq: last });
    }
    return prevSeqs;
  }

  /** A node has acknowledged, and asks for the frames that it lacks. */
  redeliver(peer: Peer, missing: readonly Range[]): void {
    const { clock, counters } = this.#options;
    const limits = { now: clock.now(), maxBytes: this.#share.bytes };
    counters.framesRedelivered += this.#redelivery.onAck(peer, missing, limits);
  }

  /** Frames of other nodes have come in: they use the window too. */
  received(bytes: number): void {
    this.#share.received(bytes);
  }

  /** Call a few times a second. Drops frames retained too long or beyond the limit. */
  tick(): void {
    this.#redelivery.tick();
    this.#share.tick(this.#options.clock.now());
    const { clock, limits } = this.#options;
    const { owed: got } = this.#options.progress(this.tail);
    const isOwed = ({ hasLease }: Peer): boolean => hasLease;
    this.#drop(clock.now() - limits.retentionMs, limits.retentionBytes, { got, isOwed });
  }

  /**
   * Nothing can be sent any more: gives up what some node lacks for which it is kept. What had no
   * room is numbered, so that the nodes it was for find out from the last frame that they lack it.
   */
  abandon(): void {
    for (const unsent of this.#unsent.splice(0)) this.#publish(unsent, { isLate: true });
    this.#unsentBytes = 0;
    const { kept } = this.#options.progress(this.tail);
    const got = Math.min(kept, this.completeTail);
    this.#drop(Number.POSITIVE_INFINITY, 0, { got, isOwed: () => true });
  }

  /** Lets go of what the others have, and judges anew whether the window is full. */
  settle(): void {
    this.#settle();
    if (this.#unsent.length === 0) return;
    this.#publishUnsent();
    this.#settle();
  }

  /**
   * Resolves when all nodes that live have got everything, including what was queued while this
   * waited, and no node may have joined unseen that lacks some of it: a close that follows gives up
   * what is still open then.
   */
  async delivered(): Promise<void> {
    for (;;) {
      const tail = this.publishBatch();
      const { owed } = this.#options.progress(tail);
      if (Math.min(owed, this.completeTail) >= tail && this.#unsent.length === 0) return;
      await new Promise<void>((resolve) => this.#waiters.push({ tail, resolve }));
    }
  }

  #settle(): void {
    const { counters, progress } = this.#options;
    const { kept, owed, credited, awaited, alone } = progress(this.tail);
    const before = this.#window.bytes;
    this.#window.release(Math.min(kept, this.completeTail), credited);
    this.#awaited = awaited;
    this.#alone = alone;
    this.#share.settle(awaited, before - this.#window.bytes);
    counters.windowBytes = this.#window.bytes;
    counters.shareBytes = this.#share.bytes;
    counters.awaitedNodes = awaited;
    this.#judgeFull();
    this.#wake(Math.min(owed, this.completeTail));
  }

  /** Cuts what waits into frames of which each is for one node. */
  #cutForEach(): void {
    const batch = this.#batch;
    const unreached = new Set(batch.nodes);
    if (this.#alone) {
      for (const entries of batch.frames()) this.#add({ entries, to: undefined });
    } else {
      for (const { node, hasLeft } of this.#options.peers()) {
        if (hasLeft) continue;
        unreached.delete(node);
        for (const entries of batch.frames(node)) this.#add({ entries, to: node });
      }
    }
    for (const to of unreached) this.#add({ entries: [], to });
  }

  #add(unsent: Unsent): void {
    if (this.#unsent.length === 0 && this.#hasRoom) {
      this.#publish(unsent);
      return;
    }
    this.#unsent.push(unsent);
    this.#unsentBytes += bytesOf(unsent);
  }

  /** Exceeds the whole window only if waiting for room would retain more than the limit. */
  get #hasRoom(): boolean {
    const { windowBytes, retentionBytes } = this.#options.limits;
    const { bytes, keptBytes } = this.#window;
    return (
      this.#awaited === 0 || bytes < windowBytes || keptBytes + this.#unsentBytes > retentionBytes
    );
  }

  #publishUnsent(): void {
    if (this.#unsent.length === 0) return;
    const count = this.#unsent.findIndex((unsent) => {
      if (!this.#hasRoom) return true;
      this.#unsentBytes -= bytesOf(unsent);
      this.#publish(unsent);
      return false;
    });
    this.#unsent.splice(0, count < 0 ? this.#unsent.length : count);
  }

  #publish({ entries, to }: Unsent, { isLate = false } = {}): void {
    const { nodeId, mergeable, clock, counters, peers, sentTo, publish } = this.#options;
    const now = clock.now();
    const receivers = this.#alone ? [] : [...peers()].filter((peer) => isFor(peer, to));
    // A number is used even then: a node that should get the frame finds out that it lacks
    // something.
    if (receivers.length === 0 && (to !== undefined || this.#membershipComplete)) {
      this.#window.skip(now, to);
      if (to === undefined) this.#tailForAll = this.tail;
      return;
    }
    const prevSeqs = to === undefined ? this.prevSeqs() : receivers.map(prevSeqOf);
    const flags = this.#asks(receivers) ? FLAGS.asksAck : 0;
    const origin = { sender: nodeId, sequence: this.tail + 1, prevSeqs, flags };
    const frame = encodeData(origin, entries, mergeable);
    const bytes = sizeOf(frame);
    this.#window.add(frame, now, to);
    this.#unaskedBytes += bytes;
    counters.framesSent += 1;
    counters.bytesSent += bytes;
    if (!isLate) publish(frame, to);
    if (to === undefined) this.#tailForAll = this.tail;
    for (const peer of receivers) sentTo(peer, this.tail);
  }

  /**
   * Whether nodes that get a frame should acknowledge at once: each once for each part of a share
   * that is sent.
   */
  #asks(receivers: readonly Peer[]): boolean {
    if (this.#unaskedBytes >= this.#share.bytes / ASKS_A_SHARE) {
      this.#unaskedBytes = 0;
      this.#askRound += 1;
    }
    let asks = false;
    for (const peer of receivers) {
      if ((this.#askedIn.get(peer) ?? 0) === this.#askRound) continue;
      this.#askedIn.set(peer, this.#askRound);
      asks = true;
    }
    return asks;
  }

  #drop(
    sentBefore: number,
    maxBytes: number,
    { got, isOwed }: { readonly got: number; isOwed(peer: Peer): boolean },
  ): void {
    const lives = (to: string): boolean =>
      [...this.#options.peers()].some((peer) => peer.node === to && !peer.hasLeft && isOwed(peer));
    const { frames, bytes } = this.#window.dropUpTo(sentBefore, maxBytes, { got, lives });
    if (frames === 0) return;
    const { counters, onDropped } = this.#options;
    counters.framesDropped += frames;
    counters.bytesDropped += bytes;
    onDropped({ frames, bytes });
  }

  get #membershipComplete(): boolean {
    return this.#options.clock.now() < this.#options.membershipCompleteUntil();
  }

  #judgeFull(): void {
    const bytes = this.#window.bytes + this.#batch.bytes;
    const share = this.#share.bytes;
    // Between half and whole it stays as it is, so that links are not stopped and started for each
    // frame.
    const full = this.#full ? bytes >= share / 2 : bytes >= share;
    if (full === this.#full) return;
    this.#full = full;
    this.#options.onFull(full);
  }

  #wake(owed: number): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    const isDone = ({ tail }: Waiter): boolean => tail <= owed && tail <= this.tail;
    this.#waiters = waiting.filter((waiter) => !isDone(waiter));
    for (const waiter of waiting) if (isDone(waiter)) waiter.resolve();
  }
}

function bytesOf({ entries }: Unsent): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.bytes.length;
  return bytes;
}

function isFor({ node, hasLeft }: Peer, to: string | undefined): boolean {
  return !hasLeft && (to === undefined || node === to);
}

function prevSeqOf({ node, last }: Peer): PrevSeq {
  return { node, prevSeq: last };
}
