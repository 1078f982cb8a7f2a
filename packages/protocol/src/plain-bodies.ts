import type { ClientTypes } from './client-types.ts';
import { HEADER_BYTES } from './header.ts';
import { type ClientStatus, isUserStatus } from './message-fields.ts';

/**
 * Readers of bodies in the exact form that msg_servers write: each field once, in number order,
 * lists not packed, no varint longer than a uint32 needs. They decide nothing: every other form,
 * good or bad, is left to the readers of loose bodies, which know all the rules and are slower.
 */
class PlainReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  /** Whether the body left the plain form; values read since are meaningless. */
  strange = false;

  constructor(pdu: Buffer, at = HEADER_BYTES) {
    this.#bytes = pdu;
    this.#at = at;
    this.#end = pdu.length;
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Whether the next byte is `byte`; if so, it is consumed. */
  takes(byte: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  /** A varint behind its field's tag. */
  field(tag: number): number {
    if (this.takes(tag)) return this.varint();
    this.strange = true;
    return 0;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; this.#at < this.#end; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && value <= 0xffff_ffff) return value;
      if (byte < 0x80 || scale === 128 ** 4) break;
    }
    this.strange = true;
    return 0;
  }

  /** Returns the next `length` bytes as a slice. */
  take(length: number): Buffer {
    if (length > this.#end - this.#at) this.strange = true;
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}

/** The fields of a plain USER_STATUS_UPDATE; undefined when it is not plain. */
export function plainStatusUpdate(pdu: Buffer, types: ClientTypes): ClientStatus | undefined {
  const reader = new PlainReader(pdu);
  const status = reader.field(0x08);
  const userId = reader.field(0x10);
  const clientType = types.of(reader.field(0x18));
  if (reader.strange || !reader.isAtEnd) return undefined;
  if (!isUserStatus(status) || clientType === undefined) return undefined;
  return { userId, status, clientType };
}

/** The fields of a plain USERS_STATUS_REQUEST; undefined if not plain or above `mostIds` users. */
export function plainStatusRequest(
  pdu: Buffer,
  mostIds: number,
): { userId: number; userIds: number[]; attachData: Buffer | undefined } | undefined {
  const reader = new PlainReader(pdu);
  const userId = reader.field(0x08);
  const userIds: number[] = [];
  while (!reader.strange && userIds.length <= mostIds && reader.takes(0x10)) {
    userIds.push(reader.varint());
  }
  if (userIds.length > mostIds) return undefined;
  let attachData: Buffer | undefined;
  // Field 20, bytes: its tag takes two bytes.
  if (reader.takes(0xa2)) {
    if (!reader.takes(0x01)) return undefined;
    attachData = reader.take(reader.varint());
  }
  return reader.strange || !reader.isAtEnd ? undefined : { userId, userIds, attachData };
}

/**
 * Reads at most `most` entries of a plain ONLINE_USER_INFO from an offset; returns their number and
 * the offset of the next one, undefined when one is not plain.
 */
export function countPlainClients(
  pdu: Buffer,
  at: number,
  { most, types }: { readonly most: number; readonly types: ClientTypes },
): { count: number; next: number } | undefined {
  const reader = new PlainReader(pdu, at);
  let count = 0;
  for (; count < most && !reader.isAtEnd; count++) {
    readPlainClient(reader, types);
    if (reader.strange) return undefined;
  }
  return { count, next: reader.at };
}

/** Some entries of a plain ONLINE_USER_INFO from a place on, and where the next one begins. */
export function plainClients(
  pdu: Buffer,
  at: number,
  { count, types }: { readonly count: number; readonly types: ClientTypes },
): { clients: ClientStatus[]; next: number } {
  const reader = new PlainReader(pdu, at);
  const clients: ClientStatus[] = [];
  for (let i = 0; i < count; i++) {
    const client = readPlainClient(reader, types);
    if (client !== undefined) clients.push(client);
  }
  return { clients, next: reader.at };
}

function readPlainClient(reader: PlainReader, types: ClientTypes): ClientStatus | undefined {
  const length = reader.field(0x0a);
  const start = reader.at;
  const userId = reader.field(0x08);
  const status = reader.field(0x10);
  const clientType = types.of(reader.field(0x18));
  if (!reader.strange && reader.at - start === length) {
    if (isUserStatus(status) && clientType !== undefined) return { userId, status, clientType };
  }
  reader.strange = true;
  return undefined;
}
