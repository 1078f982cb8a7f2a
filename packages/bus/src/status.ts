import { idSize, readHeader, readId, SEQUENCE_BYTES, writeHeader, writeId } from './header.ts';

/** Neighbouring sequence numbers, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What a status says about one other node. */
export interface PeerReport {
  readonly node: string;
  /** Towards that node: the first of my frames that it may still ask for. */
  readonly owed: number;
  /** From that node: I have every frame up to this one; null while I do not know where to begin. */
  readonly got: number | null;
  /** From that node: my links have had room for every frame up to this one; never above `got`. */
  readonly taken: number;
  /** From that node: what I lack and ask to have repeated. */
  readonly missing: readonly Range[];
  /** Towards that node: the last of my frames that is for it; undefined where it is the last of all. */
  readonly last: number | undefined;
  /**
   * Towards that node: the last of my frames for it that it can no longer ask for; undefined where an earlier
   * version does not say it.
   */
  readonly gone: number | undefined;
  /** From that node: the last announcement that I have heard; 0 for none. */
  readonly heard: number;
}

/** Where a node is: what it has sent itself, and how far it has got with each of the others. */
export interface Status {
  readonly type: 'status';
  readonly sender: string;
  /** The last frame it has sent; 0 for none. */
  readonly tail: number;
  /** The oldest frame that it can still repeat; tail + 1 when it keeps none. */
  readonly base: number;
  readonly peers: readonly PeerReport[];
  /** Its announcements counted from 1; 0 where an earlier version does not count them. */
  readonly word: number;
  /** Whether it wants to hear at once that it was heard. */
  readonly asksWord: boolean;
  /** Whether it hears what is published to it alone; a node of an earlier version does not. */
  readonly hearsOwn: boolean;
}

/** A request names at most this many ranges; the rest is asked for when these have been filled. */
export const MAX_RANGES = 32;

const RANGE_BYTES = 2 * SEQUENCE_BYTES;
const PEER_BYTES = 3 * SEQUENCE_BYTES + 1;
/** Behind the flags, for each peer again: an earlier version reads no further than what it knows. */
const PEER_TAIL_BYTES = 3 * SEQUENCE_BYTES;
const COUNT_BYTES = 2;
const FLAGS_BYTES = 1;
const HEARS_OWN = 1;
const ASKS_WORD = 2;

/** Encodes a status as one frame. */
export function encodeStatus(status: Omit<Status, 'type'>): Buffer {
  let size = SEQUENCE_BYTES + COUNT_BYTES + FLAGS_BYTES + SEQUENCE_BYTES;
  for (const peer of status.peers) {
    size += idSize(peer.node) + PEER_BYTES + rangesOf(peer).length * RANGE_BYTES + PEER_TAIL_BYTES;
  }
  const origin = { sender: status.sender, sequence: status.tail };
  const { frame, start } = writeHeader('status', origin, size);
  let at = frame.writeUIntBE(status.base, start, SEQUENCE_BYTES);
  at = frame.writeUInt16BE(status.peers.length, at);
  for (const peer of status.peers) {
    at = frame.writeUIntBE(peer.owed, writeId(frame, peer.node, at), SEQUENCE_BYTES);
    // One more than it is, so that 0 is free to say: I do not know where to begin.
    at = frame.writeUIntBE(peer.got === null ? 0 : peer.got + 1, at, SEQUENCE_BYTES);
    at = frame.writeUIntBE(peer.taken, at, SEQUENCE_BYTES);
    const ranges = rangesOf(peer);
    at = frame.writeUInt8(ranges.length, at);
    for (const { first, last } of ranges) {
      at = frame.writeUIntBE(first, at, SEQUENCE_BYTES);
      at = frame.writeUIntBE(last, at, SEQUENCE_BYTES);
    }
  }
  const flags = (status.hearsOwn ? HEARS_OWN : 0) | (status.asksWord ? ASKS_WORD : 0);
  at = frame.writeUInt8(flags, at);
  at = frame.writeUIntBE(status.word, at, SEQUENCE_BYTES);
  for (const { last, gone, heard } of status.peers) {
    at = frame.writeUIntBE(last === undefined ? 0 : last + 1, at, SEQUENCE_BYTES);
    at = frame.writeUIntBE(gone === undefined ? 0 : gone + 1, at, SEQUENCE_BYTES);
    at = frame.writeUIntBE(heard, at, SEQUENCE_BYTES);
  }
  return frame;
}

/** Reads a status frame; undefined when it is not one, or is damaged. */
export function decodeStatus(frame: Buffer): Status | undefined {
  const header = readHeader(frame);
  if (header?.type !== 'status') return undefined;
  try {
    return readStatus(new StatusReader(frame, header.end), header.sender, header.sequence);
  } catch (error) {
    // The frame ends too early.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readStatus(reader: StatusReader, sender: string, tail: number): Status {
  const base = reader.sequence();
  const peers = Array.from({ length: reader.count() }, () => readPeer(reader));
  if (reader.isAtEnd) {
    return { type: 'status', sender, tail, base, peers, word: 0, asksWord: false, hearsOwn: false };
  }
  const flags = reader.byte();
  const word = reader.sequence();
  for (const peer of peers) {
    peer.last = reader.sequenceOrNone();
    peer.gone = reader.sequenceOrNone();
    peer.heard = reader.sequence();
  }
  const asksWord = (flags & ASKS_WORD) !== 0;
  return {
    type: 'status',
    sender,
    tail,
    base,
    peers,
    word,
    asksWord,
    hearsOwn: (flags & HEARS_OWN) !== 0,
  };
}

function readPeer(reader: StatusReader): {
  -readonly [Field in keyof PeerReport]: PeerReport[Field];
} {
  const node = reader.id();
  const owed = reader.sequence();
  const gotPlusOne = reader.sequence();
  const taken = reader.sequence();
  const missing = Array.from({ length: reader.byte() }, () => ({
    first: reader.sequence(),
    last: reader.sequence(),
  }));
  const got = gotPlusOne === 0 ? null : gotPlusOne - 1;
  return { node, owed, got, taken, missing, last: undefined, gone: undefined, heard: 0 };
}

/** Reads on from a place; @throws RangeError where the frame ends too early. */
class StatusReader {
  readonly #frame: Buffer;
  #at: number;

  constructor(frame: Buffer, at: number) {
    this.#frame = frame;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#frame.length;
  }

  byte(): number {
    const value = this.#frame.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  count(): number {
    const value = this.#frame.readUInt16BE(this.#at);
    this.#at += COUNT_BYTES;
    return value;
  }

  sequence(): number {
    const value = this.#frame.readUIntBE(this.#at, SEQUENCE_BYTES);
    this.#at += SEQUENCE_BYTES;
    return value;
  }

  /** Written as one more than it is, so that 0 is free to say that there is none. */
  sequenceOrNone(): number | undefined {
    const plusOne = this.sequence();
    return plusOne === 0 ? undefined : plusOne - 1;
  }

  id(): string {
    const { id, end } = readId(this.#frame, this.#at);
    this.#at = end;
    return id;
  }
}

function rangesOf(peer: PeerReport): readonly Range[] {
  return peer.missing.length > MAX_RANGES ? peer.missing.slice(0, MAX_RANGES) : peer.missing;
}
