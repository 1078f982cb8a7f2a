import { type Entry, entrySize } from './frame.ts';

/** Entries in order, and their bytes in a frame. */
class Entries {
  readonly list: Entry[];
  bytes: number;

  constructor(list: Entry[] = [], bytes = 0) {
    this.list = list;
    this.bytes = bytes;
  }

  add(entry: Entry): void {
    this.list.push(entry);
    this.bytes += entrySize(entry.bytes.length);
  }
}

/** The entries of one event-loop tick, to be cut into frames. */
export class Batch {
  readonly #maxFrameBytes: number;
  /** For all nodes. */
  #forAll = new Entries();
  /** For each node that something is for alone: that, and what is for all, in order. */
  #forOne = new Map<string, Entries>();
  #bytes = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether something waits that is not for all. */
  get isDirected(): boolean {
    return this.#forOne.size > 0;
  }

  /** The nodes that something is for alone. */
  get nodes(): Iterable<string> {
    return this.#forOne.keys();
  }

  /** Adds what is for all nodes. */
  add(entry: Entry): void {
    this.#forAll.add(entry);
    this.#bytes += entrySize(entry.bytes.length);
    for (const entries of this.#forOne.values()) entries.add(entry);
  }

  /** Adds what is for one node. */
  addFor(node: string, entry: Entry): void {
    let entries = this.#forOne.get(node);
    if (entries === undefined) {
      entries = new Entries([...this.#forAll.list], this.#forAll.bytes);
      this.#forOne.set(node, entries);
    }
    entries.add(entry);
    this.#bytes += entrySize(entry.bytes.length);
  }

  /**
   * What is for a node, in order: for each frame its entries. An entry over the bound goes alone. Without a
   * node, what is for all.
   */
  frames(node?: string): readonly (readonly Entry[])[] {
    const { list, bytes } = (node !== undefined && this.#forOne.get(node)) || this.#forAll;
    if (list.length === 0) return [];
    return bytes <= this.#maxFrameBytes ? [list] : this.#split(list);
  }

  /** Begins anew. */
  clear(): void {
    this.#forAll = new Entries();
    if (this.#forOne.size > 0) this.#forOne = new Map();
    this.#bytes = 0;
  }

  #split(entries: readonly Entry[]): readonly (readonly Entry[])[] {
    const frames: Entry[][] = [];
    let frame: Entry[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const size = entrySize(entry.bytes.length);
      if (frame.length > 0 && bytes + size > this.#maxFrameBytes) {
        frames.push(frame);
        frame = [];
        bytes = 0;
      }
      frame.push(entry);
      bytes += size;
    }
    frames.push(frame);
    return frames;
  }
}
