/**
 * Links that read on in one turn of the loop, at most 128 KiB each: two or three milliseconds of
 * work.
 */
const LINKS_A_TURN = 4;

/** A link inside a large PDU. */
export interface LargePduReader {
  /** The length of the PDU by its header. */
  readonly pduBytes: number;
  readOn(): void;
}

/**
 * Lets links that are inside a large PDU take turns reading. Snapshots of 100,000 users have 2 MB
 * each, all links send theirs at once when a node starts, and one turn of the loop would read
 * everything that the kernel has of each. (With twenty links that took 150 ms, mostly to allocate
 * memory.)
 *
 * It also bounds the memory for these PDUs: they are read in the order in which they became large,
 * as many at a time as fit into the limit by their lengths, and at least one. The others wait in
 * the kernel's buffers, so that many links with long lists after a restart lose time and no
 * connection. (Closing the link with the most bytes would close the one that is nearest to its
 * end, which would send everything again.) A link that stops inside its PDU while others wait is
 * closed soon: see {@link PduProgress}.
 */
export class ReadScheduler {
  readonly #limitBytes: number;
  /** Links that may read, and the lengths of their PDUs. */
  readonly #reading = new Map<LargePduReader, number>();
  /** Links that wait for room. */
  readonly #queue = new Set<LargePduReader>();
  /** Links that wait for a turn. */
  readonly #waiting = new Set<LargePduReader>();
  #bytes = 0;
  #scheduled = false;
  readonly #turn = (): void => {
    this.#scheduled = false;
    let left = LINKS_A_TURN;
    for (const link of this.#waiting) {
      this.#waiting.delete(link);
      link.readOn();
      left--;
      if (left === 0) break;
    }
    this.#schedule();
  };

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The lengths of the large PDUs that are being read, together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether links wait because there is no room for their PDUs. */
  get isFull(): boolean {
    return this.#queue.size > 0;
  }

  /** Schedules a link to read on after those that already wait. */
  schedule(link: LargePduReader): void {
    if (this.#reading.get(link) === link.pduBytes) {
      this.#waiting.add(link);
      this.#schedule();
    } else {
      this.#remove(link);
      this.#queue.add(link);
      this.#admit();
    }
  }

  /** The large PDU of a link is whole, or the link is gone. */
  leave(link: LargePduReader): void {
    this.#remove(link);
    this.#admit();
  }

  #remove(link: LargePduReader): void {
    this.#bytes -= this.#reading.get(link) ?? 0;
    this.#reading.delete(link);
    this.#queue.delete(link);
    this.#waiting.delete(link);
  }

  #admit(): void {
    for (const link of this.#queue) {
      const { pduBytes } = link;
      if (this.#reading.size > 0 && this.#bytes + pduBytes > this.#limitBytes) break;
      this.#queue.delete(link);
      this.#reading.set(link, pduBytes);
      this.#bytes += pduBytes;
      this.#waiting.add(link);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }
}
