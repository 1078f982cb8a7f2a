import type { ClientStatus } from '@route/protocol';
import { shardOf } from '@route/redis';
import { AnnouncedUsers } from '../grace/announced-users.ts';
import type { CountedLink } from '../ledger/counted-link.ts';
import { LinkPresence } from '../ledger/link-presence.ts';
import { readUserConnections } from '../ledger/user-connections.ts';
import { byShard } from '../ledger/user-list.ts';
import type {
  Announced,
  ConfirmWhich,
  LinkId,
  Presence,
  QueryWaiter,
  UpdateWaiter,
  UserConnections,
} from '../presence.ts';
import { presenceKeys } from './keys.ts';
import type { PresenceRedisOptions, ShardContext } from './shard-context.ts';
import { ShardedQuery, type ShardOperation } from './shard-operations.ts';
import { ShardQueue } from './shard-queue.ts';
import { VersionClock } from './version-clock.ts';

/** Interval of attempts to write the entries that a full Redis refuses. */
const FULL_RETRY_MS = 250;

/**
 * Presence shared by all nodes through Redis. While suspended, queries are answered from the own
 * links. Updates are answered 'later' until {@link PresenceRedis.settled}: until then Redis may
 * lack users of other nodes' links, and the state after a commit would be wrong.
 */
export class PresenceRedis extends LinkPresence implements Presence {
  readonly announcedUsers: AnnouncedUsers;
  readonly versions = new VersionClock();
  readonly #options: PresenceRedisOptions;
  readonly #toConfirm: ShardContext['toConfirm'] = new Map();
  readonly #context: ShardContext;
  readonly #shards: readonly ShardQueue[];
  readonly #pumpAll = (): void => this.#pump();
  #suspended = true;
  #asserted = false;
  #settled = false;
  #pumpScheduled = false;
  /** Runs while Redis is full. */
  #fullTimer: NodeJS.Timeout | undefined;
  /** The index of the shard that the next pump begins with. */
  #firstShard = 0;

  constructor(options: PresenceRedisOptions) {
    super(options);
    this.#options = options;
    this.announcedUsers = new AnnouncedUsers(options.now);
    this.#context = {
      options,
      links: this.links,
      versions: this.versions,
      announcedUsers: this.announcedUsers,
      toConfirm: this.#toConfirm,
      stamp: 0,
      isFull: false,
      full: (reason) => this.#full(reason),
      bulkCalls: 0,
      schedulePump: () => this.#schedulePump(),
    };
    const keys = presenceKeys(options.namespace);
    this.#shards = keys.map((shardKeys, shard) => new ShardQueue(shard, shardKeys, this.#context));
  }

  /** Whether Redis contains all entries of this node's links again, after it was away. */
  get isAsserted(): boolean {
    this.#asserted ||= !this.#suspended && this.#shards.every((shard) => shard.isAsserted);
    return this.#asserted;
  }

  /** Whether Redis contains everything reported so far. */
  get isIdle(): boolean {
    return this.#settled && this.#shards.every((shard) => shard.isIdle);
  }

  versionSeen(version: number): boolean {
    return this.versions.seen(version);
  }

  async userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]> {
    const stored = await readUserConnections(this.#options, userIds);
    return stored.map((user) => ({
      ...user,
      connections: user.connections.map((connection) => ({
        ...connection,
        away: this.links.get(connection.link)?.entry(user.userId).away,
      })),
    }));
  }

  addClients(id: LinkId, clients: readonly ClientStatus[]): void {
    const link = this.links.opened(id);
    for (const client of clients) link.ledger.add(client);
    // While suspended nothing is queued: resuming asserts the complete ledgers.
    if (!link.counts || this.#suspended) return;
    // A user listed twice is written twice, with the same entry.
    for (const { shard, userIds } of byShard(clients)) this.#shards[shard]?.addBulk(link, userIds);
    this.#schedulePump();
  }

  update(id: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    const link = this.links.opened(id);
    const before = link.ledger.entry(update.userId);
    const entry = link.ledger.update(update);
    if (!link.counts) {
      waiter.updated(update, { kind: 'standby' });
      return;
    }
    const shard = this.#shardOf(update.userId);
    // Redis may lack a part of the user's state on this node's links.
    const local = shard.hasBulk ? this.links.stateOf(update.userId) : 'gone';
    // Visible to queries at once, although announced later, with the resulting state only.
    if (!this.#settled && !this.#suspended) shard.addBulk(link, Uint32Array.of(update.userId));
    const hadClient = entry !== before;
    this.#add(shard, { kind: 'update', link, update, entry, local, hadClient, waiter });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    const client = this.links.client(userId, which);
    if (client === undefined) return;
    const local = client.entry.state;
    this.#add(this.#shardOf(userId), { kind: 'confirm', ...client, local, waiter, which });
  }

  announced(userId: number, said: Announced, version: number): void {
    if (said !== 'there') this.#shardOf(userId).announced(userId);
    this.announcedUsers.note(userId, said, version);
  }

  isGraceOver(userId: number): boolean {
    return this.announcedUsers.has(userId);
  }

  pcClient(userId: number): ClientStatus | undefined {
    return this.links.client(userId, 'pc')?.update;
  }

  query(_link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void {
    if (userIds.length === 0) {
      waiter.answered(new Uint8Array(0));
      return;
    }
    const query = new ShardedQuery(userIds.length, waiter);
    for (let index = 0; index < userIds.length; index++) {
      const userId = userIds[index] ?? 0;
      const shard = this.#shardOf(userId);
      // Entries that this node has not sent to Redis yet are known locally.
      const known = this.#suspended || shard.hasBulk ? this.links.stateOf(userId) : 'gone';
      if (known === 'pc' || this.#suspended) query.answer(index, known === 'pc');
      else shard.addRead(query, index, userId);
    }
    this.#schedulePump();
  }

  /** Writes all entries of this node's links again, replacing their state in Redis. */
  resync(): void {
    for (const link of this.links.values()) if (link.counts) this.linkPromoted(link);
  }

  /** Writes this node's entries in a shard again, and releases links there that are not open. */
  assertShard(index: number): void {
    const shard = this.#shards[index];
    if (shard === undefined || this.#suspended) return;
    shard.survey('last');
    for (const link of this.links.values())
      if (link.counts && link.isIn(index)) shard.addBulk(link);
    this.#schedulePump();
  }

  /** Redis is reliable again, but the data of this node's links in it is uncertain. */
  resumed(): void {
    this.suspended();
    this.#suspended = false;
    for (const shard of this.#shards) shard.survey('first');
    this.resync();
    this.#schedulePump();
  }

  /** All nodes have asserted their links since this one {@link PresenceRedis.resumed}. */
  settled(): void {
    if (this.#suspended || this.#settled) return;
    this.#settled = true;
    for (const shard of this.#shards) shard.settle();
    this.#commitLate();
  }

  #commitLate(): void {
    for (const shard of this.#shards) shard.commitLate();
    const toConfirm = [...this.#toConfirm];
    this.#toConfirm.clear();
    for (const [userId, { waiter, which }] of toConfirm) this.confirm(userId, waiter, which);
    this.#schedulePump();
  }

  /** Entries wait until an attempt to write them all is not refused. */
  #full(reason: string): void {
    this.#context.isFull = true;
    if (!this.#suspended) this.#options.full(reason);
    this.#fullTimer ??= setTimeout(() => this.#retry(), FULL_RETRY_MS).unref();
  }

  #retry(): void {
    this.#fullTimer = undefined;
    const wasRefused = this.#context.isFull;
    this.#context.isFull = false;
    // Resuming writes everything.
    if (this.#suspended) return;
    if (!wasRefused) {
      this.#options.full(undefined);
      return;
    }
    if (this.#settled) this.#commitLate();
    this.#schedulePump();
    this.#fullTimer = setTimeout(() => this.#retry(), FULL_RETRY_MS).unref();
  }

  suspended(): void {
    this.#suspended = true;
    this.#asserted = false;
    this.#settled = false;
    for (const shard of this.#shards) shard.abandon();
  }

  protected linkPromoted(link: CountedLink): void {
    if (this.#suspended) return;
    this.#shards.forEach((shard, i) => {
      if (link.isIn(i)) shard.addBulk(link);
    });
    this.#schedulePump();
  }

  protected linkReleased(link: CountedLink, ended: boolean): void {
    this.#shards.forEach((shard, i) => {
      shard.dropBulk(link);
      if (!link.isIn(i)) return;
      // The ledger of a closed link no longer changes. That of a standby link does.
      const had = ended ? undefined : link.ledger.usersOf(i, 'pc');
      const hadPc = (): readonly number[] => had ?? link.ledger.usersOf(i, 'pc');
      const graceMs = this.#options.offlineGraceMs;
      const release = { kind: 'release', link, graceMs, hadPc } as const;
      if (this.#suspended) shard.putOff(release);
      else shard.add(release);
    });
    this.#schedulePump();
  }

  #add(shard: ShardQueue, operation: ShardOperation): void {
    if (this.#settled) shard.add(operation);
    else shard.putOff(operation);
    this.#schedulePump();
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
    // The number of bulk calls is limited, so each shard takes its turn to be first.
    const { length } = this.#shards;
    for (let i = 0; i < length; i++) this.#shards[(this.#firstShard + i) % length]?.pump();
    this.#firstShard = (this.#firstShard + 1) % length;
  }

  #shardOf(userId: number): ShardQueue {
    const shard = this.#shards[shardOf(userId)];
    if (shard === undefined) throw new Error(`user ${userId} belongs to no shard`);
    return shard;
  }
}
