import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { COMMANDS, encodeMessage, HEADER_BYTES, readHeader } from '@route/protocol';
import type { ReplayLink, ReplayTarget } from './replay-link.ts';

const SPLIT_PAUSE_MS = 5;
const ANSWER_DEADLINE_MS = 10_000;
const MAX_SEQ_NUM = 0xffff;

/** One TCP link for replays. */
export class TraceLink implements ReplayLink {
  readonly received: { readonly bytes: Buffer }[] = [];
  heartbeats = 0;
  readonly #socket: Socket;
  readonly #answers = new Map<number, () => void>();
  #rest: Buffer = Buffer.alloc(0);
  #serverClose: string | undefined;
  #endedHere = false;
  #lastSeqNum = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const closed = (how: string): void => {
      if (!this.#endedHere) this.#serverClose ??= how;
    };
    socket.on('end', () => closed('ended'));
    socket.on('error', () => closed('reset'));
    socket.on('close', () => closed('reset'));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  get incompleteBytes(): number {
    return this.#rest.length;
  }

  get serverClose(): string | undefined {
    return this.#serverClose;
  }

  async sendSplit(bytes: Uint8Array, sizes: readonly number[]): Promise<void> {
    let start = 0;
    for (const size of sizes) {
      this.#socket.write(bytes.subarray(start, start + size));
      start += size;
      await delay(SPLIT_PAUSE_MS);
    }
    this.#socket.write(bytes.subarray(start));
  }

  /** @throws Error without an answer in time. */
  async query(userIds: readonly number[]): Promise<void> {
    const seqNum = (this.#lastSeqNum % MAX_SEQ_NUM) + 1;
    this.#lastSeqNum = seqNum;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#answers.set(seqNum, resolve);
    const late = new Error(`a node has not answered within ${ANSWER_DEADLINE_MS} ms`);
    const timer = setTimeout(() => reject(late), ANSWER_DEADLINE_MS);
    const fields = { userId: 0, userIdList: userIds };
    this.#socket.write(encodeMessage('users_status_request', fields, { seqNum }));
    await promise.finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    this.#endedHere = true;
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endedHere = true;
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #take(chunk: Buffer): void {
    const stream = Buffer.concat([this.#rest, chunk]);
    let start = 0;
    while (stream.length - start >= HEADER_BYTES) {
      const { length, commandId, seqNum } = readHeader(stream, start);
      if (length < HEADER_BYTES || length > stream.length - start) break;
      this.#sort(commandId, seqNum, stream.subarray(start, start + length));
      start += length;
    }
    this.#rest = stream.subarray(start);
  }

  #sort(commandId: number, seqNum: number, bytes: Buffer): void {
    if (commandId === COMMANDS.heartbeat.commandId) {
      this.heartbeats++;
      return;
    }
    const isAnswer = commandId === COMMANDS.users_status_response.commandId;
    const answered = isAnswer ? this.#answers.get(seqNum) : undefined;
    if (answered === undefined) {
      this.received.push({ bytes });
      return;
    }
    this.#answers.delete(seqNum);
    answered();
  }
}

/** Opens a link. @throws the socket's error when the connection fails. */
export async function openTraceLink({ host, port }: ReplayTarget): Promise<TraceLink> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  return new TraceLink(socket);
}
