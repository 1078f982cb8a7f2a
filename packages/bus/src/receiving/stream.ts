import { MAX_RANGES, type Range } from '../wire/ack-frame.ts';
import type { Entry } from '../wire/data-frame.ts';

/** Where a stream puts what it has put in order. */
export interface StreamEvents {
  onFrame(frame: Arrived): void;
  /** The next `frames` frames in order will never arrive. */
  onSkipped(frames: number): void;
}

/** A data frame that has come in. */
export interface Arrived {
  readonly sequence: number;
  /** The last frame before it that is for this node as well. */
  readonly prevSeq: number;
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/** The cost of a frame in the reorder buffer beyond its bytes. */
const REORDER_OVERHEAD_BYTES = 256;

/** No node sends as many frames between two of its heartbeats: a number further ahead is forged. */
const MAX_AHEAD = 2 ** 24;

/** Restores the order of one sender's frames: delivers the next one and buffers early ones. */
export class Stream {
  readonly #events: StreamEvents;
  readonly #maxReorderBytes: number;
  readonly #reorder = new Map<number, Arrived>();
  /** By the frame before it. */
  readonly #reorderByPrevSeq = new Map<number, Arrived>();
  #reorderBytes = 0;
  #next: number | null;
  /** The last frame that the sender had sent at its last heartbeat. */
  #tail = 0;
  /**
   * The last frame for all nodes that the sender's last heartbeat names, and the last for this node
   * of its last ack.
   */
  #lastForAll = 0;
  #lastForMe = 0;
  /** The last frame that has come. */
  #lastCame = 0;
  /** The last frame sent by the last heartbeat that did not contradict what had come. */
  #goodTail = 0;

  /** `next` is null where it is not known yet which frame is the first that concerns this node. */
  constructor(next: number | null, maxReorderBytes: number, events: StreamEvents) {
    this.#next = next;
    this.#maxReorderBytes = maxReorderBytes;
    this.#events = events;
  }

  /**
   * Of the frames that are for this node the next is this one or a later one; null while it is not
   * known.
   */
  get next(): number | null {
    return this.#next;
  }

  /** Bytes in the reorder buffer. */
  get reorderBytes(): number {
    return this.#reorderBytes;
  }

  /** Whether a frame is known to have been sent and has not arrived. */
  get hasGap(): boolean {
    return this.#next !== null && this.#next <= this.#known;
  }

  /** The last frame known to have been sent to this node. */
  get #known(): number {
    return Math.max(this.#lastForAll, this.#lastForMe, this.#lastCame);
  }

  /** Whether a frame of that number may have been sent by now. */
  isPlausible(sequence: number): boolean {
    return sequence <= Math.max(this.#tail, this.#next ?? 0) + MAX_AHEAD;
  }

  /** Adds a frame. Returns false for a duplicate. */
  receive(frame: Arrived): boolean {
    const { sequence, prevSeq } = frame;
    if ((this.#next !== null && sequence < this.#next) || this.#reorder.has(sequence)) return false;
    this.#lastCame = Math.max(this.#lastCame, sequence);
    if (this.#next !== null && prevSeq < this.#next) {
      this.#deliver(frame);
      this.#deliverReordered();
      return true;
    }
    // What is too much is asked for again when what lies before it has come.
    const bytes = this.#reorderBytes + frame.bytes + REORDER_OVERHEAD_BYTES;
    if (bytes <= this.#maxReorderBytes && !this.#reorderByPrevSeq.has(prevSeq))
      this.#enqueue(frame);
    return true;
  }

  /** Sets the first frame for this node, by the sender. Only the first call counts. */
  begin(first: number): void {
    if (this.#next !== null) return;
    this.#next = first;
    for (const frame of this.#reorder.values()) if (frame.prevSeq < first - 1) this.#dequeue(frame);
    this.#deliverReordered();
  }

  /**
   * The sender's heartbeat: it has sent everything up to `tail`, of which `tailForAll` is the last
   * for all nodes. What has come with a higher number before the heartbeat is forged, or will be
   * sent again.
   */
  heartbeat(tail: number, tailForAll: number): void {
    this.#tail = tail;
    this.#lastForAll = tailForAll;
    const next = this.#next ?? 0;
    if (next <= tail + 1) this.#goodTail = tail;
    const isAhead = this.#lastCame > tail;
    if (isAhead) this.#lastCame = 0;
    for (const frame of this.#reorder.values()) {
      // A frame that should have been delivered was not linked to the frame before it: forged. Kept,
      // it would pass for the real one.
      if (frame.sequence > tail || frame.prevSeq < next - 1) this.#dequeue(frame);
      else if (isAhead) this.#lastCame = Math.max(this.#lastCame, frame.sequence);
    }
  }

  /** The sender has sent this node everything up to `last`. */
  learn(last: number): void {
    this.#lastForMe = last;
  }

  /**
   * The sender has sent nothing beyond `tail`, and its last heartbeat agrees: what has moved this
   * node on was forged. It goes on behind `tail`; what the sender sent meanwhile counts as lost.
   */
  restart(tail: number): void {
    if (this.#next === null || this.#next <= tail + 1 || this.#tail > tail) return;
    const frames = Math.max(1, tail - this.#goodTail);
    for (const frame of this.#reorder.values()) this.#dequeue(frame);
    this.#lastForAll = Math.min(this.#lastForAll, tail);
    this.#lastForMe = Math.min(this.#lastForMe, tail);
    this.#lastCame = 0;
    this.#next = tail + 1;
    this.#events.onSkipped(frames);
  }

  /**
   * The sender retains nothing before `base`: missing frames before it are lost. Frames for other
   * nodes alone count as lost here as well, because no node can tell them apart any more.
   */
  skipTo(base: number): void {
    if (this.#next === null || base <= this.#next) return;
    for (const frame of this.#nextReordered()) {
      if (frame.prevSeq >= base) break;
      this.#dequeue(frame);
      if (frame.sequence < this.#next) continue;
      this.#skip(frame.prevSeq + 1);
      this.#deliver(frame);
    }
    this.#skip(base);
    this.#deliverReordered();
  }

  /** The sender is gone: missing frames will never arrive. */
  end(): void {
    this.skipTo(this.#known + 1);
  }

  /**
   * What is known to have been sent and has not come; the first {@link MAX_RANGES} ranges of it.
   */
  missing(): readonly Range[] {
    if (this.#next === null || !this.hasGap) return [];
    const ranges: Range[] = [];
    let first = this.#next;
    for (const { sequence, prevSeq } of this.#nextReordered()) {
      if (ranges.length === MAX_RANGES) return ranges;
      if (prevSeq >= first) ranges.push({ first, last: prevSeq });
      first = Math.max(first, sequence + 1);
    }
    if (first <= this.#known && ranges.length < MAX_RANGES) {
      ranges.push({ first, last: this.#known });
    }
    return ranges;
  }

  #skip(to: number): void {
    const next = this.#next;
    if (next === null || to <= next) return;
    this.#next = to;
    this.#events.onSkipped(to - next);
  }

  #deliver(frame: Arrived): void {
    this.#next = frame.sequence + 1;
    this.#events.onFrame(frame);
  }

  #deliverReordered(): void {
    while (this.#reorder.size > 0 && this.#next !== null) {
      const frame = this.#reorderByPrevSeq.get(this.#next - 1);
      if (frame === undefined) return;
      this.#dequeue(frame);
      this.#deliver(frame);
    }
  }

  #nextReordered(): Arrived[] {
    return [...this.#reorder.values()].sort((a, b) => a.sequence - b.sequence);
  }

  #enqueue(frame: Arrived): void {
    this.#reorder.set(frame.sequence, frame);
    this.#reorderByPrevSeq.set(frame.prevSeq, frame);
    this.#reorderBytes += frame.bytes + REORDER_OVERHEAD_BYTES;
  }

  #dequeue(frame: Arrived): void {
    if (!this.#reorder.delete(frame.sequence)) return;
    this.#reorderByPrevSeq.delete(frame.prevSeq);
    this.#reorderBytes -= frame.bytes + REORDER_OVERHEAD_BYTES;
  }
}
