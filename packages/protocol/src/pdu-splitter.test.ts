import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FramingError } from './framing-error.ts';
import { encodeMessage } from './message-codec.ts';
import { PduSplitter } from './pdu-splitter.ts';
import { HEARTBEAT_PDU } from './presence-messages.ts';

const MAX_PDU_BYTES = 1000;

/** A splitter and its output so far. */
function recordingSplitter() {
  const pdus: string[] = [];
  const onPdu = (pdu: Buffer): void => {
    pdus.push(pdu.toString('hex'));
  };
  return { splitter: new PduSplitter({ maxPduBytes: MAX_PDU_BYTES, onPdu }), pdus };
}

/** Pushes a stream in pieces of these sizes, the rest in a last one. */
function pushCut(splitter: PduSplitter, stream: Buffer, sizes: readonly number[]) {
  let error: FramingError | undefined;
  let start = 0;
  for (const size of [...sizes, stream.length]) {
    error = splitter.push(stream.subarray(start, start + size));
    start = Math.min(stream.length, start + size);
  }
  return error;
}

function kickPdu(userId: number): Buffer {
  return encodeMessage('server_kick_user', { userId, clientType: 1, reason: 1 });
}

const anyPdu = fc.oneof(
  fc.constant(HEARTBEAT_PDU),
  fc.nat().map(kickPdu),
  fc.string({ maxLength: 900 }).map((signInfo) => {
    const text = signInfo.replaceAll(/[^ -~]/g, '?');
    return encodeMessage('sign_info_changed_notify', { changedUserId: 1, signInfo: text });
  }),
);
const anySizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });

describe('a stream cut into PDUs', () => {
  it('gives the same PDUs in any segments', () => {
    fc.assert(
      fc.property(fc.array(anyPdu, { maxLength: 20 }), anySizes, (sent, sizes) => {
        const { splitter, pdus } = recordingSplitter();
        expect(pushCut(splitter, Buffer.concat(sent), sizes)).toBeUndefined();
        expect(pdus).toEqual(sent.map((pdu) => pdu.toString('hex')));
      }),
    );
  });

  it.each([
    ['below a header’s', 15, 'length-too-small'],
    ['above the largest', MAX_PDU_BYTES + 1, 'length-too-large'],
  ])('ends at a length %s in any segments, after the PDUs before it', (_, length, code) => {
    const broken = Buffer.alloc(40);
    broken.writeUInt32BE(length, 0);
    const good = kickPdu(7);
    fc.assert(
      fc.property(anySizes, (sizes) => {
        const { splitter, pdus } = recordingSplitter();
        const error = pushCut(splitter, Buffer.concat([good, broken]), sizes);
        expect(error).toMatchObject({ code });
        expect(error?.message).toContain(`${length} bytes`);
        expect(pdus).toEqual([good.toString('hex')]);
        expect(splitter.push(HEARTBEAT_PDU)).toBe(error);
        expect(pdus).toHaveLength(1);
      }),
    );
  });
});
