/**
 * Links that read on in one turn of the loop, at most 128 KiB each: two or three milliseconds of
 * work.
 */
const LINKS_A_TURN = 4;

/** A link inside a large PDU. */
export interface LargePduReader {
  /** The length of the PDU by its header. */
  readonly pduBytes: number;
  /** Called when it is the link's turn to read. */
  readOn(): void;
}

/**
 * Lets links that are inside a large PDU take turns reading. Snapshots of 100,000 users have 2 MB
 * each, all links send theirs at once when a node starts, and one turn of the loop would read
 * everything that the kernel has of each. (With twenty links that took 150 ms, mostly to allocate
 * memory.)
 *
 * It also bounds the memory for these PDUs. They are read in the order in which they became large,
 * as many at a time as fit into the limit by their lengths, and at least one. The others wait in
 * the kernel's buffers: many links with long lists after a restart lose time, but no connection.
 * (Closing the link with the most bytes would be wrong: it is the nearest to its end, and would
 * send everything again.) A link that stops inside its PDU while others wait is closed within
 * seconds, see {@link PduProgress}.
 */
export class ReadScheduler {
  readonly #limitBytes: number;
  /** Links that have room, and the lengths of their PDUs. */
  readonly #admitted = new Map<LargePduReader, number>();
  /** Links that wait for room, in order. */
  readonly #queue = new Set<LargePduReader>();
  /** Admitted links that wait for a turn of the loop. */
  readonly #waiting = new Set<LargePduReader>();
  #bytes = 0;
  #scheduled = false;
  readonly #turn = (): void => {
    this.#scheduled = false;
    let remaining = LINKS_A_TURN;
    for (const link of this.#waiting) {
      this.#waiting.delete(link);
      link.readOn();
      remaining--;
      if (remaining === 0) break;
    }
    this.#schedule();
  };

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The sum of the lengths of the large PDUs that are being read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether links wait because there is no room for their PDUs. */
  get isFull(): boolean {
    return this.#queue.size > 0;
  }

  /** Schedules a link to read on after those that already wait: for room first, then for a turn. */
  schedule(link: LargePduReader): void {
    if (this.#admitted.get(link) === link.pduBytes) {
      this.#waiting.add(link);
      this.#schedule();
    } else {
      this.#remove(link);
      this.#queue.add(link);
      this.#admit();
    }
  }

  /** Frees the room of a link whose large PDU is whole, or that is closed. */
  leave(link: LargePduReader): void {
    this.#remove(link);
    this.#admit();
  }

  #remove(link: LargePduReader): void {
    this.#bytes -= this.#admitted.get(link) ?? 0;
    this.#admitted.delete(link);
    this.#queue.delete(link);
    this.#waiting.delete(link);
  }

  #admit(): void {
    for (const link of this.#queue) {
      const { pduBytes } = link;
      if (this.#admitted.size > 0 && this.#bytes + pduBytes > this.#limitBytes) break;
      this.#queue.delete(link);
      this.#admitted.set(link, pduBytes);
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
