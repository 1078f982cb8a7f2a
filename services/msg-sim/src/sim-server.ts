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
import { HeldClients } from './held-clients.ts';
import {
  isNumbered,
  NUMBERED,
  type NumberedCommand,
  type Subject,
  sentAtMs,
  stampOf,
} from './numbered.ts';
import type { PresenceModel } from './presence-model.ts';

/** What simulated msg_servers share. */
export interface SimWorld {
  readonly model: PresenceModel;
  readonly deliveries: DeliveryCheck;
  readonly figures: Figures;
  /** The id of the user whose place is 0; the others follow. */
  readonly firstUserId: number;
  readonly addresses: readonly string[];
  readonly reconnectMs: { readonly first: number; readonly most: number };
  /** A server's node has taken its link in. */
  joined(server: SimServer): void;
  /** A link has been lost, or an attempt has failed. */
  down(how: LinkDown): void;
}

/** What came of a query. */
export type Asked = readonly boolean[] | 'link-lost' | 'unanswered';

const KICKED_FOR_LOGIN_ELSEWHERE = 1;
const QUERY_TIMEOUT_MS = 10_000;

/** A msg_server: holds clients, reports them on its one link, drops those who log in elsewhere. */
export class SimServer implements AsyncDisposable {
  readonly id: number;
  readonly clients: HeldClients = new HeldClients();
  /** How every user was said to be last, without having been asked for; 0: nothing was said. */
  readonly told: Uint8Array;
  readonly #world: SimWorld;
  readonly #route: RouteClient;
  readonly #logins: FreshLogins;
  #member: Member | undefined;
  #joinedMs = Number.POSITIVE_INFINITY;
  #mustWait = false;

  constructor(id: number, world: SimWorld) {
    this.id = id;
    this.#world = world;
    this.told = new Uint8Array(world.model.users);
    const { addresses, reconnectMs, firstUserId } = world;
    // Each begins with another address, as behind a load balancer.
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

  /** Begins to connect. */
  start(): void {
    this.#route.connect();
  }

  /** The address of its link; undefined while it has none. */
  get address(): string | undefined {
    return this.#route.up[0];
  }

  /** Whether its link is up and its node has taken it in. */
  get isJoined(): boolean {
    return this.#member !== undefined;
  }

  /** Whether more should wait: the node does not read as fast as this server writes. */
  get mustWait(): boolean {
    return this.#mustWait;
  }

  /** Since when it has been joined, by performance.now(); infinite while it is not. */
  get joinedMs(): number {
    return this.#joinedMs;
  }

  /** A client comes without a word: those who are there before the server connects. */
  seat(user: number, type: ClientType): void {
    this.clients.add(user, type);
    this.#world.model.change(user, type, 1);
    if (this.#member !== undefined) this.#world.deliveries.came(this.#member, user);
  }

  /** A client logs in; older ones of its type are kicked, wherever they are. */
  login(user: number, type: ClientType): void {
    const userId = this.#world.firstUserId + user;
    const reason = KICKED_FOR_LOGIN_ELSEWHERE;
    this.#route.send('server_kick_user', { userId, clientType: type, reason });
    this.#world.figures.counts.kicks++;
    this.seat(user, type);
    this.#report(user, type, USER_STATUS.online);
    if (this.#world.deliveries.delivery === 'directed') void this.#logins.sent(user);
  }

  /** All of a user's clients of a type go. */
  logoff(user: number, type: ClientType): void {
    for (let left = this.clients.removeAll(user, type); left > 0; left--) {
      this.#world.model.change(user, type, -1);
      this.#report(user, type, USER_STATUS.offline);
    }
    if (this.#member === undefined || this.clients.has(user)) return;
    this.#world.deliveries.went(this.#member, user);
  }

  /** A client goes away, or comes back. */
  turnAway(user: number, type: ClientType): void {
    const turned = this.clients.turn(user, type);
    if (turned === undefined) return;
    this.#report(user, type, turned === 'away' ? USER_STATUS.leave : USER_STATUS.online);
  }

  /** Sends one PDU that is relayed to others; false while it must wait, or has no link. */
  send<Name extends NumberedCommand>(command: Name, places: Subject): boolean {
    const member = this.#member;
    if (member === undefined || this.#mustWait) return false;
    const { firstUserId, figures, deliveries } = this.#world;
    const { concerned, make } = NUMBERED[command];
    const sequence = deliveries.sending(member, concerned(member.sent + 1, places));
    const { from, to, nowMs } = places;
    const subject = { from: firstUserId + from, to: firstUserId + to, nowMs };
    const outcome = this.#route.send(command, make({ sender: member.id, sequence }, subject));
    if (outcome === 'wait') this.#waitForRoom();
    figures.counts.sent++;
    return true;
  }

  /** Asks which of the users are online. */
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

  /** Its link is cut, and it comes back. */
  cutLink(): void {
    this.#route.reconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#route.close();
  }

  /** An answer shows that the node has taken the link in: from here on nothing may be missed. */
  async #join(): Promise<void> {
    let asked: Asked = 'unanswered';
    while (asked === 'unanswered') asked = await this.ask([]);
    if (asked === 'link-lost' || this.#member !== undefined) return;
    const { model, deliveries, joined } = this.#world;
    const nowMs = performance.now();
    this.#member = deliveries.join(this.clients.users);
    this.#joinedMs = nowMs;
    this.told.fill(0);
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
      // Before it has joined it may miss something.
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
      if (user !== undefined) this.told[user] = status;
      figures.counts.notices++;
    } else if (message.command === 'login_status_notify') {
      figures.counts.notices++;
    }
  }

  #arrived(message: DecodedMessage, sender: number, sequence: number): void {
    const { figures, deliveries } = this.#world;
    if (this.#member === undefined) return;
    // Protocol: this one comes back to its sender.
    if (message.command === 'sign_info_changed_notify' && sender === this.#member.id) return;
    const arrival = deliveries.arrived(this.#member, sender, sequence);
    if (arrival === 'foreign') return;
    figures.counts.received++;
    // What comes besides may have been kept for its user, wherever he goes: its age tells nothing.
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
    // Without a link there is nobody to tell: the list on the next one says it all.
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
    // It fails when the server is closed, and then nothing is to be sent.
    this.#route.writable().then(goOn, goOn);
  }
}
