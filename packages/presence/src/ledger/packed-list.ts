/** MessagePack: a list of up to 65,535 items. */
const LIST_16 = 0xdc;
/** MessagePack: a string of up to 31 bytes, its length in the low bits, or of up to 255. */
const TEXT_5 = 0xa0;
const TEXT_8 = 0xd9;
const HEAD_BYTES = 3;
const MOST_DIGITS = 10;

/**
 * Packs numbers (uint32) as a MessagePack list of decimal strings. One list, because an argument
 * per number would dominate the cost of a call in the client library and Redis. Strings, because
 * Lua takes ten times as long to format a number as a key.
 */
export function packNumbers(numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + numbers.length * (1 + MOST_DIGITS));
  let at = beginList(bytes, numbers.length);
  for (const number of numbers) {
    const digits = digitsOf(number);
    bytes[at] = TEXT_5 | digits;
    let rest = number;
    for (let i = at + digits; i > at; i--) {
      const tenth = Math.floor(rest / 10);
      bytes[i] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    at += 1 + digits;
  }
  return bytes.subarray(0, at);
}

/** Packs ASCII strings of up to 255 bytes as a MessagePack list. Throws when one is longer. */
export function packTexts(texts: readonly string[]): Buffer {
  let size = HEAD_BYTES;
  for (const text of texts) size += 2 + text.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = beginList(bytes, texts.length);
  for (const text of texts) {
    bytes[at] = TEXT_8;
    at = bytes.writeUInt8(text.length, at + 1);
    at += bytes.write(text, at, 'latin1');
  }
  return bytes;
}

function beginList(bytes: Buffer, length: number): number {
  bytes[0] = LIST_16;
  return bytes.writeUInt16BE(length, 1);
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let bound = 10; number >= bound; bound *= 10) digits++;
  return digits;
}
