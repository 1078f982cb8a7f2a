import { isKick } from '@route/protocol';
import type { DeliveryTarget } from './delivery-target.ts';
import { InterestSet } from './interest-table.ts';

/** PDUs per segment; 256 of 160 bytes each are 40 KiB. */
const SEGMENT_PDUS = 256;
/** Initial room of a segment: a frame of an idle node brings one or two PDUs. */
const FEW_PDUS = 8;
/**
 * Unused segments that are pooled, 5 KiB each: room for 130,000 PDUs, as many as are retained at
 * full rate.
 */
const MOST_SPARE = 512;
/**
 * Bits of the filter: 256 PDUs name up to 512 users, so that one in sixteen other users is a false
 * positive.
 */
const FILTER_BITS = 8192;

/** Pinned memory that is allowed on top of twice the size of the PDUs themselves. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** A link or node. */
interface Identified {
  readonly id: string;
}

/** PDUs with their position, their recipients, and the links or nodes that got them. */
class Segment<Holder extends Identified> {
  readonly filter = new Uint32Array(FILTER_BITS / 32);
  readonly first = new Uint32Array(SEGMENT_PDUS);
  readonly second = new Uint32Array(SEGMENT_PDUS);
  readonly start = new Uint32Array(SEGMENT_PDUS);
  readonly end = new Uint32Array(SEGMENT_PDUS);
  bytes: Buffer[] = [];
  /** `setsAPdu` sets for each PDU, one after the other. */
  got: InterestSet<Holder>[] = [];
  readonly setsAPdu: number;
  tag = 0;
  /** Number of PDUs added before its first. */
  before = 0;
  count = 0;
  size = 0;
  /** Size of the buffers that the PDUs are slices of. */
  pinned = 0;
  #room = 0;

  constructor(setsAPdu: number) {
    this.setsAPdu = setsAPdu;
  }

  mayConcern(userId: number): boolean {
    const bit = bitOf(userId);
    return ((this.filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  mark(userId: number): void {
    const bit = bitOf(userId);
    this.filter[bit >>> 5] = (this.filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  /** By id: a node that stood still, was forgotten and is back is another object. */
  has(at: number, { id }: Identified): boolean {
    const from = this.setsAPdu * at;
    for (let i = from; i < from + this.setsAPdu; i++) {
      for (const holder of this.got[i]?.members ?? []) if (holder.id === id) return true;
    }
    return false;
  }

  /** Allocates the index of the next PDU. */
  next(): number {
    if (this.count === this.#room) {
      this.#room = this.#room === 0 ? FEW_PDUS : SEGMENT_PDUS;
      this.bytes = withRoom(this.bytes, this.#room);
      this.got = withRoom(this.got, this.#room * this.setsAPdu);
    }
    return this.count++;
  }

  clear(): void {
    this.filter.fill(0);
    this.bytes = [];
    this.got = [];
    this.#room = 0;
    this.count = 0;
    this.size = 0;
    this.pinned = 0;
  }

  /** Copies the PDUs to memory of their own. */
  compact(): void {
    const memory = Buffer.allocUnsafeSlow(this.size);
    let to = 0;
    for (let at = 0; at < this.count; at++) {
      const length = (this.end[at] ?? 0) - (this.start[at] ?? 0);
      this.bytes[at]?.copy(memory, to, this.start[at], this.end[at]);
      this.bytes[at] = memory;
      this.start[at] = to;
      to += length;
      this.end[at] = to;
    }
    this.pinned = this.size;
  }
}

/** A retained PDU: its recipients, and the sets of links or nodes that got it. */
export interface RecentPdu<Holder> {
  readonly tag: number;
  /** Number of PDUs added before it. */
  readonly index: number;
  readonly first: number;
  readonly second: number;
  readonly got: readonly InterestSet<Holder>[];
}

/** Knows which msg_servers got which PDUs. */
export interface Receipts<Holder> {
  /**
   * Whether the msg_server of `holder` got the PDU before, on another link. It is then not replayed
   * to `holder` for this user, or for any user if `userId` is undefined.
   */
  had(pdu: RecentPdu<Holder>, userId: number | undefined, holder: Holder): boolean;
}

/** Delivers a PDU that the link or node has not got, with the tag that it was retained under. */
export type Deliver = (bytes: Buffer, start: number, end: number, tag: number) => void;

/**
 * Recent PDUs and the links or nodes that got them. They are replayed if interest in a recipient
 * arrives late, because the user moved meanwhile. Adding a PDU allocates nothing.
 */
export class ReplayBuffer<Holder extends Identified> {
  readonly #setsAPdu: number;
  #segments: Segment<Holder>[] = [];
  readonly #spare: Segment<Holder>[] = [];
  readonly #receipts: Receipts<Holder> | undefined;
  /** Links or nodes that joined later, with the number of PDUs added by then. */
  readonly #joined = new Map<Holder, number>();
  #bytes = 0;
  #pinnedBytes = 0;
  #added = 0;

  /** `goes`: the number of ways that each PDU goes at a time. */
  constructor(goes: 'one-way' | 'two-ways', receipts?: Receipts<Holder>) {
    this.#setsAPdu = goes === 'one-way' ? 3 : 6;
    this.#receipts = receipts;
  }

  /** Number of PDUs added, including released ones. */
  get added(): number {
    return this.#added;
  }

  /** Starts replay to a link or node; PDUs added before are not replayed to it. */
  join(holder: Holder): void {
    this.#joined.set(holder, this.#added);
  }

  /** Forgets a link or node that receives no more. */
  leave(holder: Holder): void {
    this.#joined.delete(holder);
  }

  /** Total size of the retained PDUs. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Size of the buffers that the PDUs are slices of: a few PDUs of each of many reads pin
   * everything that was read.
   */
  get pinnedBytes(): number {
    return this.#pinnedBytes;
  }

  /** Copies PDUs that pin more than twice their own size to memory of their own. */
  #compact(): void {
    for (const segment of this.#segments) {
      if (segment.pinned <= 2 * segment.size) continue;
      this.#pinnedBytes -= segment.pinned;
      segment.compact();
      this.#pinnedBytes += segment.pinned;
    }
  }

  /**
   * Retains a PDU, with the sets of one or two targets; the target objects may be reused. The bytes
   * must not change. Tags never decrease.
   */
  add(
    tag: number,
    pdu: Readonly<DeliveryTarget<Holder>>,
    sameAgain?: Readonly<DeliveryTarget<Holder>>,
  ): void {
    const segment = this.#segmentFor(tag);
    const at = segment.next();
    this.#added++;
    const { first, second } = pdu.users;
    segment.first[at] = first;
    segment.second[at] = second;
    segment.start[at] = pdu.start;
    segment.end[at] = pdu.end;
    segment.bytes[at] = pdu.bytes;
    if (at === 0 || segment.bytes[at - 1] !== pdu.bytes) {
      const pinned = pdu.bytes.buffer.byteLength;
      segment.pinned += pinned;
      this.#pinnedBytes += pinned;
    }
    const { got } = segment;
    const place = this.#setsAPdu * at;
    got[place] = pdu.first;
    got[place + 1] = pdu.second;
    got[place + 2] = pdu.others;
    if (sameAgain !== undefined) {
      got[place + 3] = sameAgain.first;
      got[place + 4] = sameAgain.second;
      got[place + 5] = sameAgain.others;
    }
    segment.mark(first);
    segment.mark(second);
    segment.size += pdu.end - pdu.start;
    this.#bytes += pdu.end - pdu.start;
    if (this.#pinnedBytes > 2 * this.#bytes + SPARE_BYTES) this.#compact();
  }

  /**
   * Replays PDUs of a user, in order, to a link or node that gains interest and has not got them.
   */
  begin(
    userId: number,
    holder: Holder,
    give: Deliver,
    { skipsReceived } = { skipsReceived: true },
  ): void {
    for (const segment of this.#segments) {
      if (!segment.mayConcern(userId)) continue;
      for (let at = 0; at < segment.count; at++) {
        if (segment.first[at] !== userId && segment.second[at] !== userId) continue;
        const isPast = skipsReceived && this.#isPast(segment, at, holder, userId);
        if (!isPast) deliverOne(segment, at, holder, give);
      }
    }
  }

  /** Stops the replay of earlier kicks of a user to a link or node. */
  supersedeKicks(userId: number, holder: Holder): void {
    for (const segment of this.#segments) {
      if (!segment.mayConcern(userId)) continue;
      for (let at = 0; at < segment.count; at++) {
        const bytes = segment.bytes[at];
        if (segment.first[at] !== userId || bytes === undefined) continue;
        if (isKick(bytes, segment.start[at] ?? 0)) deliverOne(segment, at, holder, () => {});
      }
    }
  }

  /**
   * Replays everything that the link or node has not got, in order. With `skipsReceived`, PDUs that
   * its msg_servers got elsewhere are left out.
   */
  replayAll(holder: Holder, give: Deliver, { skipsReceived } = { skipsReceived: true }): void {
    for (const segment of this.#segments) {
      for (let at = 0; at < segment.count; at++) {
        const isPast = skipsReceived && this.#isPast(segment, at, holder, undefined);
        if (!isPast) deliverOne(segment, at, holder, give);
      }
    }
  }

  /** Whether a PDU is no longer to be replayed to a link or node, for a user or for any user. */
  #isPast(
    segment: Segment<Holder>,
    at: number,
    holder: Holder,
    userId: number | undefined,
  ): boolean {
    const index = segment.before + at;
    if (index < (this.#joined.get(holder) ?? 0)) return true;
    if (this.#receipts === undefined || segment.has(at, holder)) return false;
    const place = this.#setsAPdu * at;
    const got = segment.got.slice(place, place + this.#setsAPdu);
    const [first = 0, second = 0] = [segment.first[at], segment.second[at]];
    return this.#receipts.had({ tag: segment.tag, index, first, second, got }, userId, holder);
  }

  /** Releases everything up to a tag. */
  dropUpTo(tag: number): void {
    const behind = this.#segments.findIndex((segment) => segment.tag > tag);
    if (behind === 0) return;
    const count = behind < 0 ? this.#segments.length : behind;
    for (const segment of this.#segments.splice(0, count)) {
      this.#bytes -= segment.size;
      this.#pinnedBytes -= segment.pinned;
      segment.clear();
      if (this.#spare.length < MOST_SPARE) this.#spare.push(segment);
    }
  }

  #segmentFor(tag: number): Segment<Holder> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.tag === tag && last.count < SEGMENT_PDUS) return last;
    const segment = this.#spare.pop() ?? new Segment<Holder>(this.#setsAPdu);
    segment.tag = tag;
    segment.before = this.#added;
    this.#segments.push(segment);
    return segment;
  }
}

function deliverOne<Holder extends Identified>(
  segment: Segment<Holder>,
  at: number,
  holder: Holder,
  give: Deliver,
): void {
  if (segment.has(at, holder)) return;
  const last = segment.setsAPdu * (at + 1) - 1;
  const others = segment.got[last];
  segment.got[last] = new InterestSet([...(others?.members ?? []), holder]);
  const bytes = segment.bytes[at];
  if (bytes !== undefined) give(bytes, segment.start[at] ?? 0, segment.end[at] ?? 0, segment.tag);
}

/**
 * Growing arrays and reused ones cost more in garbage collection: 1.21 and 1.67 µs a message,
 * against 1.07 for a new array of this length (2 msg_servers at full rate).
 */
function withRoom<T>(array: readonly T[], length: number): T[] {
  const roomy = new Array<T>(length);
  array.forEach((item, at) => {
    roomy[at] = item;
  });
  return roomy;
}

function bitOf(userId: number): number {
  return (Math.imul(userId, 0x9e37_79b1) >>> 19) % FILTER_BITS;
}
