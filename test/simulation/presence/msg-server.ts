import { LinkModel } from '@route/presence/testing/model';
import {
  type ClientStatus,
  decodeMessage,
  encodeMessage,
  HEADER_BYTES,
  HEARTBEAT_PDU,
  USER_STATUS,
} from '@route/protocol';
import { Connection } from '../world/sockets.ts';
import type { SimProcess, Task, VirtualTime } from '../world/virtual-time.ts';
import type { SimNode } from './sim-node.ts';

/** A notification that arrived on a link. */
export interface Told {
  readonly at: number;
  readonly userId: number;
  readonly kind: 'online' | 'offline' | 'leave' | 'login-on' | 'login-off';
}

/** One link of a msg_server. */
export class SimLink {
  readonly server: MsgServer;
  readonly node: SimNode;
  readonly connection: Connection;
  readonly port: number;
  readonly model: LinkModel;
  readonly openedAt: number;
  readonly told: Told[] = [];
  /** Its node's id for the link; undefined until the node has logged it. */
  id: string | undefined;
  isOpen = true;
  /**
   * Queries in flight, by number: the users with a PC client on this link at the time of the query.
   */
  readonly asked = new Map<
    number,
    { readonly ids: readonly number[]; readonly own: ReadonlySet<number> }
  >();

  constructor(options: {
    readonly server: MsgServer;
    readonly node: SimNode;
    readonly connection: Connection;
    readonly port: number;
    readonly counts: boolean;
    readonly now: number;
  }) {
    this.server = options.server;
    this.node = options.node;
    this.connection = options.connection;
    this.port = options.port;
    this.model = new LinkModel(options.counts);
    this.openedAt = options.now;
  }
}

/** What msg_servers need from the simulated world, and call on it. */
export interface ServerWorld {
  readonly time: VirtualTime;
  readonly process: SimProcess;
  readonly countsMastersOnly: boolean;
  /** Selects the node for a new connection, as a load balancer. */
  balance(): SimNode | undefined;
  nextPort(): number;
  /** Between 0 and 1. */
  random(): number;
  opened(link: SimLink): void;
  /** Either side has closed a link. */
  closed(link: SimLink): void;
  answered(link: SimLink, seqNum: number, online: ReadonlyMap<number, boolean>): void;
  notified(link: SimLink, told: Told): void;
  /** The link has gained or lost the master role, if that matters. */
  roleChanged(link: SimLink): void;
  /** A client has logged in, gone away or logged out, by an update or by a snapshot. */
  reported(link: SimLink, client: ClientStatus, how: 'update' | 'list'): void;
}

const HEARTBEAT_MS = 5000;
const LATENCY_MS = 0.3;

/** A msg_server: its clients, and its one link, which it reopens. */
export class MsgServer {
  readonly index: number;
  link: SimLink | undefined;
  /** Its clients, one entry for each login. */
  clients: ClientStatus[] = [];
  isMaster: boolean;
  readonly #world: ServerWorld;
  #buffer: Buffer = Buffer.alloc(0);
  #reconnect: Task | undefined;
  #heartbeat: Task | undefined;
  #seqNum = 0;
  #stopped = false;

  get isStopped(): boolean {
    return this.#stopped;
  }

  constructor(index: number, world: ServerWorld) {
    this.index = index;
    this.#world = world;
    this.isMaster = true;
  }

  /** Connects after some time, and retries as long as no node accepts the connection. */
  connectAfter(ms: number): void {
    const { time, process } = this.#world;
    if (this.#reconnect !== undefined) this.#reconnect.cancelled = true;
    this.#reconnect = time.after(ms, () => this.#connect(), process);
  }

  /** Closes its link and does not return. */
  stop(): void {
    this.#stopped = true;
    if (this.#reconnect !== undefined) this.#reconnect.cancelled = true;
    this.disconnect(false);
  }

  disconnect(abrupt: boolean): void {
    const { link } = this;
    if (link === undefined) return;
    if (abrupt) link.connection.reset();
    else link.connection.toNode.end();
    this.#ended(link);
  }

  /**
   * Reports the status of a client by an update, and remembers the client for the next snapshot.
   */
  report(client: ClientStatus): void {
    const { link } = this;
    this.#remember(client);
    if (link === undefined) return;
    link.model.update(client);
    this.#world.reported(link, client, 'update');
    const { userId, clientType, status } = client;
    this.#write(encodeMessage('user_status_update', { userId, clientType, userStatus: status }));
  }

  setMaster(master: boolean): void {
    this.isMaster = master;
    const { link } = this;
    if (link === undefined) return;
    this.#write(encodeMessage('role_set', { master: master ? 1 : 0 }));
    if (!this.#world.countsMastersOnly || link.model.counts === master) return;
    link.model.counts = master;
    this.#world.roleChanged(link);
  }

  /** Queries the status of users; the world gets the answer. */
  ask(ids: readonly number[]): void {
    const { link } = this;
    if (link === undefined) return;
    const seqNum = ++this.#seqNum;
    const own = ids.filter((id) => link.model.counts && link.model.state(id) === 'pc');
    link.asked.set(seqNum, { ids, own: new Set(own) });
    this.#write(encodeMessage('users_status_request', { userId: seqNum, userIdList: ids }));
  }

  #remember({ userId, clientType, status }: ClientStatus): void {
    const at = this.clients.findIndex(
      (known) => known.userId === userId && known.clientType === clientType,
    );
    if (status === USER_STATUS.offline) {
      if (at >= 0) this.clients.splice(at, 1);
    } else if (at >= 0) {
      this.clients[at] = { userId, clientType, status };
    } else {
      this.clients.push({ userId, clientType, status });
    }
  }

  #connect(): void {
    const world = this.#world;
    if (this.#stopped || this.link !== undefined) return;
    const node = world.balance();
    if (node === undefined) {
      this.connectAfter(100);
      return;
    }
    const port = world.nextPort();
    const connection = new Connection(
      world.time,
      { client: world.process, node: node.process, port },
      { latencyMs: LATENCY_MS, capacityBytes: 1 << 20, pieceBytes: 1 << 16 },
    );
    const counts = !world.countsMastersOnly;
    const now = world.time.now;
    const link = new SimLink({ server: this, node, connection, port, counts, now });
    this.link = link;
    this.#buffer = Buffer.alloc(0);
    connection.connectClient({
      data: (bytes) => {
        this.#received(link, bytes);
        return true;
      },
      ended: () => {
        // No node reads what it sends from now on.
        connection.toNode.end();
        this.#ended(link);
      },
    });
    world.time.after(LATENCY_MS, () => node.server.accept(connection), node.process);
    world.opened(link);
    this.setMaster(this.isMaster);
    link.model.list(this.clients);
    for (const client of this.clients) world.reported(link, client, 'list');
    this.#write(encodeMessage('online_user_info', { userStatList: this.clients }));
    this.#heartbeat = world.time.every(
      HEARTBEAT_MS,
      () => this.#write(HEARTBEAT_PDU),
      world.process,
    );
  }

  #ended(link: SimLink): void {
    if (!link.isOpen) return;
    link.isOpen = false;
    if (this.#heartbeat !== undefined) this.#heartbeat.cancelled = true;
    this.link = undefined;
    this.#world.closed(link);
    if (!this.#stopped) this.connectAfter(50 + 1000 * this.#world.random());
  }

  #write(bytes: Buffer): void {
    this.link?.connection.toNode.write(bytes);
  }

  #received(link: SimLink, bytes: Buffer): void {
    if (!link.isOpen) return;
    let rest: Buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(0);
      if (rest.length < length) break;
      this.#pdu(link, rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#buffer = rest;
  }

  #told(link: SimLink, told: Told): void {
    link.told.push(told);
    this.#world.notified(link, told);
  }

  #pdu(link: SimLink, pdu: Buffer): void {
    const message = decodeMessage(pdu);
    const at = this.#world.time.now;
    switch (message?.command) {
      case 'status_notify': {
        const { userId, status } = message.fields.userStat;
        this.#told(link, { at, userId, kind: STATUS_NAMES[status] });
        break;
      }
      case 'login_status_notify': {
        const { userId, loginStatus } = message.fields;
        this.#told(link, { at, userId, kind: loginStatus === 1 ? 'login-on' : 'login-off' });
        break;
      }
      case 'users_status_response': {
        const { userId: number, userStatList } = message.fields;
        const online = userStatList.map(
          ({ userId, status }) => [userId, status === USER_STATUS.online] as const,
        );
        this.#world.answered(link, number, new Map(online));
        break;
      }
    }
  }
}

const STATUS_NAMES = {
  [USER_STATUS.online]: 'online',
  [USER_STATUS.offline]: 'offline',
  [USER_STATUS.leave]: 'leave',
} as const;
