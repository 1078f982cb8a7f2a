import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import {
  type ClientStatus,
  decodeFields,
  encodeMessage,
  MSG_TYPE,
  type UserStat,
} from '@route/protocol';
import { cutPdus, type ReceivedPdu } from './received-pdu.ts';
import { within } from './within.ts';

const HEARTBEAT = 0x0701;
const USERS_STATUS_RESPONSE = 0x020b;
const SPLIT_PAUSE_MS = 5;
const MAX_SEQ_NUM = 0xffff;

/** Where a link connects to; a RouteNode is one. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
  /** Connects in a way of its own, where a plain connection is not what the other side expects. */
  readonly connect?: () => Promise<Socket>;
}

/** How a link ended that the test did not end: in good order, or broken. */
export type ServerClose = 'ended' | 'reset';

/**
 * A msg_server's TCP connection in the hands of a test: sends whatever bytes it is given and keeps
 * whatever comes. It sends nothing of its own accord, heartbeats neither.
 */
export class TestLink implements AsyncDisposable {
  /** This end's address and port, as the node logs them. */
  readonly address: string;
  /** PDUs received, in order; without heartbeats, and without answers to {@link query}. */
  readonly received: ReceivedPdu[] = [];
  /**
   * Settles when the other side ends the link, never rejects; never settles when the test ends it.
   */
  readonly closedByServer: Promise<ServerClose>;
  /** How many heartbeats have been received. */
  heartbeats = 0;
  readonly #socket: Socket;
  readonly #answers = new Map<number, (answer: readonly UserStat[]) => void>();
  #rest: Buffer = Buffer.alloc(0);
  #serverClose: ServerClose | undefined;
  #endedHere = false;
  #lastSeqNum = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Known only as long as the connection is there.
    this.address = `${socket.localAddress}:${socket.localPort}`;
    socket.setNoDelay(true);
    this.closedByServer = new Promise((resolve) => {
      const closed = (how: ServerClose): void => {
        if (this.#endedHere) return;
        this.#serverClose ??= how;
        resolve(this.#serverClose);
      };
      socket.on('end', () => closed('ended'));
      socket.on('error', () => closed('reset'));
      socket.on('close', () => closed('reset'));
    });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** How the other side has ended the link, undefined as long as it has not. */
  get serverClose(): ServerClose | undefined {
    return this.#serverClose;
  }

  /** Bytes received of an incomplete PDU. */
  get incompleteBytes(): number {
    return this.#rest.length;
  }

  /** Bytes that this side's system has not taken over: the node does not read. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends PDUs in one write. */
  send(...pdus: readonly Uint8Array[]): void {
    this.sendRaw(Buffer.concat(pdus));
  }

  /** Sends any bytes. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends bytes in writes of these sizes, the rest in a last one, each in a segment of its own. */
  async sendSplit(bytes: Uint8Array, sizes: readonly number[]): Promise<void> {
    let start = 0;
    for (const size of sizes) {
      this.sendRaw(bytes.subarray(start, start + size));
      start += size;
      await delay(SPLIT_PAUSE_MS);
    }
    this.sendRaw(bytes.subarray(start));
  }

  /** Sends each byte in a write of its own: as many segments as the system will make of it. */
  async sendByteByByte(bytes: Uint8Array): Promise<void> {
    for (let index = 0; index < bytes.length; index++) {
      this.sendRaw(bytes.subarray(index, index + 1));
      await turn();
    }
  }

  /** Waits until this side's system has taken over all that was sent. */
  async whenSent(): Promise<void> {
    // 'drain' comes only after a write that was told to wait; a write's end always comes.
    await new Promise<void>((resolve) => this.#socket.write(Buffer.alloc(0), () => resolve()));
  }

  /** Stops reading: what comes stays in the systems' buffers, then with the node. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Waits until at least so many PDUs have been received, and returns them all. */
  async waitForPdus(count: number, deadlineMs = 10_000): Promise<readonly ReceivedPdu[]> {
    await waitFor(
      () => this.received.length >= count || Promise.reject(new Error(this.#describe())),
      { what: `${count} PDUs on link ${this.address}`, deadlineMs },
    );
    return this.received;
  }

  /** Waits for the first PDU received, now or later, that fulfils a condition. */
  async waitForPdu(
    fulfils: (pdu: ReceivedPdu) => boolean,
    deadlineMs = 10_000,
  ): Promise<ReceivedPdu> {
    const what = `a PDU on link ${this.address}`;
    return await waitFor(() => this.received.find(fulfils), { what, deadlineMs });
  }

  /** Says whether this link is its msg_server's master. */
  roleSet(master: boolean): void {
    this.send(encodeMessage('role_set', { master: master ? 1 : 0 }));
  }

  /** Lists clients that are open now: ONLINE_USER_INFO. */
  online(clients: readonly ClientStatus[]): void {
    this.send(encodeMessage('online_user_info', { userStatList: clients }));
  }

  /** Reports a client's change: USER_STATUS_UPDATE. */
  status({ userId, status, clientType }: ClientStatus): void {
    this.send(encodeMessage('user_status_update', { userId, userStatus: status, clientType }));
  }

  /** Sends a message; `n` is its id and, as text, what it says. */
  msgData(fromUserId: number, n: number): void {
    this.send(messagePdu(fromUserId, n));
  }

  /** Asks how users are; the answer is not put into {@link received}. */
  async query(userIds: readonly number[], deadlineMs = 10_000): Promise<readonly UserStat[]> {
    const seqNum = this.#nextSeqNum();
    const answer = new Promise<readonly UserStat[]>((resolve) => {
      this.#answers.set(seqNum, resolve);
    });
    const fields = { userId: 0, userIdList: userIds };
    this.send(encodeMessage('users_status_request', fields, { seqNum }));
    return await within(answer, { what: `the answer to query ${seqNum}`, deadlineMs });
  }

  /**
   * Returns when the node has taken the link in. A connection stands before that, and what is
   * relayed in between passes it by.
   */
  async known(): Promise<void> {
    await this.query([0]);
  }

  /** Closes it in good order and returns when it is closed. */
  async close(): Promise<void> {
    this.#endedHere = true;
    if (this.#socket.closed) return;
    this.#socket.resume();
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await closed;
  }

  /** Cuts it: a reset, as when a msg_server's process is killed with bytes unread. */
  destroy(): void {
    this.#endedHere = true;
    this.#socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endedHere = true;
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #nextSeqNum(): number {
    this.#lastSeqNum = this.#lastSeqNum === MAX_SEQ_NUM ? 1 : this.#lastSeqNum + 1;
    return this.#lastSeqNum;
  }

  #take(chunk: Buffer): void {
    const { pdus, rest } = cutPdus(Buffer.concat([this.#rest, chunk]));
    this.#rest = rest;
    for (const pdu of pdus) {
      if (pdu.commandId === HEARTBEAT) {
        this.heartbeats++;
        continue;
      }
      if (!this.#isAnswer(pdu)) this.received.push(pdu);
    }
  }

  #isAnswer(pdu: ReceivedPdu): boolean {
    if (pdu.commandId !== USERS_STATUS_RESPONSE) return false;
    const answered = this.#answers.get(pdu.seqNum);
    const fields = decodeFields('users_status_response', pdu.bytes);
    if (answered === undefined || fields === undefined) return false;
    this.#answers.delete(pdu.seqNum);
    answered(fields.userStatList);
    return true;
  }

  #describe(): string {
    const end =
      this.#serverClose === undefined ? '' : `, closed by the server (${this.#serverClose})`;
    return `${this.received.length} have come${end}`;
  }
}

/** A MSG_DATA with `n` as id and text. */
export function messagePdu(fromUserId: number, n: number): Buffer {
  return encodeMessage('msg_data', {
    fromUserId,
    toSessionId: fromUserId + 1,
    msgId: n,
    createTime: 0,
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from(String(n)),
  });
}

/** Opens a link: `await using link = await openLink(node)`. It sends nothing by itself. */
export async function openLink(target: LinkTarget): Promise<TestLink> {
  return new TestLink(await (target.connect ?? (() => connectTo(target)))());
}

/** A plain connection that is open. */
export async function connectTo({ host, port }: LinkTarget): Promise<Socket> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  return socket;
}
