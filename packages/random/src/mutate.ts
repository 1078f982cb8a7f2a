import type { Random } from './random.ts';

/** The most changes that one mutation makes. */
const MAX_CHANGES = 4;

/** The most bytes that one change inserts or repeats. */
const MAX_INSERTED = 64;

/** Values on which decoders trip: zero, one, signs, the largest of each width. */
const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 2 ** 31, 2 ** 32 - 1, 2 ** 48 - 1];

type Change = (random: Random, bytes: Buffer, corpus: readonly Buffer[]) => Buffer;

const CHANGES: readonly Change[] = [
  flipBit,
  setByte,
  setNumber,
  setNumber,
  truncate,
  removeSlice,
  repeatSlice,
  insertRandom,
  insertZeros,
  spliceOther,
];

/**
 * Returns a copy of one of `corpus` with 1 to 4 random changes: bits, bytes, big-endian numbers of
 * 1 to 6 bytes, slices that are cut, repeated, or taken from another of the corpus. For fuzz tests
 * of decoders.
 * @throws Error when the corpus is empty.
 */
export function mutate(random: Random, corpus: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(corpus));
  for (let left = random.whole(1, MAX_CHANGES); left > 0; left--) {
    bytes = random.pick(CHANGES)(random, bytes, corpus);
  }
  return bytes;
}

/** Like {@link mutate}, for text: characters outside Latin-1 count as several bytes. */
export function mutateText(random: Random, corpus: readonly string[]): string {
  return mutate(
    random,
    corpus.map((text) => Buffer.from(text)),
  ).toString('latin1');
}

function flipBit(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
}

function setByte(random: Random, bytes: Buffer): Buffer {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function setNumber(random: Random, bytes: Buffer): Buffer {
  const width = random.whole(1, Math.min(6, bytes.length || 1));
  if (bytes.length < width) return bytes;
  const at = random.whole(0, bytes.length - width);
  const value = random.pick([...NUMBERS, bytes.length, bytes.length - at]);
  bytes.writeUIntBE(value % 2 ** (8 * width), at, width);
  return bytes;
}

function truncate(random: Random, bytes: Buffer): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function removeSlice(random: Random, bytes: Buffer): Buffer {
  const { start, end } = slice(random, bytes);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function repeatSlice(random: Random, bytes: Buffer): Buffer {
  const { start, end } = slice(random, bytes);
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
}

function insertRandom(random: Random, bytes: Buffer): Buffer {
  const inserted = Array.from({ length: random.whole(1, MAX_INSERTED) }, () => random.below(256));
  return insert(random, bytes, Buffer.from(inserted));
}

function insertZeros(random: Random, bytes: Buffer): Buffer {
  return insert(random, bytes, Buffer.alloc(random.whole(1, MAX_INSERTED)));
}

function spliceOther(random: Random, bytes: Buffer, corpus: readonly Buffer[]): Buffer {
  const other = random.pick(corpus);
  const head = bytes.subarray(0, random.below(bytes.length + 1));
  return Buffer.concat([head, other.subarray(random.below(other.length + 1))]);
}

function insert(random: Random, bytes: Buffer, inserted: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

function slice(random: Random, bytes: Buffer): { readonly start: number; readonly end: number } {
  const start = random.below(bytes.length + 1);
  const longest = Math.min(bytes.length - start, MAX_INSERTED);
  return { start, end: start + random.whole(0, longest) };
}
