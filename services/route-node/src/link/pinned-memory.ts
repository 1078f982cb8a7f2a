/**
 * Fewer bytes cost less as a copy than as a slice, because a slice object is larger than they are.
 */
const SMALL_BYTES = 64;

/** A slice smaller than this part of its memory is copied if it has to wait. */
const SLICED_PART = 1 / 2;

/**
 * Whether a queued slice would pin much more memory than it counts. A slice of a read buffer pins
 * the whole buffer: 30 bytes of each of 4,000 reads, 120 KB, pin 256 MiB.
 */
export function pinsMuch(bytes: Buffer): boolean {
  const { length } = bytes;
  return length < SMALL_BYTES || length < bytes.buffer.byteLength * SLICED_PART;
}

/** Returns the bytes, or a copy if they pin much more memory. For bytes that wait long. */
export function unpinned(bytes: Buffer): Buffer {
  if (bytes.length >= bytes.buffer.byteLength * SLICED_PART) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
