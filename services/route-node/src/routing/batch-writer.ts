import type { Receiver, Receivers } from './delivery.ts';

const CHUNK_BYTES = 32 * 1024;

/** A PDU shorter than this costs each link less as a copy than as a slice. */
export const SMALL_BYTES = 1024;

/**
 * Up to this many links, broadcast PDUs are written at once, not copied (with one link 1.24 instead
 * of 1.64 µs a message).
 */
const FEW_LINKS = 2;

/**
 * Writes broadcast PDUs to all links of a node. Small ones that arrive between directed ones are
 * joined, in memory that is never rewritten: each link gets its missing part in one piece, before
 * any other PDU of that link or at the flush. (A copy per PDU and link took a third of a node's
 * time at 32 links.)
 */
export class BatchWriter {
  readonly #receivers: Receivers;
  #chunk = Buffer.alloc(0);
  /** Not flushed yet: the part of the chunk from #from to #to. */
  #from = 0;
  #to = 0;
  /**
   * Position in the chunk up to which a link has been written to, for links written to since the
   * last flush.
   */
  readonly #got = new Map<Receiver, number>();
  #sender: Receiver | undefined;

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
  }

  /** Sets the link that appends from now on and does not get its own PDUs; undefined for none. */
  addedBy(sender: Receiver | undefined): void {
    if (sender === this.#sender) return;
    if (this.#sender !== undefined) this.#skip(this.#sender);
    if (sender !== undefined) this.writeTo(sender);
    this.#sender = sender;
  }

  /**
   * Writes neighbouring PDUs to every link but the sender. @returns 'joined' if they wait for the
   * flush.
   */
  write(
    from: Receiver | undefined,
    bytes: Buffer,
    start: number,
    end: number,
  ): 'written' | 'joined' {
    const areFew = this.#receivers.size <= FEW_LINKS;
    if (end - start < SMALL_BYTES && !areFew) {
      this.#append(bytes, start, end);
      return 'joined';
    }
    this.flush();
    const pdus = areFew ? undefined : bytes.subarray(start, end);
    for (const link of this.#receivers) {
      if (link === from) continue;
      if (pdus === undefined) link.sendPart(bytes, start, end);
      else link.send(pdus);
    }
    return 'written';
  }

  /** Writes the missing part to a link. Must be called before anything else is written to it. */
  writeTo(link: Receiver): void {
    if (this.#from === this.#to || link === this.#sender) return;
    const to = this.#to;
    const got = this.#got.get(link) ?? this.#from;
    if (got === to) return;
    this.#got.set(link, to);
    link.sendPart(this.#chunk, got, to);
  }

  /** Writes the missing part to every link. */
  flush(): void {
    if (this.#from === this.#to) return;
    for (const link of this.#receivers) this.writeTo(link);
    this.#from = this.#to;
    this.#got.clear();
  }

  #append(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    // A flush may append more.
    while (this.#to + length > this.#chunk.length) {
      if (this.#from < this.#to) {
        this.flush();
        continue;
      }
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    bytes.copy(this.#chunk, this.#to, start, end);
    this.#to += length;
  }

  #skip(link: Receiver): void {
    if (this.#from < this.#to) this.#got.set(link, this.#to);
  }
}
