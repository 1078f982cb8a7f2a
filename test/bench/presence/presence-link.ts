import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS, HEADER_BYTES } from '@route/protocol';

const WRITE_BYTES = 64 * 1024;

/** Counts of a link; ids are summed, so that a test that knows the expected sum can compare. */
export interface Received {
  logins: number;
  loginIds: number;
  statuses: number;
  statusIds: number;
  responses: number;
  ids: number;
  online: number;
  /** Sum of the ids that were reported online. */
  onlineIds: number;
}

/** A minimal msg_server link: sends prebuilt bytes and counts what it receives. */
export class PresenceLink {
  readonly received: Received = {
    logins: 0,
    loginIds: 0,
    statuses: 0,
    statusIds: 0,
    responses: 0,
    ids: 0,
    online: 0,
    onlineIds: 0,
  };
  /** Called for each PDU with its command id and offset, for latencies. */
  onPdu: ((commandId: number, bytes: Buffer, start: number) => void) | undefined;
  readonly #socket: Socket;
  #broken: Error | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #at = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => {
      this.#broken = error;
    });
    socket.on('end', () => {
      this.#broken = new Error('the node has closed a link');
    });
  }

  static async open({ host, port }: { host: string; port: number }): Promise<PresenceLink> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    return new PresenceLink(socket);
  }

  /** Writes everything to the kernel, as fast as the node reads it. */
  async send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      if (!this.#socket.write(bytes.subarray(at, at + WRITE_BYTES)))
        await once(this.#socket, 'drain');
    }
  }

  /** Writes a few bytes without waiting. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits until the counts satisfy a condition; checks it often. */
  async until(
    what: string,
    fulfils: (received: Received) => boolean,
    deadlineMs = 60_000,
  ): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!fulfils(this.received)) {
      if (this.#broken !== undefined) throw this.#broken;
      if (performance.now() > deadline) {
        throw new Error(
          `no ${what} in ${deadlineMs} ms; received: ${JSON.stringify(this.received)}`,
        );
      }
      await sleep(1);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#restBytes > 0) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      const [first] = this.#rest;
      const needed = first !== undefined && first.length >= 4 ? first.readUInt32BE(0) : 0;
      if (this.#restBytes < needed) return;
      bytes = Buffer.concat(this.#rest);
      this.#rest = [];
      this.#restBytes = 0;
    }
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (bytes.length - at < length) break;
      const commandId = bytes.readUInt16BE(at + 10);
      this.#count(commandId, bytes, at);
      this.onPdu?.(commandId, bytes, at);
      at += length;
    }
    if (at === bytes.length) return;
    this.#rest.push(bytes.subarray(at));
    this.#restBytes = bytes.length - at;
  }

  #count(commandId: number, bytes: Buffer, start: number): void {
    const { received } = this;
    if (commandId === COMMANDS.login_status_notify.commandId) {
      this.#at = start + HEADER_BYTES + 1;
      received.logins++;
      received.loginIds += this.#varint(bytes);
    } else if (commandId === COMMANDS.status_notify.commandId) {
      this.#at = start + HEADER_BYTES + 3;
      received.statuses++;
      received.statusIds += this.#varint(bytes);
    } else if (commandId === COMMANDS.users_status_response.commandId) {
      received.responses++;
      this.#at = start + HEADER_BYTES + 1;
      this.#varint(bytes);
      while (bytes[this.#at] === 0x12) {
        this.#at += 3;
        const id = this.#varint(bytes);
        const online = bytes[this.#at + 1] === 1;
        this.#at += 2;
        received.ids++;
        if (!online) continue;
        received.online++;
        received.onlineIds += id;
      }
    }
  }

  #varint(bytes: Buffer): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}
