import {
  type ClientStatus,
  type ClientType,
  COMMANDS,
  decodeFields,
  encodeMessage,
  USER_STATUS,
} from '@route/protocol';
import type { Random } from '@route/random';
import { Dues } from './expected-deliveries.ts';
import type { Model } from './model.ts';
import type { Notifications } from './notifications.ts';
import type { Participant, Traffic } from './traffic.ts';
import { openTrafficLink, type Target, type TrafficLink } from './traffic-link.ts';

const KICKED_FOR_LOGIN_ELSEWHERE = 1;
const CONNECT_TIMEOUT_MS = 1_500;

/** Shared dependencies of simulated msg_servers. */
export interface SimWorld {
  readonly model: Model;
  readonly notifications: Notifications;
  readonly traffic: Traffic;
  readonly random: Random;
  /** The nodes that a load balancer would send a link to now. */
  targets(): readonly Target[];
  /** Delay before a server reconnects, in ms. */
  readonly reconnectMs: readonly [least: number, most: number];
  /** Whether delivery times to each server are measured. */
  readonly measures: boolean;
  /** Users that are never kicked. */
  isSteady(userId: number): boolean;
}

interface Clients {
  count: number;
  away: boolean;
}

/**
 * A simulated msg_server: has clients, reports them on its one link, and reconnects when that is
 * lost.
 */
export class SimServer implements AsyncDisposable {
  readonly id: number;
  /** How often its link was lost. */
  lostLinks = 0;
  /** How often it has closed its link itself, to reconnect. */
  reconnects = 0;
  readonly #world: SimWorld;
  readonly #clients = new Map<number, Map<ClientType, Clients>>();
  #link: TrafficLink | undefined;
  #participant: Participant | undefined;
  #target: Target | undefined;
  #timer: NodeJS.Timeout | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(id: number, world: SimWorld) {
    this.id = id;
    this.#world = world;
  }

  /** Whether its link is open and its clients are reported. */
  get isConnected(): boolean {
    return this.#participant !== undefined && this.#participant.link.state === 'open';
  }

  /** Its traffic participant, while it has a link. */
  get participant(): Participant | undefined {
    return this.#participant;
  }

  /** The node of its current or last link. */
  get target(): Target | undefined {
    return this.#target;
  }

  has(userId: number, type: ClientType): boolean {
    return this.#clients.get(userId)?.has(type) ?? false;
  }

  /** Connects to this node or any, and lists all its users. */
  async connect(target?: Target): Promise<void> {
    const { random, targets, traffic, measures } = this.#world;
    this.#target = target ?? random.pick(targets());
    const dues = new Dues(traffic.mailboxes, this.id);
    const options = { timeoutMs: CONNECT_TIMEOUT_MS, measures, dues };
    const link = await openTrafficLink(this.#target, options);
    this.#link = link;
    link.onOther = (commandId, pdu) => this.#received(commandId, pdu);
    link.onLost = () => this.#lost();
    link.write(encodeMessage('role_set', { master: 1 }));
    link.write(encodeMessage('online_user_info', { userStatList: this.#allClients() }));
    // An answer shows that the node has accepted the link: every PDU is due from now on.
    if ((await link.query([0])) === undefined) {
      link.onLost = () => {};
      await link[Symbol.asyncDispose]();
      throw new Error(`the node on port ${this.#target.port} does not answer`);
    }
    if (link.state === 'open') this.#participant = traffic.join(link, this.id);
  }

  /** Logs a client in, after a kick of others of its type. */
  login(userId: number, type: ClientType): void {
    const reason = KICKED_FOR_LOGIN_ELSEWHERE;
    this.#write(encodeMessage('server_kick_user', { userId, clientType: type, reason }));
    this.add(userId, type);
    this.#report(userId, type, USER_STATUS.online);
  }

  /** Adds a client without a report, before the server connects. */
  add(userId: number, type: ClientType): void {
    const types = this.#clients.get(userId) ?? new Map<ClientType, Clients>();
    this.#clients.set(userId, types);
    const clients = types.get(type);
    if (clients === undefined) types.set(type, { count: 1, away: false });
    else clients.count++;
    this.#world.model.change(this.id, userId, { type, by: 1 });
  }

  /** Logs out a user's clients of a type. */
  logout(userId: number, type: ClientType): void {
    const types = this.#clients.get(userId);
    const count = types?.get(type)?.count ?? 0;
    types?.delete(type);
    if (types?.size === 0) this.#clients.delete(userId);
    for (let i = 0; i < count; i++) {
      this.#world.model.change(this.id, userId, { type, by: -1 });
      this.#report(userId, type, USER_STATUS.offline);
    }
  }

  /**
   * Marks a user's only client of a type away or back. With several clients the result would be
   * ambiguous.
   */
  turnAway(userId: number, type: ClientType): void {
    const clients = this.#clients.get(userId)?.get(type);
    if (clients === undefined || clients.count > 1) return;
    clients.away = !clients.away;
    this.#report(userId, type, clients.away ? USER_STATUS.leave : USER_STATUS.online);
  }

  /** Closes or cuts its link, and reconnects later. */
  async reconnect(how: 'close' | 'cut' = 'close'): Promise<void> {
    const link = this.#link;
    if (!this.isConnected || link === undefined) return;
    this.reconnects++;
    this.#participant = undefined;
    this.#reconnectLater();
    if (how === 'close') await link.close();
    else link.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#connecting;
    await this.#link?.[Symbol.asyncDispose]();
  }

  #received(commandId: number, pdu: Buffer): void {
    if (commandId === COMMANDS.server_kick_user.commandId) {
      const kick = decodeFields('server_kick_user', pdu);
      if (kick === undefined || this.#world.isSteady(kick.userId)) return;
      this.logout(kick.userId, kick.clientType);
    } else if (commandId === COMMANDS.status_notify.commandId) {
      const stat = decodeFields('status_notify', pdu)?.userStat;
      if (stat !== undefined) this.#world.notifications.told(this.id, stat.userId, stat.status);
    }
  }

  #lost(): void {
    this.lostLinks++;
    this.#participant = undefined;
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    const { random, reconnectMs } = this.#world;
    const [least, most] = reconnectMs;
    this.#timer = setTimeout(
      () => {
        this.#connecting = this.connect().catch(() => this.#reconnectLater());
      },
      random.between(least, most),
    );
  }

  #report(userId: number, clientType: ClientType, userStatus: number): void {
    this.#world.notifications.note(
      userId,
      `server ${this.id} reports status ${userStatus} of client type ${clientType}`,
    );
    this.#write(encodeMessage('user_status_update', { userId, clientType, userStatus }));
  }

  /** Without a link no report is needed: the list on the next link has everything. */
  #write(pdu: Buffer): void {
    this.#link?.write(pdu);
  }

  #allClients(): ClientStatus[] {
    const all: ClientStatus[] = [];
    for (const [userId, types] of this.#clients) {
      for (const [clientType, { count, away }] of types) {
        const status = away ? USER_STATUS.leave : USER_STATUS.online;
        for (let i = 0; i < count; i++) all.push({ userId, status, clientType });
      }
    }
    return all;
  }
}
