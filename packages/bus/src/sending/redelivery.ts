import type { Range } from '../wire/ack-frame.ts';
import { type Pieces, sizeOf } from '../wire/data-frame.ts';
import type { SentWindow } from './sent-window.ts';

/** A frame that was redelivered to a node, and that the node has not acknowledged. */
interface Repeated {
  readonly bytes: number;
  repeats: number;
  at: number;
  /** The interval in which its bytes count. */
  interval: number;
}

/** What one node was sent again. */
interface Outstanding {
  /** By sequence number, the lowest first. */
  readonly unacked: Map<number, Repeated>;
  /** Bytes of this interval that the node has not acknowledged. */
  bytes: number;
  interval: number;
}

export interface RedeliveryOptions {
  readonly window: Pick<SentWindow, 'retained'>;
  /** Publishes a frame to one node. */
  publish(frame: Pieces, to: string): void;
}

const REPEAT_MS = 250;
const MAX_DOUBLINGS = 2;

/**
 * Redelivers retained frames to each node that lacks them. A backlog above the window must not make
 * Redis disconnect the subscriber: what a node has not acknowledged is at most a share of the
 * window between two ticks, so that a node that acknowledges gets all it lacks at its own pace. A
 * node requests a frame until it has arrived: the frame is repeated at once, then after 250 ms,
 * then up to a second apart, so that requests cost no more than what was lost.
 */
export class Redelivery {
  readonly #options: RedeliveryOptions;
  readonly #nodes = new Map<string, Outstanding>();
  #interval = 0;

  constructor(options: RedeliveryOptions) {
    this.#options = options;
  }

  /** Begins the next interval. */
  tick(): void {
    this.#interval += 1;
  }

  /** Forgets a node. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  /**
   * Call at each ack of a node, with the frames that it lacks. `maxBytes`: the share of the window.
   * @returns how many frames were redelivered.
   */
  onAck(
    { node, acked }: { readonly node: string; readonly acked: number },
    missing: readonly Range[],
    { now, maxBytes }: { readonly now: number; readonly maxBytes: number },
  ): number {
    if (missing.length === 0) {
      this.#nodes.delete(node);
      return 0;
    }
    const outstanding = this.#outstandingOf(node);
    release(outstanding, acked);
    let count = 0;
    for (const range of missing) {
      for (const { sequence, frame } of this.#options.window.retained(range, node)) {
        if (outstanding.bytes >= maxBytes) return count;
        if (!this.#isDue(outstanding.unacked.get(sequence), now)) continue;
        this.#repeat(outstanding, { sequence, bytes: sizeOf(frame), now });
        this.#options.publish(frame, node);
        count += 1;
      }
    }
    return count;
  }

  #outstandingOf(node: string): Outstanding {
    let outstanding = this.#nodes.get(node);
    if (outstanding === undefined) {
      outstanding = { unacked: new Map(), bytes: 0, interval: this.#interval };
      this.#nodes.set(node, outstanding);
    } else if (outstanding.interval !== this.#interval) {
      outstanding.interval = this.#interval;
      outstanding.bytes = 0;
    }
    return outstanding;
  }

  #isDue(repeated: Repeated | undefined, now: number): boolean {
    if (repeated === undefined) return true;
    const doublings = Math.min(repeated.repeats - 1, MAX_DOUBLINGS);
    return now - repeated.at >= REPEAT_MS * 2 ** doublings;
  }

  #repeat(
    outstanding: Outstanding,
    { sequence, bytes, now }: { sequence: number; bytes: number; now: number },
  ): void {
    const { unacked } = outstanding;
    const repeats = (unacked.get(sequence)?.repeats ?? 0) + 1;
    unacked.set(sequence, { bytes, repeats, at: now, interval: outstanding.interval });
    outstanding.bytes += bytes;
  }
}

/** Frames that the node has acknowledged no longer count; the lowest were repeated first. */
function release(outstanding: Outstanding, acked: number): void {
  for (const [sequence, { bytes, interval }] of outstanding.unacked) {
    if (sequence > acked) return;
    outstanding.unacked.delete(sequence);
    if (interval === outstanding.interval) outstanding.bytes -= bytes;
  }
}
