import { type Entry, entrySize } from './data-frame.ts';
import { cutIntoParts } from './parts.ts';

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

/** How large frames are. */
export interface FrameSizes {
  /** Entries are joined up to about this. */
  readonly batchBytes: number;
  /** A larger entry is cut into parts. */
  readonly maxFrameBytes: number;
}

/** Of a frame, what its header and the numbers before it may take up at the most. */
const RESERVED_BYTES = 16 * 1024;

/** The entries of one event-loop tick, to be cut into frames. */
export class Batch {
  readonly #batchBytes: number;
  readonly #maxEntryBytes: number;
  /** For all nodes. */
  #forAll = new Entries();
  /** For each node that something is for alone: that, and what is for all, in order. */
  #forOne = new Map<string, Entries>();
  #bytes = 0;

  constructor({ batchBytes, maxFrameBytes }: FrameSizes) {
    this.#maxEntryBytes = Math.max(maxFrameBytes / 2, maxFrameBytes - RESERVED_BYTES);
    this.#batchBytes = Math.min(batchBytes, this.#maxEntryBytes);
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
   * What is for a node, in order: for each frame its entries. A large entry goes alone, or in
   * parts. Without a node, what is for all.
   */
  frames(node?: string): readonly (readonly Entry[])[] {
    const { list, bytes } = (node !== undefined && this.#forOne.get(node)) || this.#forAll;
    if (list.length === 0) return [];
    return bytes <= this.#batchBytes ? [list] : this.#split(list);
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
      if (frame.length > 0 && bytes + size > this.#batchBytes) {
        frames.push(frame);
        frame = [];
        bytes = 0;
      }
      if (size > this.#maxEntryBytes) {
        for (const part of cutIntoParts(entry, this.#maxEntryBytes)) frames.push([part]);
        continue;
      }
      frame.push(entry);
      bytes += size;
    }
    if (frame.length > 0) frames.push(frame);
    return frames;
  }
}
