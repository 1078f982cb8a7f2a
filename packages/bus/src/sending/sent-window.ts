import type { Range } from '../wire/ack-frame.ts';
import { type Pieces, sizeOf } from '../wire/data-frame.ts';

/** A frame that some node may still lack, or has had no room for. */
interface Sent {
  readonly bytes: number;
  readonly sentAt: number;
  /** The only node that it is for; undefined when it is for all. */
  readonly to: string | undefined;
  /** Undefined once every node has it. Then only its bytes still count. */
  frame: Pieces | undefined;
}

/** Frames dropped although some node lacked them. */
export interface Dropped {
  readonly frames: number;
  readonly bytes: number;
}

/** A retained frame and its number. */
export interface Retained {
  readonly sequence: number;
  readonly frame: Pieces;
}

const NOTHING: Omit<Sent, 'sentAt'> = { bytes: 0, to: undefined, frame: undefined };

/**
 * The frames that this node has sent and must retain. Two things end separately, in either order: a
 * frame is retained until every node has it, and its bytes count until every node had room for it.
 */
export class SentWindow {
  /** Of the frames first, first + 1, ... tail. */
  #sent: Sent[] = [];
  #first = 1;
  #base = 1;
  /** The first frame whose bytes count. */
  #counted = 1;
  #bytes = 0;
  #keptBytes = 0;
  #complete = 0;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  /** The last frame let go of: of those for all, and of those for each node alone. */
  #goneForAll = 0;
  readonly #goneFor = new Map<string, number>();

  /** The last frame sent; 0 for none. */
  get tail(): number {
    return this.#first + this.#sent.length - 1;
  }

  /** The oldest frame that can be redelivered. tail + 1 when there is none. */
  get base(): number {
    return this.#base;
  }

  /** The last frame for a node that has been let go of; 0 for none. */
  goneFor(node: string): number {
    return Math.max(this.#goneForAll, this.#goneFor.get(node) ?? 0);
  }

  /** A node is not known any more: what was for it alone is not remembered. */
  forget(node: string): void {
    this.#goneFor.delete(node);
  }

  /** Bytes that not every node has had room for. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of retained frames. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Takes in the frame that comes after the tail, for all nodes or for one. */
  add(frame: Pieces, sentAt: number, to?: string): void {
    const bytes = sizeOf(frame);
    this.#sent.push({ bytes, sentAt, to, frame });
    this.#bytes += bytes;
    this.#keptBytes += bytes;
    this.#lastSentAt = sentAt;
    // It was queued while all nodes were known, and so was what was queued before.
    if (to !== undefined) this.#complete = this.tail;
  }

  /**
   * Numbers a frame after the tail that no node can get: one that it was for finds out that it
   * lacks something.
   */
  skip(sentAt: number, to?: string): void {
    this.#sent.push({ ...NOTHING, sentAt });
    this.#lastSentAt = sentAt;
    if (to === undefined) this.#goneForAll = this.tail;
    else this.#goneFor.set(to, this.tail);
    this.#complete = this.tail;
  }

  /**
   * The last frame that was sent before a time up to which all nodes that might have links were
   * known.
   */
  completeUpTo(until: number): number {
    if (this.#lastSentAt < until) this.#complete = this.tail;
    else {
      let next = Math.max(this.#complete + 1, this.#first);
      while ((this.#at(next)?.sentAt ?? until) < until) this.#complete = next++;
    }
    return this.#complete;
  }

  /** No node can ask for frames up to `kept`, and every node had room for frames up to `taken`. */
  release(kept: number, taken: number): void {
    this.#letUpTo(kept);
    this.#countFrom(taken + 1);
    this.#drop();
  }

  /**
   * Lets go of frames sent before `sentBefore`, and of the oldest while more than `maxBytes` are
   * kept. Those up to `got` are not given up by that: all nodes that live have them. Nor are those
   * for one node alone for which `lives` does not hold.
   */
  dropUpTo(
    sentBefore: number,
    maxBytes: number,
    { got = 0, lives = () => true }: { got?: number; lives?: (node: string) => boolean } = {},
  ): Dropped {
    let frames = 0;
    let bytes = 0;
    let sequence = this.#first;
    for (const sent of this.#sent) {
      if (sent.sentAt >= sentBefore && this.#keptBytes <= maxBytes) break;
      const isOwed = sequence > got && (sent.to === undefined || lives(sent.to));
      if (sent.frame !== undefined && isOwed) {
        frames += 1;
        bytes += sent.bytes;
      }
      this.#letUpTo(sequence);
      sequence += 1;
    }
    this.#countFrom(sequence);
    this.#drop();
    return { frames, bytes };
  }

  /** The retained frames of a range that are for a node, in order. */
  *retained({ first, last }: Range, node: string): Iterable<Retained> {
    const end = Math.min(last, this.tail);
    for (let sequence = Math.max(first, this.#base); sequence <= end; sequence++) {
      const sent = this.#at(sequence);
      if (sent?.frame === undefined || (sent.to !== undefined && sent.to !== node)) continue;
      yield { sequence, frame: sent.frame };
    }
  }

  #at(sequence: number): Sent | undefined {
    return this.#sent[sequence - this.#first];
  }

  #letUpTo(last: number): void {
    const end = Math.min(last, this.tail);
    for (; this.#base <= end; this.#base++) {
      const sent = this.#at(this.#base);
      if (sent?.frame === undefined) continue;
      if (sent.to === undefined) this.#goneForAll = this.#base;
      else this.#goneFor.set(sent.to, this.#base);
      sent.frame = undefined;
      this.#keptBytes -= sent.bytes;
    }
  }

  #countFrom(first: number): void {
    const end = Math.min(first - 1, this.tail);
    for (; this.#counted <= end; this.#counted++) {
      this.#bytes -= this.#at(this.#counted)?.bytes ?? 0;
    }
  }

  #drop(): void {
    const count = Math.min(this.#base, this.#counted) - this.#first;
    if (count <= 0) return;
    this.#sent.splice(0, count);
    this.#first += count;
  }
}
