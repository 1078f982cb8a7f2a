import { readHeader, writeHeader } from './header.ts';

/** One thing to carry: a kind that the service has chosen, 0 to 127, and its opaque bytes. */
export interface Entry {
  readonly kind: number;
  readonly bytes: Buffer;
}

/** Entries of one sender in the order in which they were sent. */
export interface DataFrame {
  readonly type: 'data';
  readonly sender: string;
  /** Counts the frames of one sender from 1. */
  readonly sequence: number;
  readonly entries: readonly Entry[];
}

const KIND_AND_LENGTH = 5;

/** How many bytes an entry of that length takes up in a frame. */
export function entrySize(length: number): number {
  return KIND_AND_LENGTH + length;
}

/** A frame on its way out: its bytes are those of the pieces, one after the other. */
export type Pieces = readonly Buffer[];

/**
 * Entries of this size and more travel as they are, smaller ones are copied together: under it, one more
 * piece costs more than the copy. (64 KiB of runs a frame, copied: a third of a busy node's time went to
 * memory that was allocated to be read once.)
 */
const OWN_PIECE_BYTES = 4096;

/**
 * Assembles a data frame. Neighbouring entries of a kind in `mergeable` become one, so that a receiver has
 * one to deal with. Large entries are not copied: their bytes must not change any more.
 */
export function encodeData(
  origin: { readonly sender: string; readonly sequence: number },
  entries: readonly Entry[],
  mergeable: ReadonlySet<number>,
): Pieces {
  let copied = 0;
  for (const { bytes } of entries) copied += entrySize(isOwnPiece(bytes) ? 0 : bytes.length);
  const { frame, start } = writeHeader('data', origin, copied);
  const pieces: Buffer[] = [];
  let pieceStart = 0;
  let at = start;
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

/** Reads a data frame; its entries are slices of it. Undefined when it is not one, or is damaged. */
export function decodeData(frame: Buffer): DataFrame | undefined {
  const header = readHeader(frame);
  if (header?.type !== 'data') return undefined;
  const entries: Entry[] = [];
  let at = header.end;
  while (at < frame.length) {
    const kind = frame[at];
    const start = at + KIND_AND_LENGTH;
    if (kind === undefined || start > frame.length) return undefined;
    at = start + frame.readUInt32BE(at + 1);
    if (at > frame.length) return undefined;
    entries.push({ kind, bytes: frame.subarray(start, at) });
  }
  const { sender, sequence } = header;
  return { type: 'data', sender, sequence, entries };
}
