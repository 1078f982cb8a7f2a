import { CLIENT_TYPE, type ClientType } from '@route/protocol';
import type { Random } from '@route/random';
import { Model } from './model.ts';
import { Notifications } from './notifications.ts';
import { SimServer, type SimWorld } from './sim-server.ts';
import type { Traffic } from './traffic.ts';
import type { Target } from './traffic-link.ts';

const TICK_MS = 10;
const LARGEST_USER_ID = 0xffff_ffff;

/** Client types at login, in percent. */
const TYPES: readonly (readonly [ClientType, number])[] = [
  [CLIENT_TYPE.windows, 40],
  [CLIENT_TYPE.mac, 15],
  [CLIENT_TYPE.ios, 20],
  [CLIENT_TYPE.android, 25],
];

export interface CrowdOptions {
  readonly traffic: Traffic;
  readonly random: Random;
  readonly servers: number;
  readonly users: number;
  /** Share of users with a PC client throughout, which is never kicked. */
  readonly steadyUsers: number;
  readonly eventsPerSecond: number;
  readonly reconnectMs: readonly [least: number, most: number];
  readonly measures: boolean;
  targets(): readonly Target[];
}

/** Simulated msg_servers and their users, which log in and out, go away and come back. */
export class Crowd implements AsyncDisposable {
  readonly model: Model = new Model();
  /** Notifications received by the servers. */
  readonly notifications: Notifications = new Notifications();
  readonly servers: readonly SimServer[];
  /** Users online throughout, with their servers. */
  readonly steady: ReadonlyMap<number, SimServer>;
  readonly #options: CrowdOptions;
  readonly #random: Random;
  readonly #roaming: readonly number[];
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#random = options.random;
    const { users, steadyUsers, servers } = options;
    const ids = this.#drawUserIds(users);
    const steady = new Map<number, SimServer>();
    const world: SimWorld = {
      ...options,
      model: this.model,
      notifications: this.notifications,
      random: options.random.fork(),
      isSteady: (userId) => steady.has(userId),
    };
    this.servers = Array.from({ length: servers }, (_, id) => new SimServer(id, world));
    for (const userId of ids.slice(0, steadyUsers)) {
      const server = this.#random.pick(this.servers);
      server.add(userId, CLIENT_TYPE.windows);
      steady.set(userId, server);
    }
    for (const [place, mailbox] of options.traffic.mailboxes.entries()) {
      const server = this.servers[place];
      server?.add(mailbox, CLIENT_TYPE.windows);
      if (server !== undefined) steady.set(mailbox, server);
    }
    this.steady = steady;
    this.#roaming = ids.slice(steadyUsers);
    for (const userId of this.#roaming) this.#settleIn(userId);
  }

  /** Users online throughout that some server was notified of as offline. */
  get falselyToldOffline(): readonly number[] {
    return [...this.steady.keys()].filter((userId) => this.notifications.toldOffline.has(userId));
  }

  /** Connects every server to the nodes in turn. */
  async connect(): Promise<void> {
    const targets = this.#options.targets();
    const connected = this.servers.map(async (server, i) => {
      await server.connect(targets[i % targets.length]);
    });
    await Promise.all(connected);
  }

  /** Starts user actions. */
  begin(): void {
    let lastMs = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#due += ((now - lastMs) * this.#options.eventsPerSecond) / 1000;
      lastMs = now;
      for (; this.#due >= 1; this.#due--) this.#event();
    }, TICK_MS);
  }

  /** Stops user actions; only kicks on their way still change users. */
  rest(): void {
    clearInterval(this.#timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest();
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }

  #drawUserIds(count: number): number[] {
    const ids = new Set([0, LARGEST_USER_ID]);
    while (ids.size < count) ids.add(this.#random.whole(0, LARGEST_USER_ID));
    return [...ids].reverse();
  }

  /** Two thirds are online at the start, a few of them twice. */
  #settleIn(userId: number): void {
    if (this.#random.chance(1 / 3)) return;
    const server = this.#random.pick(this.servers);
    const type = this.#drawType();
    server.add(userId, type);
    if (this.#random.chance(0.05)) server.add(userId, type);
    if (this.#random.chance(0.2)) this.#random.pick(this.servers).add(userId, this.#drawType());
  }

  #event(): void {
    const random = this.#random;
    const userId = random.pick(this.#roaming);
    const type = this.#drawType();
    const at = this.servers.filter((server) => server.has(userId, type));
    if (at.length === 0) random.pick(this.servers).login(userId, type);
    else if (random.chance(0.3)) this.#moves(userId, type);
    else if (random.chance(0.5)) random.pick(at).logout(userId, type);
    else random.pick(at).turnAway(userId, type);
  }

  /** Logs in elsewhere, which kicks the older client over the cluster. */
  #moves(userId: number, type: ClientType): void {
    const elsewhere = this.servers.filter((server) => !server.has(userId, type));
    if (elsewhere.length > 0) this.#random.pick(elsewhere).login(userId, type);
  }

  #drawType(): ClientType {
    let draw = this.#random.between(0, 100);
    for (const [type, share] of TYPES) {
      if (draw < share) return type;
      draw -= share;
    }
    return CLIENT_TYPE.windows;
  }
}
