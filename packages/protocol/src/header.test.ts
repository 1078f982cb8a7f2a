import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES, readHeader, writeHeader } from './header.ts';

const uint16 = fc.integer({ min: 0, max: 0xffff });
const anyHeader = fc.record({
  length: fc.integer({ min: 0, max: 0xffff_ffff }),
  version: uint16,
  flag: uint16,
  serviceId: uint16,
  commandId: uint16,
  seqNum: uint16,
  reserved: uint16,
});

describe('a header', () => {
  it('is big-endian, its fields in the order of the wire', () => {
    const bytes = Buffer.alloc(HEADER_BYTES);
    writeHeader(bytes, {
      length: 0x01020304,
      version: 0x0506,
      flag: 0x0708,
      serviceId: 0x090a,
      commandId: 0x0b0c,
      seqNum: 0x0d0e,
      reserved: 0x0f10,
    });
    expect(bytes.toString('hex')).toBe('0102030405060708090a0b0c0d0e0f10');
  });

  it('decodes to what was encoded, at any offset', () => {
    fc.assert(
      fc.property(anyHeader, fc.nat(20), (header, offset) => {
        const bytes = Buffer.alloc(offset + HEADER_BYTES);
        writeHeader(bytes, header, offset);
        expect(readHeader(bytes, offset)).toEqual(header);
      }),
    );
  });

  it('is refused when cut short', () => {
    expect(() => readHeader(Buffer.alloc(HEADER_BYTES - 1))).toThrow(RangeError);
  });
});
