import type { ClientStatus } from '@route/protocol';
import { type RedisClient, shardOf } from '@route/redis';
import { AnnouncedUsers } from '../grace/announced-users.ts';
import { byShard } from '../ledger/by-shard.ts';
import { CountedLink } from '../ledger/counted-link.ts';
import { LingeringLinks } from '../ledger/lingering-links.ts';
import { NodeLinks } from '../ledger/node-links.ts';
import type { InterestObserver } from '../ledger/observed-ledger.ts';
import { readUserConnections } from '../ledger/user-connections.ts';
import type {
  Announced,
  ConfirmWhich,
  LinkEnd,
  LinkId,
  Presence,
  PresenceEvents,
  PresenceStats,
  QueryWaiter,
  UpdateWaiter,
  UserConnections,
  UserState,
} from '../presence.ts';
import { presenceKeys } from './keys.ts';
import { MOST_OPERATIONS } from './shard-calls.ts';
import { PendingQuery, type ShardOperation } from './shard-operations.ts';
import { type ShardHost, ShardQueue } from './shard-queue.ts';

export interface PresenceRedisOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nodeId: string;
  readonly events: PresenceEvents;
  /** A call failed, or its outcome is unknown. */
  failed(reason: string): void;
  /** Observes which users are on this node's links. */
  readonly interestObserver?: InterestObserver;
  /** Ms between the end of a link and the offline announcement of its PC users. 0 for never. */
  readonly offlineGraceMs: number;
  /** How long a lingering link still counts, in ms ({@link LinkEnd}). */
  readonly lingerMs: number;
  /** The largest number of operations in one call. */
  readonly maxOperationsPerCall?: number;
  /** Monotonic milliseconds. */
  now?(): number;
}

/**
 * Concurrent bulk calls: enough to keep Redis busy, few enough that an update or a query waits for
 * no more than about ten milliseconds of them.
 */
const BULK_CALLS = 8;

/**
 * In microseconds. The highest known version follows Redis's clock. A version further ahead was not
 * made by a node.
 */
const MOST_AHEAD = 86_400_000_000;

/**
 * Presence shared by all nodes through Redis. It is active between {@link PresenceRedis.resumed}
 * and {@link PresenceRedis.suspended}. While suspended, updates are answered 'later', and queries
 * are answered from this node's own links. Updates are also answered 'later' until
 * {@link PresenceRedis.settled}: until then Redis may lack users of other nodes' links, and the
 * state after a commit would be wrong.
 */
export class PresenceRedis implements Presence {
  readonly announcedUsers: AnnouncedUsers;
  readonly #links = new NodeLinks();
  readonly #holdings: InterestObserver | undefined;
  readonly #lingering: LingeringLinks;
  /** Users to confirm when Redis is back. Each has a client on a link of this node. */
  readonly #toConfirm = new Map<number, { waiter: UpdateWaiter; which: ConfirmWhich }>();
  readonly #offlineGraceMs: number;
  readonly #shards: readonly ShardQueue[];
  readonly #failed: (reason: string) => void;
  readonly #readUserConnections: (userIds: readonly number[]) => Promise<UserConnections[]>;
  readonly #pumpAll = (): void => this.#pump();
  #suspended = true;
  #asserted = false;
  #settled = false;
  #highestVersion = 0;
  #pumpScheduled = false;
  #bulkCalls = 0;
  #stamp = 0;

  constructor(options: PresenceRedisOptions) {
    this.#holdings = options.interestObserver;
    this.#failed = options.failed;
    this.#lingering = new LingeringLinks(options.lingerMs, (id) => this.closeLink(id, 'release'));
    this.#offlineGraceMs = options.offlineGraceMs;
    const { redis, namespace } = options;
    this.#readUserConnections = (userIds) => readUserConnections({ redis, namespace }, userIds);
    const versions = this;
    const now = options.now ?? (() => performance.now());
    this.announcedUsers = new AnnouncedUsers(now);
    const host: ShardHost = {
      get highestVersion() {
        return versions.highestVersion;
      },
      set highestVersion(version) {
        versions.highestVersion = version;
      },
      redis: options.redis,
      nodeId: options.nodeId,
      offlineGraceMs: options.offlineGraceMs,
      maxOperationsPerCall: Math.min(
        options.maxOperationsPerCall ?? MOST_OPERATIONS,
        MOST_OPERATIONS,
      ),
      nextStamp: () => ++this.#stamp,
      stampSeen: (stamp) => {
        this.#stamp = Math.max(this.#stamp, stamp);
      },
      surveyed: (shard, listed) => this.#surveyed(shard, listed),
      now,
      bulkCallBegins: () => this.#bulkCalls < BULK_CALLS && ++this.#bulkCalls > 0,
      bulkCallEnded: () => {
        this.#bulkCalls--;
        this.#schedulePump();
      },
      localState: (userId: number) => this.#links.stateOf(userId),
      lateCommit: options.events.lateCommit.bind(options.events),
      back: (userId: number, toldVersion: number, version: number) => {
        // The update of a user who has gone since then announces that.
        const client = this.pcClient(userId);
        if (client !== undefined) options.events.back(client, toldVersion, version);
        return client !== undefined;
      },
      knownOffline: (userId, version) => this.announcedUsers.note(userId, 'grace-over', version),
      confirmLater: (userId, waiter, which) => {
        this.#toConfirm.set(userId, { waiter, which });
      },
      failed: (error: unknown) => {
        this.#failed(error instanceof Error ? error.message : String(error));
      },
    };
    const keys = presenceKeys(options.namespace);
    this.#shards = keys.map((shardKeys, shard) => new ShardQueue(shard, shardKeys, host));
  }

  /**
   * Whether Redis contains all entries of this node's links since it was
   * {@link PresenceRedis.resumed}.
   */
  get isAsserted(): boolean {
    this.#asserted ||= !this.#suspended && this.#shards.every((shard) => shard.isAsserted);
    return this.#asserted;
  }

  /** The highest version that this node knows, even if Redis has lost its own. */
  get highestVersion(): number {
    return this.#highestVersion;
  }

  set highestVersion(version: number) {
    this.#highestVersion = version;
  }

  versionSeen(version: number): boolean {
    const known = this.#highestVersion;
    if (!Number.isSafeInteger(version) || version < 0 || version > known + MOST_AHEAD) return false;
    this.#highestVersion = Math.max(known, version);
    return true;
  }

  get heldUsers(): number {
    return this.#links.heldUsers;
  }

  heldBy(link: LinkId): number {
    return this.#links.heldBy(link);
  }

  stats(shard: number): PresenceStats {
    return this.#links.stats(shard);
  }

  async userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]> {
    const stored = await this.#readUserConnections(userIds);
    return stored.map((user) => ({
      ...user,
      connections: user.connections.map((connection) => ({
        ...connection,
        away: this.#links.find(connection.link)?.entry(user.userId).away,
      })),
    }));
  }

  get lingeringLinks(): number {
    return this.#lingering.size;
  }

  /** Whether Redis contains everything reported so far. */
  get isIdle(): boolean {
    return this.#settled && this.#shards.every((shard) => shard.isIdle);
  }

  openLink(link: LinkId, { aside }: { readonly aside: boolean }): void {
    const counted = new CountedLink(link, !aside, this.#holdings);
    counted.setObserved(!aside);
    this.#links.add(counted);
  }

  addClients(id: LinkId, clients: readonly ClientStatus[]): void {
    const link = this.#links.get(id);
    for (const client of clients) link.ledger.add(client);
    // While suspended nothing is queued: resuming asserts the complete ledgers.
    if (!link.counts || this.#suspended) return;
    // A user listed twice is written twice, with the same entry.
    for (const { shard, userIds } of byShard(clients)) this.#shards[shard]?.addBulk(link, userIds);
    this.#schedulePump();
  }

  update(id: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    const link = this.#links.get(id);
    const entry = link.ledger.update(update);
    if (!link.counts) {
      waiter.updated(update, { kind: 'aside' });
      return;
    }
    const shard = this.#shardOf(update.userId);
    const local = this.#unheardState(shard, update.userId);
    // Visible to queries at once, although announced later: a commit reports only the resulting
    // state.
    if (!this.#settled && !this.#suspended) shard.addBulk(link, Uint32Array.of(update.userId));
    this.#add(shard, { kind: 'update', link, update, entry, local, waiter });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    this.#confirm(userId, waiter, which);
  }

  announced(userId: number, said: Announced, version: number): void {
    if (said !== 'there') this.#shardOf(userId).announced(userId);
    this.announcedUsers.note(userId, said, version);
  }

  isGraceOver(userId: number, since: number): boolean {
    return this.announcedUsers.has(userId, since);
  }

  pcClient(userId: number): ClientStatus | undefined {
    return this.#links.client(userId, 'pc')?.update;
  }

  query(_link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void {
    if (userIds.length === 0) {
      waiter.answered(new Uint8Array(0));
      return;
    }
    const query = new PendingQuery(userIds.length, waiter);
    for (let index = 0; index < userIds.length; index++) {
      const userId = userIds[index] ?? 0;
      const shard = this.#shardOf(userId);
      // Entries that this node has not sent to Redis yet are known locally.
      const known = this.#suspended || shard.hasBulk ? this.#links.stateOf(userId) : 'gone';
      if (known === 'pc' || this.#suspended) query.answer(index, known === 'pc');
      else shard.addRead(query, index, userId);
    }
    this.#schedulePump();
  }

  setStandby(id: LinkId, aside: boolean): void {
    const link = this.#links.get(id);
    if (link.counts === !aside) return;
    link.counts = !aside;
    link.setObserved(!aside);
    if (aside) this.#release(link, { ended: false });
    else this.#assert(link);
  }

  closeLink(id: LinkId, end: LinkEnd): void {
    const link = this.#links.get(id);
    link.setObserved(false);
    if (end === 'linger' && link.counts) {
      this.#lingering.add(id);
      return;
    }
    this.#links.delete(id);
    // Nothing of a standby link is in Redis, and its users are not announced offline.
    if (!link.counts) return;
    link.counts = false;
    this.#release(link, { ended: true });
  }

  resync(): void {
    for (const link of this.#links) if (link.counts) this.#assert(link);
  }

  /**
   * Writes all entries of this node's links in one shard again, and releases links of this node
   * there that are not open.
   */
  assertShard(index: number): void {
    const shard = this.#shards[index];
    if (shard === undefined || this.#suspended) return;
    shard.survey('last');
    for (const link of this.#links) {
      if (link.counts && (link.shards.has(index) || link.ledger.holdsIn(index)))
        shard.addBulk(link);
    }
    this.#schedulePump();
  }

  /** Redis is reliable again, but the data of this node's links in it is uncertain. */
  resumed(): void {
    this.#suspended = false;
    this.#asserted = false;
    this.#settled = false;
    for (const shard of this.#shards) {
      shard.abandon();
      shard.survey('first');
    }
    this.resync();
    this.#schedulePump();
  }

  /** All nodes have asserted their links since this one {@link PresenceRedis.resumed}. */
  settled(): void {
    if (this.#suspended || this.#settled) return;
    this.#settled = true;
    for (const shard of this.#shards) shard.settle();
    const toConfirm = [...this.#toConfirm];
    this.#toConfirm.clear();
    for (const [userId, { waiter, which }] of toConfirm) this.#confirm(userId, waiter, which);
    this.#schedulePump();
  }

  /** Redis is unreliable. */
  suspended(): void {
    this.#suspended = true;
    this.#asserted = false;
    this.#settled = false;
    for (const shard of this.#shards) shard.abandon();
  }

  #confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    const client = this.#links.client(userId, which);
    if (client === undefined) return;
    const local = client.entry.state;
    this.#add(this.#shardOf(userId), { kind: 'confirm', ...client, local, waiter, which });
  }

  /**
   * Releases links of this node that Redis lists in a shard and that are not open, because they
   * were closed while Redis was away.
   */
  #surveyed(index: number, listed: readonly LinkId[]): void {
    const shard = this.#shards[index];
    for (const id of listed) {
      const known = this.#links.find(id);
      if (known?.counts === true) continue;
      const link = known ?? new CountedLink(id, false);
      // The pending announcements are known without it.
      shard?.add({ kind: 'release', link, graceMs: 0, hadPc: () => [] });
    }
  }

  #add(shard: ShardQueue, operation: ShardOperation): void {
    if (this.#settled) shard.add(operation);
    else shard.putOff(operation);
    this.#schedulePump();
  }

  #assert(link: CountedLink): void {
    if (this.#suspended) return;
    this.#shards.forEach((shard, i) => {
      if (link.shards.has(i) || link.ledger.holdsIn(i)) shard.addBulk(link);
    });
    this.#schedulePump();
  }

  #release(link: CountedLink, { ended }: { readonly ended: boolean }): void {
    this.#shards.forEach((shard, i) => {
      shard.dropBulk(link);
      if (!link.shards.has(i) && !link.ledger.holdsIn(i)) return;
      // The ledger of a closed link no longer changes. That of a standby link does.
      const had = ended ? undefined : link.ledger.pcUsersOf(i);
      const hadPc = (): readonly number[] => had ?? link.ledger.pcUsersOf(i);
      shard.add({ kind: 'release', link, graceMs: this.#offlineGraceMs, hadPc });
    });
    this.#schedulePump();
  }

  /** The state of a user on this node's links if Redis may lack some of it, else 'gone'. */
  #unheardState(shard: ShardQueue, userId: number): UserState {
    return shard.hasBulk ? this.#links.stateOf(userId) : 'gone';
  }

  /** Sends everything of one tick to a shard in one call. */
  #schedulePump(): void {
    if (this.#pumpScheduled || this.#suspended) return;
    this.#pumpScheduled = true;
    setImmediate(this.#pumpAll);
  }

  #pump(): void {
    this.#pumpScheduled = false;
    if (this.#suspended) return;
    for (const shard of this.#shards) shard.pump();
  }

  #shardOf(userId: number): ShardQueue {
    const shard = this.#shards[shardOf(userId)];
    if (shard === undefined) throw new Error(`user ${userId} belongs to no shard`);
    return shard;
  }
}
