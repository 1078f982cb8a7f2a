import {
  CLIENT_TYPE,
  type ClientType,
  encodeMessage,
  HEADER_BYTES,
  HEARTBEAT_PDU,
  isPc,
  type MessageFields,
  MSG_TYPE,
  USER_STATUS,
} from '@route/protocol';
import type { Random } from '@route/random';
import { type Hold, LinkRecord, type Sent } from './link-record.ts';
import type { Member } from './member.ts';
import { Connection, type LinkNetwork } from './sockets.ts';
import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

/** What msg_servers need from the simulated world. */
export interface ServerWorld {
  readonly time: VirtualTime;
  readonly clients: SimProcess;
  /** Selects the node for a new connection, as a load balancer; undefined if none is available. */
  balance(server: MsgServer): Member | undefined;
  network(): LinkNetwork;
  opened(link: LinkRecord): void;
  closed(link: LinkRecord): void;
  /** A relayed PDU has arrived; returns what its msg_server sent. */
  arrived(link: LinkRecord, from: number, seq: number, pdu: Buffer): Sent;
  /** A PDU that a node created has arrived. */
  told(link: LinkRecord, pdu: Buffer): void;
  nextLinkNo(): number;
  readonly timeoutMs: number;
  readonly heartbeatMs: number;
}

const ID_OFFSET = { link: 6, low: 12, high: 14 } as const;

/** A msg_server as route nodes see it: one link, the clients of its users, and their actions. */
export class MsgServer {
  readonly index: number;
  readonly random: Random;
  readonly #world: ServerWorld;
  /** Its clients: user and client type. */
  readonly clients = new Map<number, ClientType>();
  /** Users with a client that is away. */
  readonly #away = new Set<number>();
  link: LinkRecord | undefined;
  stopped = false;
  /** PDUs that go out in one write. */
  #corked: Buffer[] | undefined;
  /** Bytes that it reads per ms; undefined for unlimited, 0 for none. */
  readRate: number | undefined;
  /** Received parts of an incomplete PDU, and its length once known. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #awaitedBytes = HEADER_BYTES;
  #lastSentAt = 0;
  #lastReceivedAt = 0;
  #reconnect: Task | undefined;
  #readBudgetTask: Task | undefined;
  /** Additional users of its snapshot, never written to, that make the import long. */
  extras = 0;
  /** Called once when a node has read the whole snapshot and begins the import. */
  listed: ((member: Member) => void) | undefined;

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

  /** Closes its link in order, resets it, or lets it fall silent. */
  disconnect(how: 'close' | 'reset' | 'vanish'): void {
    const { link } = this;
    if (link === undefined) return;
    link.parting = undefined;
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
    const link = this.#open;
    if (this.clients.has(userId)) return;
    this.clients.set(userId, clientType);
    if (link === undefined) return;
    const kick = encodeMessage('server_kick_user', { userId, clientType, reason: 1 });
    this.relay([{ pdu: kick, aim: 'users', users: [userId], isKick: true }]);
    this.#update(link, { userId, clientType, userStatus: USER_STATUS.online });
    this.#hold(link, userId);
  }

  logout(userId: number): void {
    const link = this.#open;
    const clientType = this.clients.get(userId);
    if (clientType === undefined) return;
    this.clients.delete(userId);
    this.#away.delete(userId);
    if (link === undefined) return;
    const now = this.#world.time.now;
    for (const hold of link.holds) if (hold.userId === userId) hold.droppedAt ??= now;
    this.#update(link, { userId, clientType, userStatus: USER_STATUS.offline });
  }

  /** Switches a client between away and online; changes no count. */
  toggleAway(userId: number): void {
    const link = this.#open;
    const clientType = this.clients.get(userId);
    if (clientType === undefined || link === undefined) return;
    const away = !this.#away.delete(userId);
    if (away) this.#away.add(userId);
    const userStatus = away ? USER_STATUS.leave : USER_STATUS.online;
    this.#update(link, { userId, clientType, userStatus });
  }

  /** Queries the status of users; `no` finds the answer in the link's answers. */
  query(no: number, userIds: readonly number[]): void {
    const link = this.#open;
    if (link === undefined) return;
    link.asked.add(no);
    const fields = { userId: 1, userIdList: [...userIds], attachData: Buffer.alloc(0) };
    this.#write(link, encodeMessage('users_status_request', fields, { seqNum: no }));
  }

  /** Sends PDUs to be relayed, in one write. */
  relay(pdus: readonly Omit<Sent, 'readAt'>[]): void {
    const link = this.#open;
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

  /**
   * Reports a client, sends a PDU that returns, and breaks the link with a length of 0, all in one
   * write.
   */
  breakOff(): void {
    const link = this.#open;
    if (link === undefined) return;
    this.#corked = [];
    const pc = [...this.clients].find(([, clientType]) => isPc(clientType));
    if (pc !== undefined) this.toggleAway(pc[0]);
    this.relay([this.signInfo(pc?.[0] ?? 1)]);
    this.#write(link, Buffer.alloc(HEADER_BYTES));
    const whole = Buffer.concat(this.#corked);
    this.#corked = undefined;
    link.connection.toNode.write(whole);
    link.parting = { at: this.#world.time.now, userId: pc?.[0], echo: link.sent.length - 1 };
  }

  /** Creates a PDU for certain users, or for all. */
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

  /** Creates a PDU that also returns to its sender. */
  signInfo(userId: number): Omit<Sent, 'readAt'> {
    const pdu = encodeMessage('sign_info_changed_notify', { changedUserId: userId, signInfo: 'x' });
    return { pdu, aim: 'all', users: [], isKick: false };
  }

  /** Applies a changed read rate. */
  readOn(): void {
    this.link?.connection.toClient.readOn();
  }

  /** The link, while it may be sent on. */
  get #open(): LinkRecord | undefined {
    return this.link?.parting === undefined ? this.link : undefined;
  }

  #update(link: LinkRecord, fields: MessageFields['user_status_update']): void {
    const { userId, clientType, userStatus } = fields;
    this.#write(link, encodeMessage('user_status_update', fields));
    // The logout of a client causes no notification while the user has another PC client.
    if (!isPc(clientType) || userStatus === USER_STATUS.offline) return;
    link.updates.push({ userId, at: this.#world.time.now, before: link.sent.length });
  }

  #list(link: LinkRecord): void {
    const status = USER_STATUS.online;
    const userStatList: { userId: number; status: typeof status; clientType: ClientType }[] = [];
    for (let i = 0; i < this.extras; i++) {
      const userId = 0x4000_0000 + this.index * 100_000 + i;
      userStatList.push({ userId, status, clientType: CLIENT_TYPE.ios });
    }
    // Last: until a long snapshot is fully imported, the node does not know that these users are
    // here.
    for (const [userId, clientType] of this.clients)
      userStatList.push({ userId, status, clientType });
    this.#write(link, encodeMessage('role_set', { master: 1 }));
    this.#write(link, encodeMessage('online_user_info', { userStatList }));
    for (const userId of this.clients.keys()) this.#hold(link, userId);
    const { listed } = this;
    if (listed === undefined) return;
    this.listed = undefined;
    link.marks.push({ offset: link.writtenBytes, reached: () => listed(link.member) });
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
    if (this.#corked === undefined) link.connection.toNode.write(bytes);
    else this.#corked.push(bytes);
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

  /** The node has closed the link, or it is gone: the msg_server closes it too, and reconnects. */
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
    } else if (link.parting === undefined && now - this.#lastSentAt >= this.#world.heartbeatMs) {
      this.#write(link, HEARTBEAT_PDU);
    }
  }
}
