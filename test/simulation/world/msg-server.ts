import {
  CLIENT_TYPE,
  type ClientType,
  decodeMessage,
  encodeMessage,
  HEADER_BYTES,
  HEARTBEAT_PDU,
  MSG_TYPE,
  USER_STATUS,
} from '@route/protocol';
import type { Random } from '@route/random';
import type { Member } from './member.ts';
import { Connection, type LinkNetwork } from './sockets.ts';
import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

/** Who gets a PDU: all others, all with its sender, or the links of certain users. */
export type Aim = 'others' | 'all' | 'users';

/** A PDU that a msg_server has sent to be relayed. */
export interface Sent {
  readonly pdu: Buffer;
  readonly aim: Aim;
  readonly users: readonly number[];
  readonly isKick: boolean;
  /** When its link's node had read it; undefined while it has not. */
  readAt: number | undefined;
}

/** That a link holds a user: from when its node had read of it until it had read otherwise. */
export interface Hold {
  readonly userId: number;
  from: number | undefined;
  /** When the msg_server let go of the user; undefined while it has not. */
  droppedAt: number | undefined;
}

/** One link of a msg_server, and everything that went over it. */
export class LinkRecord {
  readonly no: number;
  readonly server: MsgServer;
  readonly member: Member;
  readonly connection: Connection;
  /** By their sequence numbers, from 1. */
  readonly sent: (Sent | undefined)[] = [undefined];
  readonly holds: Hold[] = [];
  /** What came of each other link, by its number. */
  readonly got = new Map<number, Set<number>>();
  /** The highest number that came of each other link. */
  readonly last = new Map<number, number>();
  id: string | undefined;
  openedAt: number | undefined;
  /** When either side began to end it, as the node or the msg_server saw it first. */
  closedAt: number | undefined;
  closeReason: string | undefined;
  /** Answers to status queries, by the number of the query: who is online. */
  readonly answers = new Map<number, ReadonlyMap<number, boolean>>();
  /** When it began and ceased to read slowly, which slows others for a while. */
  slow = false;
  /** The numbers of status queries that were sent on it. */
  readonly asked = new Set<number>();
  readonly marks: { readonly offset: number; readonly reached: (at: number) => void }[] = [];
  writtenBytes = 0;

  constructor(options: { no: number; server: MsgServer; member: Member; connection: Connection }) {
    this.no = options.no;
    this.server = options.server;
    this.member = options.member;
    this.connection = options.connection;
  }

  get isOpen(): boolean {
    return this.openedAt !== undefined && this.closedAt === undefined;
  }

  /** An answer to a status query has come. */
  answered(pdu: Buffer): void {
    const answer = decodeMessage(pdu);
    if (answer?.command !== 'users_status_response') throw new Error('an answer does not parse');
    const online = answer.fields.userStatList.map(
      ({ userId, status }) => [userId, status === USER_STATUS.online] as const,
    );
    this.answers.set(answer.header.seqNum, new Map(online));
  }

  /** The node has been handed everything up to an offset. */
  handed(offset: number, at: number): void {
    for (
      let mark = this.marks[0];
      mark !== undefined && mark.offset <= offset;
      mark = this.marks[0]
    ) {
      this.marks.shift();
      mark.reached(at);
    }
  }
}

/** What the world does for its msg_servers. */
export interface ServerWorld {
  readonly time: VirtualTime;
  readonly clients: SimProcess;
  /** The node that a load balancer gives a new connection to; undefined where it finds none. */
  balance(server: MsgServer): Member | undefined;
  network(): LinkNetwork;
  opened(link: LinkRecord): void;
  closed(link: LinkRecord): void;
  /** A PDU that was relayed has come; returns what its msg_server sent. */
  arrived(link: LinkRecord, from: number, seq: number, pdu: Buffer): Sent;
  /** A PDU that a node has made has come. */
  told(link: LinkRecord, pdu: Buffer): void;
  nextLinkNo(): number;
  readonly timeoutMs: number;
  readonly heartbeatMs: number;
}

const ID_OFFSET = { link: 6, low: 12, high: 14 } as const;

/** A msg_server as its route nodes see it: one link, its users' clients, and what they do. */
export class MsgServer {
  readonly index: number;
  readonly random: Random;
  readonly #world: ServerWorld;
  /** Clients here: user and client type. */
  readonly clients = new Map<number, ClientType>();
  /** Of these the users whose client is away. */
  readonly #away = new Set<number>();
  link: LinkRecord | undefined;
  stopped = false;
  /** Bytes that it reads in a millisecond; undefined for all that there is, 0 for none. */
  readRate: number | undefined;
  /** What has come of a PDU that is not whole yet; its length once that is known. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #awaitedBytes = HEADER_BYTES;
  #lastSentAt = 0;
  #lastReceivedAt = 0;
  #reconnect: Task | undefined;
  #readBudgetTask: Task | undefined;
  /** Users of its list that nobody writes to: a list that takes long to take in. */
  extras = 0;

  constructor(index: number, random: Random, world: ServerWorld) {
    this.index = index;
    this.random = random;
    this.#world = world;
    world.time.every(world.heartbeatMs, () => this.#tick(), world.clients);
  }

  connect(): void {
    if (this.stopped || this.link !== undefined) return;
    const { time, clients } = this.#world;
    const member = this.#world.balance(this);
    if (member?.server === undefined) {
      this.#reconnectLater();
      return;
    }
    const network = this.#world.network();
    const no = this.#world.nextLinkNo();
    const connection = new Connection(
      time,
      { client: clients, node: member.process, port: no },
      network,
    );
    const link = new LinkRecord({ no, server: this, member, connection });
    this.link = link;
    this.#forgetPieces();
    this.#lastReceivedAt = time.now;
    connection.connectClient({
      data: (bytes) => this.#received(link, bytes),
      ended: () => this.#ended(link),
    });
    const { server } = member;
    connection.socket.onHanded = (bytes) => link.handed(bytes, time.now);
    time.after(
      network.latencyMs,
      () => {
        if (!server.listening) {
          connection.socket.destroy();
          return;
        }
        link.openedAt = time.now;
        this.#world.opened(link);
        server.accept(connection);
      },
      member.process,
    );
    this.#list(link);
  }

  /** Closes its link in good order, or resets it, or is not heard of again. */
  disconnect(how: 'close' | 'reset' | 'vanish'): void {
    const { link } = this;
    if (link === undefined) return;
    if (how === 'close') link.connection.toNode.end();
    else if (how === 'reset') link.connection.reset();
    else link.connection.vanish();
    this.#drop(link, how);
  }

  /** Stops for good: no link, no users. */
  stop(): void {
    this.stopped = true;
    this.disconnect('close');
    this.clients.clear();
  }

  login(userId: number, clientType: ClientType): void {
    const { link } = this;
    if (this.clients.has(userId)) return;
    this.clients.set(userId, clientType);
    if (link === undefined) return;
    const kick = encodeMessage('server_kick_user', { userId, clientType, reason: 1 });
    this.relay([{ pdu: kick, aim: 'users', users: [userId], isKick: true }]);
    const status = USER_STATUS.online;
    this.#write(
      link,
      encodeMessage('user_status_update', { userStatus: status, userId, clientType }),
    );
    this.#hold(link, userId);
  }

  logout(userId: number): void {
    const { link } = this;
    const clientType = this.clients.get(userId);
    if (clientType === undefined) return;
    this.clients.delete(userId);
    this.#away.delete(userId);
    if (link === undefined) return;
    const now = this.#world.time.now;
    for (const hold of link.holds) if (hold.userId === userId) hold.droppedAt ??= now;
    const status = USER_STATUS.offline;
    this.#write(
      link,
      encodeMessage('user_status_update', { userStatus: status, userId, clientType }),
    );
  }

  /** Goes away or comes back: changes no count. */
  toggleAway(userId: number): void {
    const clientType = this.clients.get(userId);
    if (clientType === undefined || this.link === undefined) return;
    const away = !this.#away.delete(userId);
    if (away) this.#away.add(userId);
    const status = away ? USER_STATUS.leave : USER_STATUS.online;
    this.#write(
      this.link,
      encodeMessage('user_status_update', { userStatus: status, userId, clientType }),
    );
  }

  /** Asks how users are; `no` finds the answer in the link's answers. */
  query(no: number, userIds: readonly number[]): void {
    if (this.link === undefined) return;
    this.link.asked.add(no);
    const fields = { userId: 1, userIdList: [...userIds], attachData: Buffer.alloc(0) };
    this.#write(this.link, encodeMessage('users_status_request', fields, { seqNum: no }));
  }

  /** Sends PDUs to be relayed, in one write. */
  relay(pdus: readonly Omit<Sent, 'readAt'>[]): void {
    const { link } = this;
    if (link === undefined) return;
    const whole = Buffer.concat(pdus.map(({ pdu }) => pdu));
    let at = 0;
    for (const one of pdus) {
      const seq = link.sent.length;
      const pdu = whole.subarray(at, at + one.pdu.length);
      pdu.writeUInt16BE(link.no, ID_OFFSET.link);
      pdu.writeUInt16BE(seq & 0xffff, ID_OFFSET.low);
      pdu.writeUInt16BE(seq >>> 16, ID_OFFSET.high);
      const sent: Sent = { ...one, pdu, readAt: undefined };
      link.sent.push(sent);
      at += pdu.length;
      link.marks.push({
        offset: link.writtenBytes + at,
        reached: (now) => {
          sent.readAt = now;
        },
      });
    }
    this.#write(link, whole);
  }

  /** Makes a PDU for certain users, or for all. */
  message(to: 'all' | readonly [from: number, to: number], bytes: number): Omit<Sent, 'readAt'> {
    const msgData = Buffer.alloc(bytes, 0x61);
    const [from, target] = to === 'all' ? [0, 0] : to;
    const msgType = to === 'all' ? MSG_TYPE.groupText : MSG_TYPE.singleText;
    const fields = {
      fromUserId: from,
      toSessionId: target,
      msgId: 1,
      createTime: 1,
      msgType,
      msgData,
    };
    const pdu = encodeMessage('msg_data', fields);
    const users = to === 'all' ? [] : [...new Set(to)];
    return { pdu, aim: to === 'all' ? 'others' : 'users', users, isKick: false };
  }

  /** Makes a PDU that comes back to its sender, too. */
  signInfo(userId: number): Omit<Sent, 'readAt'> {
    const pdu = encodeMessage('sign_info_changed_notify', { changedUserId: userId, signInfo: 'x' });
    return { pdu, aim: 'all', users: [], isKick: false };
  }

  /** How fast it reads has changed. */
  readOn(): void {
    this.link?.connection.toClient.readOn();
  }

  #list(link: LinkRecord): void {
    const status = USER_STATUS.online;
    const userStatList = [...this.clients].map(([userId, clientType]) => ({
      userId,
      status,
      clientType,
    }));
    for (let i = 0; i < this.extras; i++) {
      const userId = 0x4000_0000 + this.index * 100_000 + i;
      userStatList.push({ userId, status, clientType: CLIENT_TYPE.ios });
    }
    this.#write(link, encodeMessage('role_set', { master: 1 }));
    this.#write(link, encodeMessage('online_user_info', { userStatList }));
    for (const userId of this.clients.keys()) this.#hold(link, userId);
  }

  #hold(link: LinkRecord, userId: number): void {
    const hold: Hold = { userId, from: undefined, droppedAt: undefined };
    link.holds.push(hold);
    link.marks.push({
      offset: link.writtenBytes,
      reached: (at) => {
        hold.from = at;
      },
    });
  }

  #write(link: LinkRecord, bytes: Buffer): void {
    link.writtenBytes += bytes.length;
    this.#lastSentAt = this.#world.time.now;
    link.connection.toNode.write(bytes);
  }

  #received(link: LinkRecord, bytes: Buffer): boolean {
    if (link !== this.link) return true;
    this.#lastReceivedAt = this.#world.time.now;
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes >= this.#awaitedBytes) this.#takePdus(link);
    if (this.readRate === undefined) return true;
    if (this.readRate > 0) {
      this.#readBudgetTask ??= this.#world.time.after(bytes.length / this.readRate, () => {
        this.#readBudgetTask = undefined;
        this.readOn();
      });
    }
    return false;
  }

  #forgetPieces(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#awaitedBytes = HEADER_BYTES;
  }

  #takePdus(link: LinkRecord): void {
    const [first] = this.#pieces;
    const all = this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces);
    this.#forgetPieces();
    let at = 0;
    while (at + HEADER_BYTES <= all.length) {
      const end = at + all.readUInt32BE(at);
      if (end < at + HEADER_BYTES)
        throw new Error(`link ${link.no} was sent a length below a header's`);
      if (end > all.length) {
        this.#awaitedBytes = end - at;
        break;
      }
      this.#pdu(link, all.subarray(at, end));
      at = end;
    }
    if (at === all.length || link !== this.link) return;
    this.#pieces.push(all.subarray(at));
    this.#pieceBytes = all.length - at;
  }

  #pdu(link: LinkRecord, pdu: Buffer): void {
    const from = pdu.readUInt16BE(ID_OFFSET.link);
    if (from === 0) {
      this.#world.told(link, pdu);
      return;
    }
    const seq = pdu.readUInt16BE(ID_OFFSET.low) + pdu.readUInt16BE(ID_OFFSET.high) * 65_536;
    const { isKick, users } = this.#world.arrived(link, from, seq, pdu);
    if (isKick) for (const userId of users) this.logout(userId);
  }

  /** The node has ended the link, or it is gone: its msg_server ends it too, and connects again. */
  #ended(link: LinkRecord): void {
    link.connection.toNode.end();
    if (link === this.link) this.#drop(link, 'ended-by-node');
  }

  #drop(link: LinkRecord, how: string): void {
    this.link = undefined;
    this.#away.clear();
    const { now } = this.#world.time;
    link.closedAt ??= now;
    link.closeReason ??= how;
    for (const hold of link.holds) hold.droppedAt ??= now;
    this.#world.closed(link);
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.stopped) return;
    if (this.#reconnect !== undefined) this.#reconnect.cancelled = true;
    const { time, clients } = this.#world;
    this.#reconnect = time.after(this.random.between(20, 600), () => this.connect(), clients);
  }

  #tick(): void {
    const { link } = this;
    if (link === undefined) return;
    const { now } = this.#world.time;
    if (now - this.#lastReceivedAt >= this.#world.timeoutMs && this.readRate === undefined) {
      this.disconnect('close');
    } else if (now - this.#lastSentAt >= this.#world.heartbeatMs) {
      this.#write(link, HEARTBEAT_PDU);
    }
  }
}
