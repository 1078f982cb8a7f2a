import {
  type ClientType,
  type DecodedMessage,
  type LinkDown,
  RouteClient,
  RouteClientError,
  USER_STATUS,
  type UserStatus,
} from '@route/link-client';
import type { DeliveryCheck, Member } from './delivery-check.ts';
import type { Figures } from './figures.ts';
import { FreshLogins } from './fresh-logins.ts';
import {
  isNumbered,
  NUMBERED,
  type NumberedCommand,
  type Subject,
  sentAtMs,
  stampOf,
} from './numbered.ts';
import type { PresenceModel } from './presence-model.ts';
import { ServerClients } from './server-clients.ts';

/** Shared dependencies of simulated msg_servers. */
export interface SimWorld {
  readonly model: PresenceModel;
  readonly deliveries: DeliveryCheck;
  readonly figures: Figures;
  /** The id of user 0; the others follow. */
  readonly firstUserId: number;
  readonly addresses: readonly string[];
  readonly reconnectMs: { readonly first: number; readonly most: number };
  /** Called when a server's node has accepted its link. */
  joined(server: SimServer): void;
  /** Called when a link is lost or an attempt has failed. */
  down(how: LinkDown): void;
}

/** Result of a query. */
export type Asked = readonly boolean[] | 'link-lost' | 'unanswered';

const KICKED_FOR_LOGIN_ELSEWHERE = 1;
const QUERY_TIMEOUT_MS = 10_000;

/**
 * A simulated msg_server: has clients, reports them on its one link, and drops clients that log in
 * elsewhere.
 */
export class SimServer implements AsyncDisposable {
  readonly id: number;
  readonly clients: ServerClients = new ServerClients();
  /** Last unsolicited status of each user; 0: none. */
  readonly notified: Uint8Array;
  readonly #world: SimWorld;
  readonly #route: RouteClient;
  readonly #logins: FreshLogins;
  #member: Member | undefined;
  #joinedMs = Number.POSITIVE_INFINITY;
  #mustWait = false;

  constructor(id: number, world: SimWorld) {
    this.id = id;
    this.#world = world;
    this.notified = new Uint8Array(world.model.users);
    const { addresses, reconnectMs, firstUserId } = world;
    // Each server starts with another address, as behind a load balancer.
    const turn = id % addresses.length;
    this.#route = new RouteClient({
      addresses: [...addresses.slice(turn), ...addresses.slice(0, turn)],
      links: 'any',
      snapshot: () => this.clients.list(firstUserId),
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      reconnectFirstMs: reconnectMs.first,
      reconnectMostMs: reconnectMs.most,
    });
    this.#logins = new FreshLogins({
      ask: () => this.ask([]),
      readSlowly: (user) => {
        if (this.#member !== undefined) world.deliveries.cameUnseen(this.#member, user);
      },
    });
    this.#route
      .on('message', (message) => this.#received(message))
      .on('unreadable', () => world.figures.counts.unreadable++)
      .on('up', () => void this.#join())
      .on('down', (how) => {
        if (how.wasUp) this.#leave();
        world.down(how);
      });
  }

  /** Starts connecting. */
  start(): void {
    this.#route.connect();
  }

  /** The address of its link; undefined without one. */
  get address(): string | undefined {
    return this.#route.up[0];
  }

  /** Whether its link is up and accepted by its node. */
  get isJoined(): boolean {
    return this.#member !== undefined;
  }

  /** Whether sending should pause: the node reads slower than this server writes. */
  get mustWait(): boolean {
    return this.#mustWait;
  }

  /** Since when it has been joined, by performance.now(); infinite while it is not. */
  get joinedMs(): number {
    return this.#joinedMs;
  }

  /** Adds a client without a report, before the server connects. */
  seat(user: number, type: ClientType): void {
    this.clients.add(user, type);
    this.#world.model.change(user, type, 1);
    if (this.#member !== undefined) this.#world.deliveries.came(this.#member, user);
  }

  /** Logs a client in. Older clients of its type are kicked on every server. */
  login(user: number, type: ClientType): void {
    const userId = this.#world.firstUserId + user;
    const reason = KICKED_FOR_LOGIN_ELSEWHERE;
    this.#route.send('server_kick_user', { userId, clientType: type, reason });
    this.#world.figures.counts.kicks++;
    this.seat(user, type);
    this.#report(user, type, USER_STATUS.online);
    if (this.#world.deliveries.delivery === 'directed') void this.#logins.sent(user);
  }

  /** Removes a user's clients of a type. */
  logoff(user: number, type: ClientType): void {
    for (let left = this.clients.removeAll(user, type); left > 0; left--) {
      this.#world.model.change(user, type, -1);
      this.#report(user, type, USER_STATUS.offline);
    }
    if (this.#member === undefined || this.clients.has(user)) return;
    this.#world.deliveries.went(this.#member, user);
  }

  /** Marks a client away or back. */
  turnAway(user: number, type: ClientType): void {
    const turned = this.clients.turn(user, type);
    if (turned === undefined) return;
    this.#report(user, type, turned === 'away' ? USER_STATUS.leave : USER_STATUS.online);
  }

  /** Sends one PDU for relay. Returns false while paused or without a link. */
  send<Name extends NumberedCommand>(command: Name, places: Subject): boolean {
    const member = this.#member;
    if (member === undefined || this.#mustWait) return false;
    const { firstUserId, figures, deliveries } = this.#world;
    const { recipients, make } = NUMBERED[command];
    const sequence = deliveries.sending(member, recipients(member.sent + 1, places));
    const { from, to, nowMs } = places;
    const subject = { from: firstUserId + from, to: firstUserId + to, nowMs };
    const outcome = this.#route.send(command, make({ sender: member.id, sequence }, subject));
    if (outcome === 'wait') this.#waitForRoom();
    figures.counts.sent++;
    return true;
  }

  /** Queries the status of the users. */
  async ask(users: readonly number[]): Promise<Asked> {
    const { firstUserId, figures } = this.#world;
    const sentMs = performance.now();
    try {
      const { stats } = await this.#route.query(users.map((user) => firstUserId + user));
      figures.counts.queries++;
      figures.query.record(performance.now() - sentMs);
      return stats.map(({ status }) => status === USER_STATUS.online);
    } catch (error) {
      if (!(error instanceof RouteClientError)) throw error;
      return error.code === 'query-timed-out' ? 'unanswered' : 'link-lost';
    }
  }

  /** Cuts the link; the server reconnects. */
  cutLink(): void {
    this.#route.reconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#route.close();
  }

  /** An answer shows that the node has accepted the link: every PDU is due from now on. */
  async #join(): Promise<void> {
    let asked: Asked = 'unanswered';
    while (asked === 'unanswered') asked = await this.ask([]);
    if (asked === 'link-lost' || this.#member !== undefined) return;
    const { model, deliveries, joined } = this.#world;
    const nowMs = performance.now();
    this.#member = deliveries.join(this.clients.users);
    this.#joinedMs = nowMs;
    this.notified.fill(0);
    for (const user of this.clients.users) model.unannounced(user, nowMs);
    joined(this);
  }

  #leave(): void {
    const { model, deliveries } = this.#world;
    const nowMs = performance.now();
    if (this.#member !== undefined) deliveries.leave(this.#member, nowMs);
    this.#member = undefined;
    this.#joinedMs = Number.POSITIVE_INFINITY;
    model.linkLost(this.id, this.clients.users, nowMs);
  }

  #received(message: DecodedMessage): void {
    if (isNumbered(message)) {
      const stamp = stampOf(message);
      // Before the server has joined, PDUs may be missed.
      if (stamp !== undefined && this.#member !== undefined) {
        this.#arrived(message, stamp.sender, stamp.sequence);
      }
      return;
    }
    const { figures, firstUserId, model } = this.#world;
    const place = (userId: number): number | undefined => {
      const user = userId - firstUserId;
      return user >= 0 && user < model.users ? user : undefined;
    };
    if (message.command === 'server_kick_user') {
      const user = place(message.fields.userId);
      if (user !== undefined) this.logoff(user, message.fields.clientType);
    } else if (message.command === 'status_notify') {
      const { userId, status } = message.fields.userStat;
      const user = place(userId);
      if (user !== undefined) this.notified[user] = status;
      figures.counts.notifications++;
    } else if (message.command === 'login_status_notify') {
      figures.counts.notifications++;
    }
  }

  #arrived(message: DecodedMessage, sender: number, sequence: number): void {
    const { figures, deliveries } = this.#world;
    if (this.#member === undefined) return;
    // By protocol this PDU returns to its sender.
    if (message.command === 'sign_info_changed_notify' && sender === this.#member.id) return;
    const arrival = deliveries.arrived(this.#member, sender, sequence);
    if (arrival === 'foreign') return;
    figures.counts.received++;
    // An extra PDU may have been retained for a moving user, so its age is no latency.
    if (message.command === 'msg_data' && arrival !== 'besides') {
      figures.relay.record(performance.now() - sentAtMs(message.fields));
    }
  }

  #report(user: number, clientType: ClientType, status: UserStatus): void {
    const { model, figures, firstUserId } = this.#world;
    const nowMs = performance.now();
    const userId = firstUserId + user;
    const outcome = this.#route.updateStatus({ userId, status, clientType });
    figures.counts.reports++;
    if (outcome === 'wait') this.#waitForRoom();
    // Without a link no report is needed: the list on the next link has everything.
    if (outcome === 'no-link') model.unannounced(user, nowMs);
    else {
      const gone = status === USER_STATUS.offline;
      model.reported(user, clientType, { server: this.id, nowMs, gone });
    }
  }

  #waitForRoom(): void {
    this.#mustWait = true;
    const goOn = (): void => {
      this.#mustWait = false;
    };
    // Rejects when the server is closed; then no PDU is due.
    this.#route.writable().then(goOn, goOn);
  }
}
