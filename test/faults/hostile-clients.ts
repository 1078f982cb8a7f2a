import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CLIENT_TYPE, COMMANDS, encodeMessage, USER_STATUS } from '@route/protocol';
import { connectTo, type LinkTarget } from '../harness/index.ts';

const HEADER_BYTES = 16;
const ODD_ENTRIES = 1_000_000;
const QUERIED_USERS = 2_000_000;
const LISTED_USERS = 5_000;
/** Time for the node to read a list of 50,000 users. */
const READ_MS = 70;
const UNKNOWN_CLIENT_TYPE = 0x7f;

/** Bytes of a hostile link. The node closes it, or the client does after a moment. */
export interface Hostility {
  readonly name: string;
  readonly bytes: Buffer;
}

function pdu(command: keyof typeof COMMANDS, body: Buffer, length = HEADER_BYTES + body.length) {
  const { serviceId, commandId } = COMMANDS[command];
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(length, 0);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(serviceId, 8);
  header.writeUInt16BE(commandId, 10);
  return Buffer.concat([header, body]);
}

/** A list whose last entry has an unknown client type: everything before it is read in vain. */
function listOfUnknownType(): Buffer {
  const userStatList = Array.from({ length: LISTED_USERS }, (_, i) => ({
    userId: 0x6000_0000 + i,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.windows,
  }));
  const list = encodeMessage('online_user_info', { userStatList });
  list.writeUInt8(UNKNOWN_CLIENT_TYPE, list.length - 1);
  return list;
}

/** The bytes that made nodes of release 0.1.0 stall, grow or crash, and garbage. */
export const HOSTILITIES: readonly Hostility[] = [
  { name: 'garbage', bytes: randomBytes(65_536) },
  { name: 'a length of 4 GiB', bytes: pdu('msg_data', Buffer.alloc(0), 0xffff_ffff) },
  { name: 'a length of 0', bytes: pdu('msg_data', Buffer.alloc(0), 0) },
  { name: 'a list of an unknown client type', bytes: listOfUnknownType() },
  // Entries without fields, the shortest possible.
  {
    name: 'a list of 1,000,000 empty entries',
    bytes: pdu('online_user_info', Buffer.alloc(2 * ODD_ENTRIES, Buffer.from([0x0a, 0x00]))),
  },
  {
    name: 'a query for 2,000,000 users',
    bytes: pdu('users_status_request', Buffer.alloc(2 * QUERIED_USERS, Buffer.from([0x10, 0x01]))),
  },
  {
    name: 'a varint without an end',
    bytes: pdu('users_status_request', Buffer.alloc(65_536, 0xff)),
  },
  { name: 'half of a header', bytes: pdu('msg_data', Buffer.alloc(0)).subarray(0, 7) },
  {
    name: 'a PDU of 8 MiB that breaks off',
    bytes: pdu('msg_data', Buffer.alloc(4 << 20), 8 << 20),
  },
];

/** Opens a connection, sends the bytes, and closes it after a moment if the node has not. */
export async function sendHostile(target: LinkTarget, { bytes }: Hostility): Promise<void> {
  const socket = await connectTo(target);
  const closed = once(socket.on('error', () => undefined).resume(), 'close');
  socket.write(bytes);
  await Promise.race([closed, delay(500)]);
  socket.destroy();
}

const LARGE_PDU_BYTES = 16 << 20;
const STOPPING_LINKS = 30;
const STOPPING_PAUSE_MS = 150;

/** Opens links that send a PDU of the maximum size without its last byte. */
export async function stopInsidePdus(target: LinkTarget): Promise<readonly Socket[]> {
  const bytes = pdu('msg_data', Buffer.alloc(LARGE_PDU_BYTES - HEADER_BYTES));
  const open: Socket[] = [];
  for (let n = 0; n < STOPPING_LINKS; n++) {
    const socket = await connectTo(target);
    socket.on('error', () => undefined).resume();
    socket.write(bytes.subarray(0, -1));
    open.push(socket);
    await delay(STOPPING_PAUSE_MS);
  }
  return open;
}

/** Connects `times` times, one after another, with a list of 50,000 users each. */
export async function reconnectWithUsers(target: LinkTarget, times: number): Promise<void> {
  const userStatList = Array.from({ length: 10 * LISTED_USERS }, (_, i) => ({
    userId: 0x6000_0000 + i,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.windows,
  }));
  const list = encodeMessage('online_user_info', { userStatList });
  for (let n = 0; n < times; n++) {
    const socket = await connectTo(target);
    const closed = once(socket.on('error', () => undefined).resume(), 'close');
    socket.write(list);
    await delay(READ_MS);
    socket.end();
    await closed;
  }
}

/**
 * Connections at a time and per second. More would only slow the process that measures the traffic.
 */
const CONNECTIONS_AT_ONCE = 20;
const PAUSE_MS = 20;

/**
 * Of the open ones the oldest is closed for a new one; each receives all traffic while it is open.
 */
const OPEN = 60;

/** Opens connections without end; each closes in one of the possible ways. */
export async function floodConnections(target: LinkTarget, untilMs: number): Promise<number> {
  let connections = 0;
  const open: Socket[] = [];
  while (performance.now() < untilMs) {
    const round = await Promise.all(
      Array.from({ length: CONNECTIONS_AT_ONCE }, () => connectTo(target)),
    );
    for (const [n, socket] of round.entries()) {
      socket.on('error', () => undefined).resume();
      if (n % 3 === 0) socket.resetAndDestroy();
      else if (n % 3 === 1) socket.end();
      else open.push(socket);
    }
    connections += round.length;
    for (const socket of open.splice(0, Math.max(0, open.length - OPEN))) socket.destroy();
    await delay(PAUSE_MS);
  }
  for (const socket of open) socket.destroy();
  return connections;
}
