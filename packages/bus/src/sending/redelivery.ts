import type { Peer } from '../membership/peers.ts';
import type { Range } from '../wire/ack-frame.ts';
import { type Pieces, sizeOf } from '../wire/data-frame.ts';
import type { SentWindow } from './sent-window.ts';

/** A frame that was redelivered to one node only, and that the node has not acknowledged. */
interface Unacked {
  readonly sequence: number;
  readonly bytes: number;
}

export interface RedeliveryOptions {
  readonly window: Pick<SentWindow, 'tail' | 'redeliver'>;
  peers(): Iterable<Pick<Peer, 'node' | 'hasLeft' | 'acked' | 'last'>>;
  /** Publishes a frame to one node, or to all. */
  publish(frame: Pieces, to: string | undefined): void;
}

/**
 * Redelivers retained frames that a node requested, at most a share of the window between two ticks:
 * a backlog above the window must not make Redis disconnect the subscribers. A frame that all other
 * nodes have is sent to that node only, and counts only until the node has acknowledged it.
 */
export class Redelivery {
  readonly #options: RedeliveryOptions;
  #bytes = 0;
  readonly #unacked = new Map<string, readonly Unacked[]>();

  constructor(options: RedeliveryOptions) {
    this.#options = options;
  }

  /** Begins the next interval. */
  tick(): void {
    this.#bytes = 0;
    this.#unacked.clear();
  }

  /**
   * Call at each ack of a node, with the frames that it lacks. `maxBytes`: the share of the window.
   * @returns how many frames were redelivered.
   */
  onAck(
    { node, acked, hearsOwn }: Pick<Peer, 'node' | 'acked' | 'hearsOwn'>,
    missing: readonly Range[],
    { now, maxBytes }: { readonly now: number; readonly maxBytes: number },
  ): number {
    this.#release(node, acked);
    if (missing.length === 0) return 0;
    const { window, publish } = this.#options;
    const unacked = [...(this.#unacked.get(node) ?? [])];
    const othersHave = hearsOwn ? this.#othersHave(node) : 0;
    let count = 0;
    for (const range of missing) {
      const room = maxBytes - this.#bytes;
      for (const { sequence, frame, to } of window.redeliver(range, {
        node,
        now,
        maxBytes: room,
      })) {
        const bytes = sizeOf(frame);
        const isForOne = to !== undefined || sequence <= othersHave;
        this.#bytes += bytes;
        if (isForOne) unacked.push({ sequence, bytes });
        publish(frame, isForOne ? node : undefined);
        count += 1;
      }
    }
    this.#unacked.set(node, unacked);
    return count;
  }

  /** Frames that a node has acknowledged no longer count, also once it lacks nothing more. */
  #release(node: string, acked: number): void {
    const unacked = this.#unacked.get(node);
    if (unacked === undefined) return;
    const left = unacked.filter(({ sequence }) => sequence > acked);
    for (const { sequence, bytes } of unacked) if (sequence <= acked) this.#bytes -= bytes;
    if (left.length > 0) this.#unacked.set(node, left);
    else this.#unacked.delete(node);
  }

  /** All nodes other than this one have every frame up to here. */
  #othersHave(node: string): number {
    let have = this.#options.window.tail;
    for (const { node: other, hasLeft, acked, last } of this.#options.peers()) {
      if (other !== node && !hasLeft && acked < last) have = Math.min(have, acked);
    }
    return have;
  }
}
