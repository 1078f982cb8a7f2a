import { EventEmitter } from 'node:events';
import {
  type ClientStatus,
  type COMMANDS,
  type CommandName,
  commandName,
  decodeMessage,
  encodeMessage,
  type MessageFields,
  type RelayHandling,
  UNKNOWN_COMMAND,
} from '@route/protocol';
import { RouteClientError } from './errors.ts';
import { emitMessage, type LinkDown, type RouteClientEvents } from './events.ts';
import { type ClientSettings, checkOptions, type RouteClientOptions } from './options.ts';
import { PendingQueries, type QueryAnswer } from './pending-queries.ts';
import { RouteLink, type RouteLinkEvents } from './route-link.ts';
import { encodeSnapshot } from './snapshot.ts';

/** The commands that a msg_server sends for other msg_servers to get. */
export type RelayedCommand = {
  [Name in CommandName]: (typeof COMMANDS)[Name]['handling'] extends RelayHandling ? Name : never;
}[CommandName];

/**
 * Result of a send. `sent`: continue. `wait`: it is on its way, but the caller should wait for
 * {@link RouteClient.writable}. `no-link`: no link is up, it was dropped.
 */
export type SendOutcome = 'sent' | 'wait' | 'no-link';

/** Options of a query. */
export interface QueryOptions {
  /** The querying user; returned in the answer. Default 0. */
  readonly askedBy?: number;
  /** Returned in the answer. */
  readonly attachData?: Buffer;
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly goOn: () => void;
  readonly giveUp: (error: RouteClientError) => void;
}

const COMMAND_ID_OFFSET = 10;
const ROLE_MASTER = encodeMessage('role_set', { master: 1 });
const CLOSE_GRACE_MS = 2_000;

/**
 * The links of a msg_server to its route servers. Sends commands, and emits an event named after
 * each received command. It follows the wire's rules itself: the master link, the list of clients
 * on each new link, heartbeats, time-outs, reconnection.
 */
export class RouteClient extends EventEmitter<RouteClientEvents> implements AsyncDisposable {
  readonly #settings: ClientSettings;
  readonly #snapshot: () => readonly ClientStatus[];
  readonly #links: readonly RouteLink[];
  readonly #queries: PendingQueries;
  /**
   * Open links, the oldest first. Protocol: the first one up, or the oldest one left, is master.
   */
  #up: readonly RouteLink[] = [];
  #waiting: Waiting[] = [];
  #state: 'new' | 'running' | 'closed' = 'new';
  #closing: Promise<void> | undefined;

  /** @throws RouteClientError `bad-option` naming an option that cannot be used. */
  constructor(options: RouteClientOptions) {
    super();
    const { addresses, settings } = checkOptions(options);
    this.#settings = settings;
    this.#snapshot = options.snapshot;
    this.#queries = new PendingQueries(settings.clock);
    const events: RouteLinkEvents = {
      up: (link) => this.#linkUp(link),
      pdu: (link, pdu) => this.#received(link, pdu),
      drained: (link) => {
        if (link === this.#master) this.#roomAgain();
      },
      down: (link, how) => this.#linkDown(link, how),
    };
    this.#links =
      options.links === 'any'
        ? [new RouteLink({ addresses, settings, events })]
        : addresses.map((address) => new RouteLink({ addresses: [address], settings, events }));
  }

  /** Begins to connect, and keeps the links up until {@link close}. */
  connect(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    for (const link of this.#links) link.start();
  }

  /** Addresses of the links that are up, the master's first. */
  get up(): readonly string[] {
    return this.#up.map(({ address }) => address);
  }

  /**
   * Sends a command on the master link, for relay to the other msg_servers. Nothing is queued: PDUs
   * sent while no link is up, or in flight on a lost link, are lost.
   */
  send<Name extends RelayedCommand>(command: Name, fields: MessageFields[Name]): SendOutcome {
    return this.#master === undefined ? 'no-link' : this.sendPdus(encodeMessage(command, fields));
  }

  /** Sends whole PDUs unchanged on the master link. */
  sendPdus(pdus: Buffer): SendOutcome {
    const master = this.#master;
    if (master === undefined) return 'no-link';
    master.write(pdus);
    return master.isFull ? 'wait' : 'sent';
  }

  /**
   * Reports on all open links that a client has connected, disconnected or gone away. Change the
   * result of `snapshot` first: links that open later send that.
   */
  updateStatus({ userId, status, clientType }: ClientStatus): SendOutcome {
    if (this.#up.length === 0) return 'no-link';
    const pdu = encodeMessage('user_status_update', { userId, userStatus: status, clientType });
    for (const link of this.#up) link.write(pdu);
    return this.#up.some((link) => link.isFull) ? 'wait' : 'sent';
  }

  /**
   * Queries user statuses: ONLINE with any PC client anywhere, else OFFLINE; one entry per id in
   * the
   * order of the query. An answer also shows that the node has accepted the link and relays to it.
   * @throws RouteClientError `no-link`, `link-lost`, `query-timed-out`, `too-many-queries`,
   * `closed`.
   */
  async query(userIds: readonly number[], options: QueryOptions = {}): Promise<QueryAnswer> {
    const master = this.#master;
    if (this.#state === 'closed') throw new RouteClientError('closed');
    if (master === undefined) throw new RouteClientError('no-link');
    const { askedBy: userId = 0, attachData, timeoutMs = this.#settings.queryTimeoutMs } = options;
    const attached = attachData === undefined ? {} : { attachData };
    const fields = { userId, userIdList: userIds, ...attached };
    return await this.#queries.ask(master, { ids: userIds.length, timeoutMs }, (seqNum) => {
      master.write(encodeMessage('users_status_request', fields, { seqNum }));
    });
  }

  /**
   * Waits until there is a master link with room: after `wait`, after `no-link`, after `connect`.
   * @throws RouteClientError `closed`.
   */
  async writable(): Promise<void> {
    if (this.#state === 'closed') throw new RouteClientError('closed');
    if (this.#hasRoom) return;
    await new Promise<void>((goOn, giveUp) => this.#waiting.push({ goOn, giveUp }));
  }

  /** Drops every link and reconnects after the usual delay. PDUs in flight may be lost. */
  reconnect(): void {
    for (const link of this.#links) link.drop();
  }

  /** Closes all links for good; sent PDUs are flushed first, within 2 s. */
  async close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #closeAll(): Promise<void> {
    this.#state = 'closed';
    const closed = this.#links.map((link) => link.close(CLOSE_GRACE_MS));
    this.#queries.fail('closed');
    for (const { giveUp } of this.#waiting.splice(0)) giveUp(new RouteClientError('closed'));
    await Promise.all(closed);
  }

  get #master(): RouteLink | undefined {
    return this.#up[0];
  }

  get #hasRoom(): boolean {
    return this.#master !== undefined && !this.#master.isFull;
  }

  #linkUp(link: RouteLink): void {
    const master = this.#up.length === 0;
    this.#up = [...this.#up, link];
    if (master) link.write(ROLE_MASTER);
    for (const pdu of encodeSnapshot(this.#snapshot(), this.#settings.maxPduBytes)) link.write(pdu);
    if (master) this.emit('master', link.address);
    this.emit('up', { address: link.address, master });
    this.#roomAgain();
  }

  #linkDown(link: RouteLink, how: LinkDown): void {
    const wasMaster = link === this.#master;
    this.#up = this.#up.filter((other) => other !== link);
    this.#queries.fail('link-lost', link);
    const master = this.#master;
    // Protocol: the oldest other link becomes master, and gets no new list.
    if (wasMaster) master?.write(ROLE_MASTER);
    this.emit('down', how);
    if (!wasMaster || master === undefined) return;
    this.emit('master', master.address);
    this.#roomAgain();
  }

  #roomAgain(): void {
    if (!this.#hasRoom) return;
    for (const { goOn } of this.#waiting.splice(0)) goOn();
    this.emit('drain');
  }

  #received(link: RouteLink, pdu: Buffer): void {
    this.emit('pdu', pdu, link.address);
    const command = commandName(pdu.readUInt16BE(COMMAND_ID_OFFSET));
    if (command === UNKNOWN_COMMAND) {
      this.emit('unreadable', pdu, link.address);
      return;
    }
    if (!this.#isWanted(command)) return;
    const message = decodeMessage(pdu);
    if (message === undefined) {
      this.emit('unreadable', pdu, link.address);
      return;
    }
    if (message.command === 'users_status_response') {
      const { userStatList: stats, attachData = Buffer.alloc(0) } = message.fields;
      this.#queries.answer(link, message.header.seqNum, { stats, attachData });
    }
    this.emit('message', message, link.address);
    emitMessage(this, message, link.address);
  }

  /** Whether a body is worth being read. */
  #isWanted(command: CommandName): boolean {
    if (command === 'users_status_response') return true;
    return this.listenerCount(command) > 0 || this.listenerCount('message') > 0;
  }
}
