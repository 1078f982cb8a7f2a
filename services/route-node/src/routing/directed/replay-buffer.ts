import { isKick } from '@route/protocol';
import type { DeliveryTarget } from './delivery-target.ts';
import { InterestSet } from './interest-table.ts';

/** PDUs of a segment; one of 160 bytes each fills 40 KiB. */
const SEGMENT_PDUS = 256;
/** At first there is room for so many: a frame of a node that has little to do brings one or two. */
const FEW_PDUS = 8;
/** Segments that are kept to be used again, 5 KiB each: 130,000 PDUs. At full rate so many are kept at a time. */
const MOST_SPARE = 512;
/** A filter's bits: 256 PDUs name up to 512 users, so that one in sixteen strangers looks like one of them. */
const FILTER_BITS = 8192;

/** Memory that may be kept beside that of the PDUs themselves, whose own bytes count twice. */
const SPARE_BYTES = 4 * 1024 * 1024;

/** Of a PDU: where it is, whom it concerns and who got it. */
class Segment<Holder> {
  readonly filter = new Uint32Array(FILTER_BITS / 32);
  readonly first = new Uint32Array(SEGMENT_PDUS);
  readonly second = new Uint32Array(SEGMENT_PDUS);
  readonly start = new Uint32Array(SEGMENT_PDUS);
  readonly end = new Uint32Array(SEGMENT_PDUS);
  bytes: Buffer[] = [];
  /** So many sets a PDU, one after the other. */
  got: InterestSet<Holder>[] = [];
  readonly setsAPdu: number;
  tag = 0;
  /** How many PDUs were kept before its first. */
  before = 0;
  count = 0;
  size = 0;
  /** Bytes of the memory that the PDUs are cut from. */
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

  has(at: number, holder: Holder): boolean {
    const from = this.setsAPdu * at;
    for (let i = from; i < from + this.setsAPdu; i++) if (this.got[i]?.has(holder)) return true;
    return false;
  }

  /** The place of one more PDU. */
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

  /** Moves the PDUs to memory of their own. */
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

/** A PDU as it was kept: whom it concerns, and the sets of those that got it. */
export interface RecentPdu<Holder> {
  readonly tag: number;
  /** How many were kept before it. */
  readonly index: number;
  readonly first: number;
  readonly second: number;
  readonly got: readonly InterestSet<Holder>[];
}

/** Knows who had what. */
export interface Receipts<Holder> {
  /**
   * Whether whoever has a user now had a PDU before, as the user's msg_server on another link: it is not given again for
   * the user's sake; for anybody's where the user is undefined.
   */
  had(pdu: RecentPdu<Holder>, userId: number | undefined, holder: Holder): boolean;
}

/** Gives a holder a PDU that it has not got, and that was kept with a tag. */
export type Deliver = (bytes: Buffer, start: number, end: number, tag: number) => void;

/**
 * What was passed on a short while ago, and to whom: a user may be on his way to a holder of which it is not
 * known here yet that it holds him. Nothing is allocated a PDU.
 */
export class ReplayBuffer<Holder> {
  readonly #setsAPdu: number;
  #segments: Segment<Holder>[] = [];
  readonly #spare: Segment<Holder>[] = [];
  readonly #receipts: Receipts<Holder> | undefined;
  /** Of holders that joined since, how many PDUs had been kept by then. */
  readonly #joined = new Map<Holder, number>();
  #bytes = 0;
  #pinnedBytes = 0;
  #added = 0;

  /** `goes`: in how many ways each PDU goes at a time. */
  constructor(goes: 'one-way' | 'two-ways', receipts?: Receipts<Holder>) {
    this.#setsAPdu = goes === 'one-way' ? 3 : 6;
    this.#receipts = receipts;
  }

  /** How many PDUs have been kept, those included that were let go of. */
  get added(): number {
    return this.#added;
  }

  /** A holder begins to receive: what was kept before is not given to it. */
  join(holder: Holder): void {
    this.#joined.set(holder, this.#added);
  }

  /** A holder receives no more. */
  leave(holder: Holder): void {
    this.#joined.delete(holder);
  }

  /** Bytes of the PDUs that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the memory that they are cut from: a few PDUs of each of many reads keep all that was read. */
  get pinnedBytes(): number {
    return this.#pinnedBytes;
  }

  /** Moves PDUs that keep more than twice their own bytes to memory of their own. */
  #compact(): void {
    for (const segment of this.#segments) {
      if (segment.pinned <= 2 * segment.size) continue;
      this.#pinnedBytes -= segment.pinned;
      segment.compact();
      this.#pinnedBytes += segment.pinned;
    }
  }

  /**
   * Keeps a PDU, but not the objects that tell of it, one for each way that it goes; the bytes must not change. Tags never fall.
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

  /** A holder begins to hold a user: gives it what concerns him and it has not got, in order. */
  begin(
    userId: number,
    holder: Holder,
    give: Deliver,
    { heedsReceipts } = { heedsReceipts: true },
  ): void {
    for (const segment of this.#segments) {
      if (!segment.mayConcern(userId)) continue;
      for (let at = 0; at < segment.count; at++) {
        if (segment.first[at] !== userId && segment.second[at] !== userId) continue;
        const isPast = heedsReceipts && this.#isPast(segment, at, holder, userId);
        if (!isPast) deliverOne(segment, at, holder, give);
      }
    }
  }

  /** From now on a holder is not given any more what has had a user kicked. */
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

  /** Gives a holder all that it has not got, in order; `heedsReceipts`: but for what its msg_servers have had elsewhere. */
  replayAll(holder: Holder, give: Deliver, { heedsReceipts } = { heedsReceipts: true }): void {
    for (const segment of this.#segments) {
      for (let at = 0; at < segment.count; at++) {
        const isPast = heedsReceipts && this.#isPast(segment, at, holder, undefined);
        if (!isPast) deliverOne(segment, at, holder, give);
      }
    }
  }

  /** Whether a PDU is not to be given late any more to a holder, for the sake of a user or of anybody. */
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

  /** Lets go of everything up to a tag. */
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

function deliverOne<Holder>(
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
 * Arrays that grow as they are filled, and old ones that are filled again, cost the collector more: a node took 1.21
 * and 1.67 µs a message, and takes 1.07 (2 msg_servers, flat out).
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
