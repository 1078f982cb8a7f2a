import { COMMANDS, type CommandName, isCommandName } from '@route/protocol';
import fc from 'fast-check';
import { pduWithBody } from './bad-pdus.ts';
import { MAX_PDU_BYTES } from './scene.ts';

const HEADER_BYTES = 16;

const commandNames = Object.keys(COMMANDS).filter(isCommandName);

const relayedIds: ReadonlySet<number> = new Set(
  commandNames
    .map((name) => COMMANDS[name])
    .filter(({ handling }) => handling.startsWith('relay'))
    .map(({ commandId }) => commandId),
);

const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // Tags and small varints: bodies that nearly parse, or do.
  fc
    .array(fc.constantFrom(0x08, 0x10, 0x18, 0x0a, 0x00, 0x01, 0x02, 0x11, 0x29), { maxLength: 12 })
    .map((bytes) => Uint8Array.from(bytes)),
);

const wholePdu = fc
  .tuple(fc.constantFrom<CommandName>(...commandNames), body)
  .map(([command, bytes]) => pduWithBody(command, bytes));

/** A PDU of which one byte, any, is another: its length too. */
const spoiltPdu = fc.tuple(wholePdu, fc.nat(), fc.integer({ min: 1, max: 255 })).map((choice) => {
  const [pdu, at, change] = choice;
  const spoilt = Buffer.from(pdu);
  const index = at % spoilt.length;
  spoilt.writeUInt8(spoilt.readUInt8(index) ^ change, index);
  return spoilt;
});

/** A PDU of which the length is about where it begins, or ends, to be possible. */
const oddLengthPdu = fc
  .tuple(wholePdu, fc.integer({ min: -20, max: 4 }), fc.constantFrom(HEADER_BYTES, MAX_PDU_BYTES))
  .map(([pdu, offset, limit]) => {
    const odd = Buffer.from(pdu);
    odd.writeUInt32BE(Math.max(0, limit + offset), 0);
    return odd;
  });

const garbage = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes));

/** What a link sends, cut into writes at any places. */
export interface FuzzedStream {
  readonly bytes: Buffer;
  readonly splits: readonly number[];
}

/** Streams that are mostly PDUs: most run on for a while before they break, or do not break. */
export const fuzzedStream: fc.Arbitrary<FuzzedStream> = fc.record({
  bytes: fc
    .array(
      fc.oneof(
        { weight: 24, arbitrary: wholePdu },
        { weight: 2, arbitrary: spoiltPdu },
        { weight: 1, arbitrary: oddLengthPdu },
        { weight: 1, arbitrary: garbage },
      ),
      { minLength: 1, maxLength: 20 },
    )
    .map((parts) => Buffer.concat(parts)),
  splits: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 6 }),
});

/** What must become of a stream. */
export interface Fate {
  /** Why the link is closed; undefined when it is not. */
  readonly reason: 'length-too-small' | 'length-too-large' | undefined;
  /** What another link receives, as it was sent. */
  readonly relayed: Buffer;
}

/** The fate of a stream by the protocol's description, PDU by PDU, in the plainest way. */
export function fateOf(stream: Buffer): Fate {
  const relayed: Buffer[] = [];
  let reason: Fate['reason'];
  let start = 0;
  while (stream.length - start >= 4) {
    const length = stream.readUInt32BE(start);
    if (length < HEADER_BYTES) reason = 'length-too-small';
    else if (length > MAX_PDU_BYTES) reason = 'length-too-large';
    if (reason !== undefined || start + length > stream.length) break;
    const pdu = stream.subarray(start, start + length);
    if (relayedIds.has(pdu.readUInt16BE(10))) relayed.push(pdu);
    start += length;
  }
  return { reason, relayed: Buffer.concat(relayed) };
}
