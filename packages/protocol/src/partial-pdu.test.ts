import { describe, expect, it } from 'vitest';
import { PartialPdu } from './partial-pdu.ts';

const CLAIMED = 16 * 1024 * 1024;

describe('an incomplete PDU', () => {
  it('uses no more memory than its received bytes justify, for any length in the header', () => {
    const partial = new PartialPdu();
    const start = Buffer.alloc(20);
    start.writeUInt32BE(CLAIMED, 0);
    partial.fill(start, 0, CLAIMED);
    expect(partial.claimedLength).toBe(CLAIMED);
    expect(partial.gathered.buffer.byteLength).toBeLessThan(16_384);
  });

  it('moves to a larger buffer at most a few dozen times while 1 MiB arrives byte by byte', () => {
    const partial = new PartialPdu();
    const byte = Buffer.from([1]);
    const places = new Set<ArrayBufferLike>();
    for (let i = 0; i < 1024 * 1024; i++) {
      partial.fill(byte, 0, CLAIMED);
      if (i % 64 === 0) places.add(partial.gathered.buffer);
    }
    expect(partial.filled).toBe(1024 * 1024);
    expect(places.size).toBeLessThan(24);
  });

  it('reads no more than requested, and transfers it', () => {
    const partial = new PartialPdu();
    expect(partial.fill(Buffer.from('abcdef'), 1, 3)).toBe(3);
    const taken = partial.take();
    expect(taken.toString()).toBe('bcd');
    expect(partial.filled).toBe(0);
    partial.fill(Buffer.from('xyz'), 0, 3);
    expect(taken.toString()).toBe('bcd');
  });
});
