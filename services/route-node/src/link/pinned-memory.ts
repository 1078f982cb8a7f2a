/** Fewer bytes than these cost less as a copy than as a slice, whose own objects take more memory than they do. */
const SMALL_BYTES = 64;

/** A slice must be at least this part of the memory that it is cut from, or it is copied where it has to wait. */
const SLICED_PART = 1 / 2;

/**
 * Whether a slice that waits would keep much more memory than it is counted with. A slice of a read buffer keeps all of
 * the buffer: of 30 bytes in each of 4,000 reads, 120 KB, it is 256 MiB.
 */
export function pinsMuch(bytes: Buffer): boolean {
  const { length } = bytes;
  return length < SMALL_BYTES || length < bytes.buffer.byteLength * SLICED_PART;
}

/** The bytes themselves, or a copy where these would keep much more memory. For what waits long. */
export function unpinned(bytes: Buffer): Buffer {
  if (bytes.length >= bytes.buffer.byteLength * SLICED_PART) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
