import type { Entry } from './frame.ts';
import { idSize, writeId } from './header.ts';

/** The kind of an entry that goes to all nodes though it is for one: who reads it looks whether that is he. */
export const ADDRESSED_KIND = 127;

/**
 * Writes an entry for one node as one for all. Where a node may be about that is not known here, it could not
 * tell a frame that is for another from one that it lacks.
 */
export function addressed(to: string, { kind, bytes }: Entry): Entry {
  const start = Buffer.alloc(idSize(to) + 1);
  start[writeId(start, to, 0)] = kind;
  return { kind: ADDRESSED_KIND, bytes: Buffer.concat([start, bytes]) };
}

/** Reads what such an entry carries, and whom it is for; undefined where it ends too early. */
export function readAddressed(
  bytes: Buffer,
): { readonly to: string; readonly entry: Entry } | undefined {
  const kindAt = 1 + (bytes[0] ?? 0);
  const kind = bytes[kindAt];
  if (kind === undefined) return undefined;
  const to = bytes.toString('latin1', 1, kindAt);
  return { to, entry: { kind, bytes: bytes.subarray(kindAt + 1) } };
}
