import { describe, expect, it } from 'vitest';
import { COMMAND_COUNT } from './commands.ts';
import { Framer } from './framer.ts';
import { encodeMessage } from './message-codec.ts';

const MAX_PDU_BYTES = 1024;
const GOOD = encodeMessage('switch_p2p_cmd', { fromUserId: 1, toUserId: 2, cmdMsgData: 'in time' });

function framerInto(delivered: string[]): Framer {
  return new Framer({
    maxPduBytes: MAX_PDU_BYTES,
    received: new Float64Array(COMMAND_COUNT),
    sink: {
      run: (_handling, bytes) => delivered.push(bytes.toString('hex')),
      pdu: (_handling, pdu) => delivered.push(pdu.toString('hex')),
    },
  });
}

function headerOfLength(length: number): Buffer {
  const header = Buffer.from('000000000001000000070701000a0000', 'hex');
  header.writeUInt32BE(length, 0);
  return header;
}

describe('a header with an impossible length', () => {
  it('is an error below 16 bytes and above the maximum, and not between', () => {
    const codeFor = (length: number) => framerInto([]).push(headerOfLength(length))?.code;
    expect([0, 1, 15].map(codeFor)).toEqual(Array(3).fill('length-too-small'));
    expect([16, 17, MAX_PDU_BYTES].map(codeFor)).toEqual(Array(3).fill(undefined));
    expect([MAX_PDU_BYTES + 1, 0xffff_ffff].map(codeFor)).toEqual(
      Array(2).fill('length-too-large'),
    );
  });

  it('names the given and the expected value, and shows the header', () => {
    const error = framerInto([]).push(Buffer.concat([headerOfLength(7), GOOD]));
    expect(error?.message).toBe('PDU length is 7 bytes, expected 16 to 1024');
    expect(error?.header.equals(headerOfLength(7))).toBe(true);
  });

  it('is checked as soon as its four bytes have arrived', () => {
    const framer = framerInto([]);
    expect(framer.push(Buffer.from([0, 0, 0]))).toBeUndefined();
    const error = framer.push(Buffer.from([9]));
    expect(error?.code).toBe('length-too-small');
    expect(error?.header).toEqual(Buffer.from([0, 0, 0, 9]));
  });

  it('shows all received bytes of the header when its length field straddled chunks', () => {
    const framer = framerInto([]);
    const header = headerOfLength(3);
    framer.push(header.subarray(0, 2));
    expect(framer.push(Buffer.concat([header.subarray(2), GOOD]))?.header.equals(header)).toBe(
      true,
    );
  });

  it('lets all PDUs before it through, and none after it', () => {
    const delivered: string[] = [];
    const framer = framerInto(delivered);
    const error = framer.push(Buffer.concat([GOOD, GOOD, headerOfLength(0), GOOD]));
    expect(delivered).toEqual([Buffer.concat([GOOD, GOOD]).toString('hex')]);
    expect(framer.push(GOOD)).toBe(error);
    expect(delivered).toHaveLength(1);
    expect(framer.bufferedBytes).toBe(0);
  });
});
