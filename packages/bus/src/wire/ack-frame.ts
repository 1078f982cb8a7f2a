import {
  FLAGS,
  FrameReader,
  type Header,
  idSize,
  readOrUndefined,
  SEQUENCE_BYTES,
  writeHeader,
  writeId,
} from './header.ts';

/** Neighbouring sequence numbers, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** A silent node that the sender of an ack knows. */
export interface SilentNode {
  readonly node: string;
  /** Since it was last heard by any node, in ms. */
  readonly silentMs: number;
}

/** The state between two nodes, sent by one to the other only. */
export interface Ack {
  readonly sender: string;
  readonly to: string;
  /** The last frame the sender has sent, to any node. */
  readonly tail: number;
  /** The last heartbeat of the reader that the sender has heard; 0 for none. */
  readonly heard: number;
  /** The first of the sender's frames that the reader may still ask for. */
  readonly owed: number;
  /**
   * The sender has every frame of the reader up to this one; null while it does not know where to
   * begin.
   */
  readonly acked: number | null;
  /** The sender's links have had room for every frame up to this one; never above `acked`. */
  readonly credited: number;
  /** The last of the sender's frames that is for the reader. */
  readonly last: number;
  /** The last of the sender's frames for the reader that it can no longer ask for. */
  readonly gone: number;
  /** For how long the sender has heard the others, in ms since its first heartbeat came back. */
  readonly hearingMs: number;
  /** What the sender lacks of the reader's frames and asks to have sent again. */
  readonly missing: readonly Range[];
  /** Nodes that a reader which joins may not hear, though they live. */
  readonly silent: readonly SilentNode[];
  readonly asksAck: boolean;
  readonly restart: boolean;
  /** Whether the sender had queued entries that it had not sent. */
  readonly queued: boolean;
}

/** A request names at most this many ranges; the rest is asked for when these have been filled. */
export const MAX_RANGES = 32;

const RANGE_BYTES = 2 * SEQUENCE_BYTES;
const MAX_SILENT = 255;
const MAX_MS = 2 ** 32 - 1;

/** Encodes an ack as one frame. */
export function encodeAck(ack: Ack): Buffer {
  const missing = ack.missing.slice(0, MAX_RANGES);
  const silent = ack.silent.slice(0, MAX_SILENT);
  let size = idSize(ack.to) + 6 * SEQUENCE_BYTES + 6 + missing.length * RANGE_BYTES;
  for (const { node } of silent) size += idSize(node) + 4;
  const flags =
    (ack.asksAck ? FLAGS.asksAck : 0) |
    (ack.restart ? FLAGS.restart : 0) |
    (ack.queued ? FLAGS.queued : 0);
  const origin = { sender: ack.sender, sequence: ack.tail, flags };
  const { frame, start } = writeHeader('ack', origin, size);
  let at = writeId(frame, ack.to, start);
  // One more than it is, so that 0 is free for: the sender does not know where to begin.
  const ackedPlusOne = ack.acked === null ? 0 : ack.acked + 1;
  for (const n of [ack.heard, ack.owed, ackedPlusOne, ack.credited, ack.last, ack.gone]) {
    at = frame.writeUIntBE(n, at, SEQUENCE_BYTES);
  }
  at = writeMs(frame, ack.hearingMs, at);
  at = frame.writeUInt8(missing.length, at);
  for (const { first, last } of missing) {
    at = frame.writeUIntBE(first, at, SEQUENCE_BYTES);
    at = frame.writeUIntBE(last, at, SEQUENCE_BYTES);
  }
  at = frame.writeUInt8(silent.length, at);
  for (const { node, silentMs } of silent) {
    at = writeMs(frame, silentMs, writeId(frame, node, at));
  }
  return frame;
}

function writeMs(frame: Buffer, ms: number, at: number): number {
  return frame.writeUInt32BE(Math.min(Math.round(ms), MAX_MS), at);
}

/**
 * Reads an ack behind its header; undefined when it is damaged, or its numbers contradict each
 * other.
 */
export function decodeAck(header: Header, frame: Buffer): Ack | undefined {
  return readOrUndefined(() => {
    const reader = new FrameReader(frame, header.end);
    const to = reader.id();
    const heard = reader.sequence();
    const owed = reader.sequence();
    const ackedPlusOne = reader.sequence();
    const credited = reader.sequence();
    const last = reader.sequence();
    const gone = reader.sequence();
    const hearingMs = reader.milliseconds();
    if (last > header.sequence || gone > header.sequence || owed > header.sequence + 1) {
      return undefined;
    }
    const missing = Array.from({ length: Math.min(reader.byte(), MAX_RANGES) }, () => ({
      first: reader.sequence(),
      last: reader.sequence(),
    }));
    const silent = Array.from({ length: reader.byte() }, () => ({
      node: reader.id(),
      silentMs: reader.milliseconds(),
    }));
    return {
      ...{ sender: header.sender, to, tail: header.sequence, heard, owed, credited, last, gone },
      acked: ackedPlusOne === 0 ? null : ackedPlusOne - 1,
      ...{ hearingMs, missing, silent },
      asksAck: (header.flags & FLAGS.asksAck) !== 0,
      restart: (header.flags & FLAGS.restart) !== 0,
      queued: (header.flags & FLAGS.queued) !== 0,
    };
  });
}
