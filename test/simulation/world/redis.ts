import {
  type ConfirmWhich,
  type LateCommit,
  type LinkEnd,
  type LinkId,
  type Presence,
  PresenceMemory,
  type PresenceMemoryOptions,
  type PresenceStats,
  type QueryWaiter,
  type UpdateOutcome,
  type UpdateWaiter,
  type UserConnections,
  type UserState,
} from '@route/presence';
import type { ClientStatus } from '@route/protocol';
import type { PubSub, SimTransport } from './pub-sub.ts';
import type { SimProcess } from './virtual-time.ts';

/** Data in Redis: leases by its own clock, and the users on the links of each node with data. */
export class Registry {
  readonly pubSub: PubSub;
  leases = new Map<string, number>();
  readonly presences = new Map<string, SimPresence>();
  #version = 0;

  constructor(pubSub: PubSub) {
    this.pubSub = pubSub;
  }

  /** Leases are judged by their renewals, not by Redis's clock, which may be set back. */
  get now(): number {
    return this.pubSub.time.now;
  }

  nextVersion(): number {
    return ++this.#version;
  }

  /** Whether a version was ever assigned. */
  isVersion(version: number): boolean {
    return version <= this.#version;
  }

  isLive(node: string): boolean {
    return (this.leases.get(node) ?? 0) > this.now;
  }

  /** Acquires or renews a lease. @returns whether it was held, and the live nodes. */
  renew(node: string, leaseMs: number): { readonly held: boolean; readonly live: string[] } {
    const held = this.isLive(node);
    this.leases.set(node, this.now + leaseMs);
    return { held, live: [...this.leases.keys()].filter((id) => this.isLive(id)) };
  }

  giveBack(node: string): void {
    this.leases.delete(node);
  }

  /** State of a user on the links of all live nodes. */
  stateOf(userId: number): UserState {
    let state: UserState = 'gone';
    for (const [node, presence] of this.presences) {
      if (!this.isLive(node)) continue;
      const own = presence.ownStateOf(userId);
      if (own === 'pc') return 'pc';
      if (own === 'mobile-only') state = own;
    }
    return state;
  }

  /** Restores the data that is left when Redis returns. */
  restart(data: 'kept' | 'empty' | 'older', olderLeases: ReadonlyMap<string, number>): void {
    if (data === 'empty') this.leases = new Map();
    else if (data === 'older') {
      // Their renewal is observed anew.
      const leaseMs = 3000;
      this.leases = new Map([...olderLeases.keys()].map((node) => [node, this.now + leaseMs]));
    }
  }
}

export interface CallerOptions {
  readonly registry: Registry;
  readonly transport: SimTransport;
  readonly process: SimProcess;
  readonly commandTimeoutMs: number;
}

/** A node's connection for commands: same path and latency as that of the bus. */
export class Caller {
  readonly #options: CallerOptions;
  #last = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /**
   * Runs something in Redis, or calls `failed` if that is not possible. Replies keep their order.
   */
  call<Reply>(
    run: () => Reply,
    replied: (reply: Reply) => void,
    failed: (reason: string) => void,
  ): void {
    const { registry, transport, process, commandTimeoutMs } = this.#options;
    const { time } = registry.pubSub;
    const { path, rights } = transport;
    const isOpen = (): boolean => registry.pubSub.isUp && !path.cut;
    const isDark = (): boolean => path.darkIn || path.darkOut;
    const fail = (ms: number, reason: string): void => {
      this.#last = Math.max(this.#last, time.now + ms);
      time.after(this.#last - time.now, () => failed(reason), process);
    };
    if (!isOpen()) {
      fail(path.latencyMs, 'connect ECONNREFUSED');
      return;
    }
    if (isDark()) {
      fail(commandTimeoutMs, 'Command timed out');
      return;
    }
    const slow = path.latencyMs * 2 >= commandTimeoutMs;
    const arrive = (): void => {
      if (!isOpen()) {
        fail(path.latencyMs, 'Connection is closed');
        return;
      }
      if (!rights.keys) {
        fail(path.latencyMs, 'NOPERM no permissions to access a key');
        return;
      }
      const reply = run();
      if (slow) {
        fail(commandTimeoutMs - path.latencyMs, 'Command timed out');
        return;
      }
      this.#last = Math.max(this.#last, time.now + path.latencyMs);
      time.after(
        this.#last - time.now,
        () => (isOpen() ? replied(reply) : failed('Connection is closed')),
        process,
      );
    };
    // Redis runs it whether the node is still alive or not.
    time.after(path.latencyMs, arrive, undefined);
  }
}

export interface SimPresenceOptions {
  readonly registry: Registry;
  readonly caller: Caller;
  readonly memory: Omit<PresenceMemoryOptions, 'lost' | 'back' | 'graceMs' | 'perSecond'>;
  lateCommit(late: LateCommit): void;
  failed(reason: string): void;
}

interface Late {
  readonly update: ClientStatus;
}

/**
 * Presence of a simulated cluster. The memory engine keeps the users of a node's own links, as in a
 * single node. States, versions and answers go through the simulated Redis, with its latency.
 */
export class SimPresence implements Presence {
  readonly #options: SimPresenceOptions;
  readonly #memory: PresenceMemory;
  #reachable = false;
  /** Last update of each client that could not be committed. */
  readonly #late = new Map<string, Late>();

  constructor(options: SimPresenceOptions) {
    this.#options = options;
    this.#memory = new PresenceMemory({
      ...options.memory,
      ...{ graceMs: 0, perSecond: 1000, lost: () => undefined, back: () => undefined },
    });
  }

  /** State of a user on this node's own links. */
  ownStateOf(userId: number): UserState {
    return this.#memory.stateOf(userId);
  }

  suspended(): void {
    this.#reachable = false;
  }

  resumed(): void {
    this.#reachable = true;
    const late = [...this.#late.values()];
    this.#late.clear();
    for (const { update } of late) {
      this.#commit(update, {
        committed: (state, version) => {
          this.#options.lateCommit({ update, state, version, hadClient: true });
        },
        later: () => this.#late.set(keyOf(update), { update }),
      });
    }
  }

  openLink(link: LinkId, options: { readonly standby: boolean }): void {
    this.#memory.openLink(link, options);
  }

  addClients(link: LinkId, clients: readonly ClientStatus[]): void {
    this.#memory.addClients(link, clients);
  }

  update(link: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    let told: UpdateOutcome | undefined;
    this.#memory.update(link, update, {
      updated: (_update, outcome) => {
        told = outcome;
      },
    });
    if (told?.kind === 'standby') {
      waiter.updated(update, told);
      return;
    }
    this.#commit(update, {
      committed: (state, version) => waiter.updated(update, { kind: 'committed', state, version }),
      later: () => {
        this.#late.set(keyOf(update), { update });
        waiter.updated(update, { kind: 'later' });
      },
    });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    let client: ClientStatus | undefined;
    const found = {
      updated: (update: ClientStatus): void => {
        client = update;
      },
    };
    this.#memory.confirm(userId, found, which);
    const update = client;
    if (update === undefined || !this.#reachable) return;
    this.#commit(update, {
      committed: (state, version) => waiter.updated(update, { kind: 'committed', state, version }),
      later: () => undefined,
    });
  }

  announced(): void {
    // The simulation has no announcements at the end of a grace.
  }

  isGraceOver(): boolean {
    return false;
  }

  versionSeen(version: number): boolean {
    return this.#options.registry.isVersion(version);
  }

  query(link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void {
    const { registry, caller, failed } = this.#options;
    if (!this.#reachable) {
      this.#memory.query(link, userIds, waiter);
      return;
    }
    const own = (): Uint8Array =>
      Uint8Array.from(userIds, (id) => (this.#memory.stateOf(id) === 'pc' ? 1 : 0));
    caller.call(
      () => Uint8Array.from(userIds, (id) => (registry.stateOf(id) === 'pc' ? 1 : 0)),
      (online) => waiter.answered(online),
      (reason) => {
        failed(reason);
        waiter.answered(own());
      },
    );
  }

  setStandby(link: LinkId, standby: boolean): void {
    this.#memory.setStandby(link, standby);
  }

  closeLink(link: LinkId, end: LinkEnd): void {
    this.#memory.closeLink(link, end);
  }

  resync(): void {}

  get lingeringLinks(): number {
    return this.#memory.lingeringLinks;
  }

  get userCount(): number {
    return this.#memory.userCount;
  }

  userCountOf(link: LinkId): number {
    return this.#memory.userCountOf(link);
  }

  stats(shard: number): PresenceStats {
    return this.#memory.stats(shard);
  }

  async userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]> {
    return await this.#memory.userConnections(userIds);
  }

  #commit(
    { userId }: ClientStatus,
    told: { committed(state: UserState, version: number): void; later(): void },
  ): void {
    const { registry, caller, failed } = this.#options;
    if (!this.#reachable) {
      told.later();
      return;
    }
    caller.call(
      () => ({ state: registry.stateOf(userId), version: registry.nextVersion() }),
      ({ state, version }) => told.committed(state, version),
      (reason) => {
        failed(reason);
        told.later();
      },
    );
  }
}

function keyOf({ userId, clientType }: ClientStatus): string {
  return `${userId} ${clientType}`;
}
