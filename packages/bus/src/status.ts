import { MAX_NODE_ID_BYTES, readHeader, SEQUENCE_BYTES, writeHeader } from './header.ts';

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
}

/** A request names at most this many ranges; the rest is asked for when these have been filled. */
export const MAX_RANGES = 32;

const RANGE_BYTES = 2 * SEQUENCE_BYTES;
const PEER_BYTES = 1 + 3 * SEQUENCE_BYTES + 1;
const COUNT_BYTES = 2;

/** Encodes a status as one frame. */
export function encodeStatus(status: Omit<Status, 'type'>): Buffer {
  let size = SEQUENCE_BYTES + COUNT_BYTES;
  for (const peer of status.peers) {
    size += PEER_BYTES + peer.node.length + rangesOf(peer).length * RANGE_BYTES;
  }
  const origin = { sender: status.sender, sequence: status.tail };
  const { frame, start } = writeHeader('status', origin, size);
  let at = frame.writeUIntBE(status.base, start, SEQUENCE_BYTES);
  at = frame.writeUInt16BE(status.peers.length, at);
  for (const peer of status.peers) {
    at = frame.writeUInt8(peer.node.length, at);
    at += frame.write(peer.node, at, 'latin1');
    at = frame.writeUIntBE(peer.owed, at, SEQUENCE_BYTES);
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
  return frame;
}

/** Reads a status frame; undefined when it is not one, or is damaged. */
export function decodeStatus(frame: Buffer): Status | undefined {
  const header = readHeader(frame);
  if (header?.type !== 'status') return undefined;
  try {
    let at = header.end;
    const base = frame.readUIntBE(at, SEQUENCE_BYTES);
    at += SEQUENCE_BYTES;
    const count = frame.readUInt16BE(at);
    at += COUNT_BYTES;
    const peers: PeerReport[] = [];
    for (let i = 0; i < count; i++) {
      const { peer, end } = readPeer(frame, at);
      peers.push(peer);
      at = end;
    }
    return { type: 'status', sender: header.sender, tail: header.sequence, base, peers };
  } catch (error) {
    // The frame ends too early.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readPeer(frame: Buffer, start: number): { peer: PeerReport; end: number } {
  const idLength = Math.min(frame.readUInt8(start), MAX_NODE_ID_BYTES);
  let at = start + 1 + idLength;
  const node = frame.toString('latin1', start + 1, at);
  const number = (): number => {
    const value = frame.readUIntBE(at, SEQUENCE_BYTES);
    at += SEQUENCE_BYTES;
    return value;
  };
  const owed = number();
  const gotPlusOne = number();
  const taken = number();
  const missing: Range[] = [];
  const ranges = frame.readUInt8(at);
  at += 1;
  for (let i = 0; i < ranges; i++) missing.push({ first: number(), last: number() });
  const got = gotPlusOne === 0 ? null : gotPlusOne - 1;
  return { peer: { node, owed, got, taken, missing }, end: at };
}

function rangesOf(peer: PeerReport): readonly Range[] {
  return peer.missing.length > MAX_RANGES ? peer.missing.slice(0, MAX_RANGES) : peer.missing;
}
