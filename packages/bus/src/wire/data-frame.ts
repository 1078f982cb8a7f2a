import {
  FLAGS,
  FrameReader,
  type Header,
  idSize,
  type Origin,
  readOrUndefined,
  SEQUENCE_BYTES,
  writeHeader,
  writeId,
} from './header.ts';

/** One thing to carry: a kind that the service has chosen, 0 to 126, and its opaque bytes. */
export interface Entry {
  readonly kind: number;
  readonly bytes: Buffer;
}

/** Entries of one sender in the order in which they were sent. */
export interface DataFrame {
  readonly sender: string;
  /** Counts the frames of one sender from 1. */
  readonly sequence: number;
  /** The sender's last frame before this one that the reader gets as well. */
  readonly prevSeq: number;
  /** Whether the reader should acknowledge at once. */
  readonly asksAck: boolean;
  readonly entries: readonly Entry[];
}

/** For one node: the last frame before this one that it gets as well. */
export interface PrevSeq {
  readonly node: string;
  readonly prevSeq: number;
}

/** Whose frame it is, and what comes before it. */
export interface DataOrigin extends Origin {
  /** Nodes that do not get the frame right before this one, which all others do. */
  readonly prevSeqs?: readonly PrevSeq[];
}

const KIND_AND_LENGTH = 5;
const COUNT_BYTES = 2;
const NO_PREV_SEQS: readonly PrevSeq[] = [];

/** How many bytes an entry of that length takes up in a frame. */
export function entrySize(length: number): number {
  return KIND_AND_LENGTH + length;
}

/** A frame on its way out: its bytes are those of the pieces, one after the other. */
export type Pieces = readonly Buffer[];

/**
 * Entries of this size and more travel as they are, smaller ones are copied together: under it, one
 * more piece costs more than the copy. (64 KiB of runs a frame, copied: a third of a busy node's
 * time went to memory that was allocated to be read once.)
 */
const OWN_PIECE_BYTES = 4096;

/**
 * Assembles a data frame. Neighbouring entries of a kind in `mergeable` become one, so that a
 * receiver has one to deal with. Large entries are not copied: their bytes must not change any
 * more.
 */
export function encodeData(
  origin: DataOrigin,
  entries: readonly Entry[],
  mergeable: ReadonlySet<number>,
): Pieces {
  const { prevSeqs = NO_PREV_SEQS } = origin;
  let copied = prevSeqsSize(prevSeqs);
  for (const { bytes } of entries) copied += entrySize(isOwnPiece(bytes) ? 0 : bytes.length);
  const type = prevSeqs.length > 0 ? 'linked' : 'data';
  const { frame, start } = writeHeader(type, origin, copied);
  const pieces: Buffer[] = [];
  let pieceStart = 0;
  let at = writePrevSeqs(frame, prevSeqs, start);
  let lengthAt = 0;
  let lastKind = -1;
  for (const { kind, bytes } of entries) {
    if (kind === lastKind && mergeable.has(kind)) {
      frame.writeUInt32BE(frame.readUInt32BE(lengthAt) + bytes.length, lengthAt);
    } else {
      frame[at] = kind;
      lengthAt = at + 1;
      frame.writeUInt32BE(bytes.length, lengthAt);
      at += KIND_AND_LENGTH;
      lastKind = kind;
    }
    if (isOwnPiece(bytes)) {
      if (at > pieceStart) pieces.push(frame.subarray(pieceStart, at));
      pieces.push(bytes);
      pieceStart = at;
    } else {
      frame.set(bytes, at);
      at += bytes.length;
    }
  }
  if (at > pieceStart) pieces.push(frame.subarray(pieceStart, at));
  return pieces;
}

/** How many bytes the pieces are together. */
export function sizeOf(pieces: Pieces): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}

function isOwnPiece(bytes: Buffer): boolean {
  return bytes.length >= OWN_PIECE_BYTES;
}

/**
 * Reads a frame with entries, which are slices of it, as a node gets it; undefined when it is
 * damaged.
 */
export function decodeData(header: Header, frame: Buffer, node: string): DataFrame | undefined {
  const { sender, sequence, flags } = header;
  const entries: Entry[] = [];
  let at = header.end;
  let prevSeq = sequence - 1;
  if (header.type === 'linked') {
    const read = readPrevSeq(frame, at, node);
    if (read === undefined) return undefined;
    at = read.end;
    prevSeq = read.prevSeq ?? prevSeq;
  }
  if (sequence === 0 || prevSeq >= sequence) return undefined;
  while (at < frame.length) {
    const kind = frame[at];
    const start = at + KIND_AND_LENGTH;
    if (kind === undefined || start > frame.length) return undefined;
    at = start + frame.readUInt32BE(at + 1);
    if (at > frame.length) return undefined;
    entries.push({ kind, bytes: frame.subarray(start, at) });
  }
  return { sender, sequence, prevSeq, asksAck: (flags & FLAGS.asksAck) !== 0, entries };
}

/** A node's last frame. */
export function encodeLeave(origin: DataOrigin): Buffer {
  const { prevSeqs = NO_PREV_SEQS } = origin;
  const { frame, start } = writeHeader('leave', origin, prevSeqsSize(prevSeqs));
  writePrevSeqs(frame, prevSeqs, start);
  return frame;
}

/**
 * The number of the last frame with entries that a node gets of one that leaves; undefined when
 * damaged.
 */
export function decodeLeave(header: Header, frame: Buffer, node: string): number | undefined {
  if (header.end === frame.length) return header.sequence;
  const read = readPrevSeq(frame, header.end, node);
  return read && Math.min(read.prevSeq ?? header.sequence, header.sequence);
}

function prevSeqsSize(prevSeqs: readonly PrevSeq[]): number {
  let size = prevSeqs.length > 0 ? COUNT_BYTES : 0;
  for (const { node } of prevSeqs) size += idSize(node) + SEQUENCE_BYTES;
  return size;
}

function writePrevSeqs(frame: Buffer, prevSeqs: readonly PrevSeq[], start: number): number {
  if (prevSeqs.length === 0) return start;
  let at = frame.writeUInt16BE(prevSeqs.length, start);
  for (const { node, prevSeq } of prevSeqs) {
    at = frame.writeUIntBE(prevSeq, writeId(frame, node, at), SEQUENCE_BYTES);
  }
  return at;
}

/**
 * What is said for a node, if anything, and where the entries begin; undefined when it is damaged.
 */
function readPrevSeq(
  frame: Buffer,
  start: number,
  node: string,
): { readonly prevSeq: number | undefined; readonly end: number } | undefined {
  return readOrUndefined(() => {
    let prevSeq: number | undefined;
    const reader = new FrameReader(frame, start);
    for (let count = reader.count(); count > 0; count--) {
      const id = reader.id();
      const number = reader.sequence();
      if (id === node) prevSeq = number;
    }
    return { prevSeq, end: reader.at };
  });
}
