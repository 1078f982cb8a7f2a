import { type Entry, entrySize } from './frame.ts';

/** The entries of one event-loop tick, to be cut into frames. */
export class Batch {
  readonly #maxFrameBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entrySize(entry.bytes.length);
  }

  /** Takes everything out, in order: for each frame its entries. An entry over the bound goes alone. */
  take(): readonly (readonly Entry[])[] {
    const entries = this.#entries;
    const small = this.#bytes <= this.#maxFrameBytes;
    this.#entries = [];
    this.#bytes = 0;
    if (entries.length === 0) return [];
    return small ? [entries] : this.#split(entries);
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
