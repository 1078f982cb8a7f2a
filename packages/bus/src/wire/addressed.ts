import type { Entry, Pieces } from './data-frame.ts';
import {
  FrameReader,
  type Header,
  idSize,
  readOrUndefined,
  writeHeader,
  writeId,
} from './header.ts';

/** The kind of an entry that goes to all nodes though it is for one: the others drop it. */
export const ADDRESSED_KIND = 127;

/**
 * Writes an entry for one node as one for all. Where there may be a node that is not known here,
 * that node could not tell a frame for another node from one that it lacks.
 */
export function addressed(to: string, { kind, bytes }: Entry): Entry {
  const start = Buffer.alloc(idSize(to) + 1);
  start[writeId(start, to, 0)] = kind;
  return { kind: ADDRESSED_KIND, bytes: Buffer.concat([start, bytes]) };
}

/** Reads what such an entry carries, and its node; undefined where it ends too early. */
export function readAddressed(
  bytes: Buffer,
): { readonly to: string; readonly entry: Entry } | undefined {
  const kindAt = 1 + (bytes[0] ?? 0);
  const kind = bytes[kindAt];
  if (kind === undefined) return undefined;
  const to = bytes.toString('latin1', 1, kindAt);
  return { to, entry: { kind, bytes: bytes.subarray(kindAt + 1) } };
}

/** Puts a frame for one node that does not hear its own channel into one for the channel of all. */
export function encodeEnvelope(sender: string, to: string, frame: Pieces): Pieces {
  const { frame: start, start: at } = writeHeader('envelope', { sender, sequence: 0 }, idSize(to));
  writeId(start, to, at);
  return [start, ...frame];
}

/**
 * The frame in an envelope, as its node gets it; undefined when it is for another node, or damaged.
 */
export function decodeEnvelope(header: Header, frame: Buffer, node: string): Buffer | undefined {
  return readOrUndefined(() => {
    const reader = new FrameReader(frame, header.end);
    return reader.id() === node ? frame.subarray(reader.at) : undefined;
  });
}
