import type { Receiver, Receivers } from './delivery.ts';

const CHUNK_BYTES = 32 * 1024;

/**
 * Small PDUs for all links among others that are for some: gathered once, in memory that is never written to again.
 * Each link is given what it lacks of them in one piece, before anything else that comes to it, and when they are
 * handed out. (A copy a PDU and link took a third of a node's time at 32 links.)
 */
export class BatchWriter {
  readonly #receivers: Receivers;
  #chunk = Buffer.alloc(0);
  /** What is not handed out yet: of the chunk, what lies between the two. */
  #from = 0;
  #to = 0;
  /** Up to where links have got it that did so since it was handed out last. */
  readonly #got = new Map<Receiver, number>();
  #sender: Receiver | undefined;

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
  }

  /** From now on a link adds, which is not to get what it adds itself; undefined for anybody else. */
  addedBy(sender: Receiver | undefined): void {
    if (sender === this.#sender) return;
    if (this.#sender !== undefined) this.#skip(this.#sender);
    if (sender !== undefined) this.writeTo(sender);
    this.#sender = sender;
  }

  append(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    // To hand out may add more.
    while (this.#to + length > this.#chunk.length) {
      if (this.#from < this.#to) {
        this.flush();
        continue;
      }
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, length));
      this.#from = 0;
      this.#to = 0;
    }
    bytes.copy(this.#chunk, this.#to, start, end);
    this.#to += length;
  }

  /** Gives a link what it lacks. To be called before it is given anything else. */
  writeTo(link: Receiver): void {
    if (this.#from === this.#to || link === this.#sender) return;
    const to = this.#to;
    const got = this.#got.get(link) ?? this.#from;
    if (got === to) return;
    this.#got.set(link, to);
    link.sendPart(this.#chunk, got, to);
  }

  /** Gives every link what it lacks. */
  flush(): void {
    if (this.#from === this.#to) return;
    for (const link of this.#receivers) this.writeTo(link);
    this.#from = this.#to;
    this.#got.clear();
  }

  #skip(link: Receiver): void {
    if (this.#from < this.#to) this.#got.set(link, this.#to);
  }
}
