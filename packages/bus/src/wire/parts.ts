import type { Entry } from './data-frame.ts';

/** The kind of a part of a larger entry. An entry too large for one frame travels in several. */
export const PART_KIND = 128;

/** Kind of the whole (uint8), its length (uint32), where the part begins in it (uint32). */
const PART_HEADER_BYTES = 9;

/**
 * All parts but the last are as large as frames allow: smaller ones would cost memory beyond their
 * bytes.
 */
const MIN_PART_BYTES = 512;

/** Cuts an entry into parts of which each takes up no more than `maxBytes` of a frame's entry. */
export function* cutIntoParts({ kind, bytes }: Entry, maxBytes: number): Generator<Entry> {
  const size = Math.max(MIN_PART_BYTES, maxBytes - PART_HEADER_BYTES);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    const header = Buffer.allocUnsafe(PART_HEADER_BYTES);
    header[0] = kind;
    header.writeUInt32BE(bytes.length, 1);
    header.writeUInt32BE(at, 5);
    yield { kind: PART_KIND, bytes: Buffer.concat([header, part]) };
  }
}

/** What a part has come to. */
export type Joined = Entry | 'incomplete' | 'invalid';

/** Joins the parts of one sender, which arrive in order. Buffers only one entry. */
export class PartJoiner {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #kind = 0;
  #length = 0;
  #came = 0;

  /** A larger entry than `maxBytes` is refused. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether an entry has begun and not ended. */
  get isOpen(): boolean {
    return this.#came > 0;
  }

  /** Adds the next part. Returns the whole entry with its last part. */
  join(bytes: Buffer): Joined {
    if (bytes.length <= PART_HEADER_BYTES) return this.#refuse();
    const kind = bytes.readUInt8(0);
    const length = bytes.readUInt32BE(1);
    const at = bytes.readUInt32BE(5);
    const part = bytes.subarray(PART_HEADER_BYTES);
    if (at === 0) {
      this.discard();
      this.#kind = kind;
      this.#length = length;
    }
    const isNext = at === this.#came && kind === this.#kind && length === this.#length;
    const end = at + part.length;
    if (!isNext || length > this.#maxBytes || end > length) return this.#refuse();
    if (end < length && part.length < MIN_PART_BYTES) return this.#refuse();
    this.#parts.push(part);
    this.#came = end;
    if (end < length) return 'incomplete';
    const whole = { kind, bytes: Buffer.concat(this.#parts, length) };
    this.discard();
    return whole;
  }

  /** Drops the buffered parts: the rest will never arrive. */
  discard(): void {
    this.#parts = [];
    this.#came = 0;
  }

  #refuse(): Joined {
    this.discard();
    return 'invalid';
  }
}
