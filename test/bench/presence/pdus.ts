import { CLIENT_TYPE, type ClientType, COMMANDS, HEADER_BYTES, USER_STATUS } from '@route/protocol';

/** No entry or small PDU that is written here is longer. */
const MOST_BYTES = HEADER_BYTES + 32;

/** Writes many PDUs one after the other, before the clock runs: what is measured sends bytes only. */
class PduBuffer {
  #bytes = Buffer.allocUnsafe(1 << 20);
  #at = 0;

  begin({ serviceId, commandId }: { serviceId: number; commandId: number }, seqNum = 0): number {
    this.room(MOST_BYTES);
    const start = this.#at;
    this.#bytes.fill(0, start, start + HEADER_BYTES);
    this.#bytes.writeUInt16BE(1, start + 4);
    this.#bytes.writeUInt16BE(serviceId, start + 8);
    this.#bytes.writeUInt16BE(commandId, start + 10);
    this.#bytes.writeUInt16BE(seqNum, start + 12);
    this.#at += HEADER_BYTES;
    return start;
  }

  end(start: number): void {
    this.#bytes.writeUInt32BE(this.#at - start, start);
  }

  field(tag: number, value: number): void {
    this.#varint(tag);
    this.#varint(value);
  }

  room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128;
      rest = rest >>> 7;
    }
    this.#bytes[this.#at++] = rest;
  }
}

/** How many bytes a varint takes. */
function varintBytes(value: number): number {
  return value < 0x80
    ? 1
    : value < 0x4000
      ? 2
      : value < 0x20_0000
        ? 3
        : value < 0x1000_0000
          ? 4
          : 5;
}

/** ROLE_SET: this link is its msg_server's master. */
export function masterPdu(): Buffer {
  const pdus = new PduBuffer();
  const start = pdus.begin(COMMANDS.role_set);
  pdus.field(0x08, 1);
  pdus.end(start);
  return pdus.take();
}

/** One ONLINE_USER_INFO: one client of one type a user. */
export function snapshotPdu(userIds: Iterable<number>, clientType: ClientType): Buffer {
  const pdus = new PduBuffer();
  const start = pdus.begin(COMMANDS.online_user_info);
  for (const userId of userIds) {
    pdus.room(MOST_BYTES);
    pdus.field(0x0a, 5 + varintBytes(userId));
    pdus.field(0x08, userId);
    pdus.field(0x10, USER_STATUS.online);
    pdus.field(0x18, clientType);
  }
  pdus.end(start);
  return pdus.take();
}

/** One USER_STATUS_UPDATE a user. */
export function updatePdus(
  userIds: Iterable<number>,
  {
    status,
    clientType,
  }: { status: keyof typeof USER_STATUS; clientType: keyof typeof CLIENT_TYPE },
): Buffer {
  const pdus = new PduBuffer();
  for (const userId of userIds) {
    const start = pdus.begin(COMMANDS.user_status_update);
    pdus.field(0x08, USER_STATUS[status]);
    pdus.field(0x10, userId);
    pdus.field(0x18, CLIENT_TYPE[clientType]);
    pdus.end(start);
  }
  return pdus.take();
}

/** USERS_STATUS_REQUESTs of `size` ids each; their sequence numbers count from 0. */
export function queryPdus(userIds: readonly number[], size: number): Buffer {
  const pdus = new PduBuffer();
  for (let i = 0; i < userIds.length; i += size) {
    const start = pdus.begin(COMMANDS.users_status_request, (i / size) & 0xffff);
    pdus.field(0x08, 1);
    for (const userId of userIds.slice(i, i + size)) {
      pdus.room(MOST_BYTES);
      pdus.field(0x10, userId);
    }
    pdus.end(start);
  }
  return pdus.take();
}
