import { describe, expect, it } from 'vitest';
import { PartialPdu } from './partial-pdu.ts';

const CLAIMED = 16 * 1024 * 1024;

describe('a PDU that has not come whole', () => {
  it('takes no more room than what has come warrants, whatever its header claims', () => {
    const partial = new PartialPdu();
    const start = Buffer.alloc(20);
    start.writeUInt32BE(CLAIMED, 0);
    partial.fill(start, 0, CLAIMED);
    expect(partial.claimedLength).toBe(CLAIMED);
    expect(partial.gathered.buffer.byteLength).toBeLessThan(16_384);
  });

  it('moves to a larger place a few dozen times at most while 1 MiB comes byte by byte', () => {
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

  it('takes no more than is asked for, and gives it away', () => {
    const partial = new PartialPdu();
    expect(partial.fill(Buffer.from('abcdef'), 1, 3)).toBe(3);
    const taken = partial.take();
    expect(taken.toString()).toBe('bcd');
    expect(partial.filled).toBe(0);
    partial.fill(Buffer.from('xyz'), 0, 3);
    expect(taken.toString()).toBe('bcd');
  });
});
