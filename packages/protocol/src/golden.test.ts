import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES, commandName } from './commands.ts';
import { readHeader } from './header.ts';
import { type DecodedMessage, decodeMessage, encodeMessage } from './message-codec.ts';
import {
  encodeLoginStatusNotify,
  encodeStatusNotify,
  encodeUsersStatusResponse,
  HEARTBEAT_PDU,
} from './presence-messages.ts';

const GOLDEN = new URL('../../../test/golden/', import.meta.url);

/** One PDU of a recorded trace. */
interface Recorded {
  readonly trace: string;
  /** Whether a route server sent it; else a msg_server did. */
  readonly expected: boolean;
  readonly pdu: Buffer;
  /** The trace's content of the body, by the recorder's own name for the command. */
  readonly decoded: Readonly<Record<string, unknown>>;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOr(fallback: number, value: unknown): number {
  return typeof value === 'number' ? value : fallback;
}

function recordedPdu(trace: string, value: Readonly<Record<string, unknown>>): Recorded[] {
  const { body_hex: bodyHex, decoded } = value;
  if (typeof bodyHex !== 'string' || !isObject(decoded)) return [];
  const pdu = Buffer.concat([Buffer.alloc(16), Buffer.from(bodyHex, 'hex')]);
  pdu.writeUInt32BE(pdu.length, 0);
  pdu.writeUInt16BE(numberOr(1, value['version']), 4);
  pdu.writeUInt16BE(numberOr(0, value['flag']), 6);
  pdu.writeUInt16BE(numberOr(0, value['service_id']), 8);
  pdu.writeUInt16BE(numberOr(0, value['command_id']), 10);
  pdu.writeUInt16BE(numberOr(0, value['seq_num']), 12);
  pdu.writeUInt16BE(numberOr(0, value['reserved']), 14);
  return [{ trace, expected: 'step' in value, pdu, decoded }];
}

/** Every PDU in a trace, sent or expected, at any depth. */
function recordedIn(trace: string, value: unknown): Recorded[] {
  if (Array.isArray(value)) return value.flatMap((item) => recordedIn(trace, item));
  if (!isObject(value)) return [];
  const nested = Object.values(value).flatMap((item) => recordedIn(trace, item));
  return [...recordedPdu(trace, value), ...nested];
}

const RECORDED = ['', 'quirks/'].flatMap((folder) =>
  readdirSync(new URL(folder, GOLDEN))
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const text = readFileSync(new URL(folder + name, GOLDEN), 'utf8');
      return recordedIn(folder + name, JSON.parse(text));
    }),
);

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The common part of the two notations of a body: numbers, and their field names. */
function numbersIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => numbersIn(item, `${path}.${i}`));
  if (typeof value === 'number') return [`${path}=${value}`];
  if (!isObject(value) || Buffer.isBuffer(value)) return [];
  return Object.entries(value)
    .filter(([name]) => !NAMED_IN_TRACES.has(snakeCase(name)))
    .flatMap(([name, item]) => numbersIn(item, `${path}.${snakeCase(name)}`));
}

/** Enum fields: the traces have their names, a decoded message their numbers. */
const NAMED_IN_TRACES = new Set([
  'status',
  'client_type',
  'session_type',
  'msg_type',
  'change_type',
  'trans_mode',
]);

/** Encodes a route server's message with the function for it. */
function madeByServer(message: DecodedMessage): Buffer | undefined {
  const { seqNum } = message.header;
  switch (message.command) {
    case 'heartbeat':
      return HEARTBEAT_PDU;
    case 'login_status_notify': {
      const { userId, loginStatus } = message.fields;
      return encodeLoginStatusNotify(userId, loginStatus === 1);
    }
    case 'status_notify': {
      const { userId, status } = message.fields.userStat;
      return encodeStatusNotify(userId, status);
    }
    case 'users_status_response': {
      const { userId, userStatList: stats, attachData } = message.fields;
      return attachData && encodeUsersStatusResponse({ userId, stats, attachData, seqNum });
    }
    default:
      return undefined;
  }
}

describe('recorded traffic', () => {
  it('exists, with every command in it', () => {
    const seen = new Set(RECORDED.map(({ pdu }) => commandName(readHeader(pdu).commandId)));
    expect([...seen].sort()).toEqual([...COMMAND_NAMES].sort());
  });

  it('decodes where the recorder could decode it, to the same numbers, and nowhere else', () => {
    for (const { trace, pdu, decoded } of RECORDED) {
      const message = decodeMessage(pdu);
      const [fields] = Object.values(decoded);
      const context = `${trace} ${pdu.toString('hex')}`;
      expect(message === undefined, context).toBe(fields === null);
      if (message === undefined) continue;
      expect(numbersIn(message.fields).sort(), context).toEqual(numbersIn(fields).sort());
    }
  });

  it('is the same body, byte for byte, when encoded again', () => {
    for (const { trace, pdu } of RECORDED) {
      const message = decodeMessage(pdu);
      if (message === undefined) continue;
      const { command, fields, header } = message;
      const again = encodeMessage(command, fields, header);
      expect(again.subarray(16).toString('hex'), trace).toBe(pdu.subarray(16).toString('hex'));
    }
  });

  it('equals this package’s encoding, header and body, where the original route server made it', () => {
    const made = RECORDED.filter(({ expected }) => expected).flatMap(({ trace, pdu }) => {
      const message = decodeMessage(pdu);
      const again = message && madeByServer(message);
      return again === undefined ? [] : [{ trace, pdu: pdu.toString('hex'), again }];
    });
    expect(made.length).toBeGreaterThan(150);
    for (const { trace, pdu, again } of made) expect(again.toString('hex'), trace).toBe(pdu);
  });
});
