import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { COMMANDS, decodeFields, encodeMessage, USER_STATUS } from '@route/protocol';
import { Deliveries } from './deliveries.ts';
import type { Dues } from './expected-deliveries.ts';
import { StreamScanner } from './stream-scanner.ts';
import { senderAt, sentAtMs, sequenceAt, sharedNowMs } from './traffic-pdu.ts';

const MAX_SEQ_NUM = 0xffff;
const HEARTBEAT_MS = 2000;

/** An address to connect to, such as a RouteNode. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface TrafficLinkOptions {
  /** Time limit in ms for connecting, and for an answer. */
  readonly timeoutMs?: number;
  /** Whether delivery times are measured. */
  readonly measures?: boolean;
  /** Which PDUs of each sender are for this link; all by default. */
  readonly dues?: Dues;
}

type Answered = (online: Uint8Array | undefined) => void;

/** A load's msg_server link: counts what it receives and keeps none of it. */
export class TrafficLink implements AsyncDisposable {
  readonly deliveries: Deliveries;
  /** Microseconds from sender to receiver. */
  readonly latencyUs: RecordableHistogram | undefined;
  /** Called for every PDU that is neither traffic nor an answer. */
  onOther: (commandId: number, pdu: Buffer) => void = () => {};
  /** Called once when the link ends and this side has not closed it. */
  onLost: () => void = () => {};
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #answers = new Map<number, Answered>();
  readonly #heartbeats: NodeJS.Timeout;
  #lastSeqNum = 0;
  #state: 'open' | 'ended' | 'lost' = 'open';

  constructor(socket: Socket, { timeoutMs = 5_000, measures = false, dues }: TrafficLinkOptions) {
    this.deliveries = new Deliveries(dues);
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.latencyUs = measures ? createHistogram() : undefined;
    socket.setNoDelay(true);
    const scanner = new StreamScanner({
      traffic: (bytes, at) => this.#arrived(bytes, at),
      other: (commandId, pdu) => this.#other(commandId, pdu),
    });
    socket.on('data', (chunk: Buffer) => scanner.push(chunk));
    socket.on('error', () => {});
    // The node has sent its last PDU, and PDUs sent from now on would be lost.
    socket.on('end', () => this.#closed());
    socket.on('close', () => this.#closed());
    // By protocol a msg_server sends a heartbeat when idle.
    this.#heartbeats = setInterval(() => this.write(encodeMessage('heartbeat', {})), HEARTBEAT_MS);
  }

  /** Open, closed by this side, or lost: closed by the other side or broken. */
  get state(): 'open' | 'ended' | 'lost' {
    return this.#state;
  }

  /** Bytes not yet accepted by this side's system: the node does not read. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** The link's address as the node logs it. */
  get address(): string {
    return `${this.#socket.localAddress}:${this.#socket.localPort}`;
  }

  /** Sends whole PDUs. Returns false when the caller should wait for {@link whenDrained}. */
  write(bytes: Buffer): boolean {
    return this.#state === 'open' && this.#socket.write(bytes);
  }

  /** Waits until there is room again, or the link has ended. */
  async whenDrained(): Promise<void> {
    if (this.#state !== 'open' || !this.#socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  /**
   * Queries which of the users have a PC client: 1 if so. Undefined without an answer in time, or
   * when the link is lost.
   */
  async query(userIds: readonly number[]): Promise<Uint8Array | undefined> {
    if (this.#state !== 'open') return undefined;
    const seqNum = this.#nextSeqNum();
    return await new Promise((resolve) => {
      const timeout = setTimeout(() => answered(undefined), this.#timeoutMs);
      const answered: Answered = (online) => {
        clearTimeout(timeout);
        this.#answers.delete(seqNum);
        resolve(online);
      };
      this.#answers.set(seqNum, answered);
      const fields = { userId: 0, userIdList: userIds };
      this.write(encodeMessage('users_status_request', fields, { seqNum }));
    });
  }

  /** Stops reading, like a hanging msg_server; PDUs wait in the systems' buffers. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Limits the reading rate, like a msg_server on a slow line. */
  throttle(bytesPerSecond: number): void {
    this.#socket.on('data', ({ length }: Buffer) => {
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), (length / bytesPerSecond) * 1000).unref();
    });
  }

  /**
   * Closes it in good order: the node reads everything sent. Resolves when the node has closed its
   * side.
   */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#socket.end();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  /** Cuts it from this side. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  #arrived(bytes: Buffer, at: number): void {
    this.deliveries.arrived(senderAt(bytes, at), sequenceAt(bytes, at));
    if (this.latencyUs === undefined) return;
    const tookUs = Math.round((sharedNowMs() - sentAtMs(bytes, at)) * 1000);
    this.latencyUs.record(Math.max(1, tookUs));
  }

  #other(commandId: number, pdu: Buffer): void {
    if (commandId === COMMANDS.heartbeat.commandId) return;
    if (commandId !== COMMANDS.users_status_response.commandId) {
      this.onOther(commandId, pdu);
      return;
    }
    const fields = decodeFields('users_status_response', pdu);
    const online = fields?.userStatList.map(({ status }) =>
      status === USER_STATUS.online ? 1 : 0,
    );
    this.#answers.get(pdu.readUInt16BE(12))?.(online && Uint8Array.from(online));
  }

  #closed(): void {
    clearInterval(this.#heartbeats);
    for (const answered of [...this.#answers.values()]) answered(undefined);
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.onLost();
  }

  #nextSeqNum(): number {
    this.#lastSeqNum = this.#lastSeqNum === MAX_SEQ_NUM ? 1 : this.#lastSeqNum + 1;
    return this.#lastSeqNum;
  }
}

/** Opens a link. @throws Error when the connection is not accepted in time. */
export async function openTrafficLink(
  { host, port }: Target,
  options: TrafficLinkOptions = {},
): Promise<TrafficLink> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(options.timeoutMs ?? 5_000) });
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  return new TrafficLink(socket, options);
}
