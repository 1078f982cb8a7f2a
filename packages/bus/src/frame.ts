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

/**
 * Assembles a data frame in one buffer: this is the only copy that entries go through. Neighbouring
 * entries of a kind in `mergeable` become one, so that a receiver has one to deal with.
 */
export function encodeData(
  origin: { readonly sender: string; readonly sequence: number },
  entries: readonly Entry[],
  mergeable: ReadonlySet<number>,
): Buffer {
  let size = 0;
  for (const { bytes } of entries) size += entrySize(bytes.length);
  const { frame, start } = writeHeader('data', origin, size);
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
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame.subarray(0, at);
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
