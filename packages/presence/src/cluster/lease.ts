import {
  errorText,
  hasTakenOver,
  loadScripts,
  onServerGone,
  type PrimaryRange,
  readPrimaries,
  runScript,
  SHARD_COUNT,
} from '@route/redis';
import { nodesKeys, type PresenceStore, SCHEMA } from '../redis/keys.ts';
import type { PresenceRedis } from '../redis/presence-redis.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { LeaseObserver } from './lease-observer.ts';
import { parseLeaseReply, type Refused, type Renewed } from './lease-reply.ts';
import type { NodeInfo } from './node-info.ts';

/** The live nodes, and the dead nodes that have left data in Redis. */
export interface Members {
  /** Includes nodes whose lease Redis has lost, until they count as dead. */
  readonly live: readonly string[];
  readonly dead: readonly string[];
  /** The info of live nodes, without that of software that publishes another format. */
  readonly nodes: readonly NodeInfo[];
  /** Leases and records in the registry that no node of this release has written. */
  readonly malformed: number;
}

export interface LeaseEvents {
  /** The lease is new, or it or the connection was lost: everything must be asserted again. */
  acquired(): void;
  /** All live nodes have asserted their links since, or had the length of a lease for it. */
  settled(): void;
  /** Redis is unreliable until {@link LeaseEvents.acquired} is called again. */
  lost(reason: string): void;
  /** At each attempt while nodes here use another schema, number of shards or release. */
  refused(reason: string): void;
  /** After each renewal. */
  members(members: Members): void;
  failed?(reason: string): void;
}

export interface LeaseOptions extends PresenceStore {
  readonly nodeId: string;
  /** Milliseconds without renewal before a node is considered dead. */
  readonly leaseMs: number;
  nodeInfo(): NodeInfo;
  presence(): Pick<PresenceRedis, 'isAsserted' | 'versions'>;
  /** Monotonic milliseconds. */
  now(): number;
  readonly events: LeaseEvents;
}

const RETRY_MS = 250;

/** Interval of renewals until the lease is settled. */
const SETTLE_MS = 100;

/** The longest interval of renewals. Other nodes wait for a renewal before they are settled. */
const MOST_RENEW_MS = 500;

const LEASE_LOST = 'Redis has lost the lease, or it had ended';
const PRIMARIES_CHANGED = 'another server of the Redis Cluster has taken over';

/**
 * A node's right to count as alive. Renewing it also shows whether Redis is reliable and which
 * other nodes are alive: without an answer the lease is lost, whatever the client library reports.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #renewEveryMs: number;
  readonly #keys: readonly string[];
  readonly #observer: LeaseObserver;
  /** The last reply that was no refusal. */
  #renewed: Renewed | undefined;
  #held = false;
  #settled = false;
  #refused = false;
  #stopped = true;
  #renewing = false;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => {};
  /** The servers that stored the data at the last renewal. */
  #primaries: readonly PrimaryRange[] | undefined;
  /** The end returned by the last renewal. '' when the lease must be acquired anew. */
  #end = '';
  #doubts = 0;
  /** Settles when no call is in progress. */
  #asked: Promise<unknown> = Promise.resolve();
  #renewedAtMs = 0;
  #acquiredAtMs = 0;
  /** The epoch that began when the lease was acquired. Other nodes must assert in it, or later. */
  #acquiredEpoch = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewEveryMs = Math.min(MOST_RENEW_MS, Math.max(50, options.leaseMs / 10));
    const { members, info, asserted, cluster, oldLeases } = nodesKeys(options.namespace);
    this.#keys = [members, info, asserted, cluster, oldLeases];
    this.#observer = new LeaseObserver(options.leaseMs);
  }

  /** Whether the node has the lease and Redis answers. */
  get held(): boolean {
    return this.#held;
  }

  /** The earliest end of the lease, by the last renewal. */
  get endsAt(): number {
    return this.#renewedAtMs + this.#options.leaseMs;
  }

  /**
   * Returns the live and the dead nodes, including those `found` in Redis. Renews the lease and
   * ends those of dead nodes, so that a dead node that wakes up asserts everything again.
   * @throws Error when Redis does not answer, or this node has lost its own lease.
   */
  async readMembers(found: Iterable<string> = []): Promise<Members> {
    const reply = await this.#askRedis('reap');
    const { now, nodeId } = this.#options;
    for (const node of found) if (node !== nodeId) this.#observer.found(node, now());
    // This call may have acquired a lapsed lease. The next renewal must not consider it unbroken.
    if (reply.kind === 'refused' || !reply.held) {
      this.markLost(LEASE_LOST);
      throw new Error(LEASE_LOST);
    }
    const ended = [...this.#observer.dead(now())].filter(([, end]) => end === undefined);
    return { ...this.#members(), dead: ended.map(([node]) => node) };
  }

  /** Acquires the lease as soon as Redis answers, and renews it. */
  start(): void {
    this.#stopped = false;
    const { redis } = this.#options;
    redis.on('ready', this.#onReady);
    this.#stopWatching = onServerGone(redis, () => this.markLost('connection to Redis lost'));
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    this.#stopWatching();
    this.#held = false;
    this.#end = '';
  }

  /** Publishes the node's info a last time before a graceful stop: no other node waits for it. */
  async leave(): Promise<void> {
    if (this.#held) await this.#askRedis('leave');
  }

  /** Removes the lease of a node that has not started after all and has left nothing in Redis. */
  async release(): Promise<void> {
    const { redis, namespace, nodeId } = this.#options;
    const { members, info, asserted } = nodesKeys(namespace);
    this.stop();
    // A renewal in progress would write the lease again.
    await this.#asked;
    await redis.zrem(members, nodeId);
    await Promise.all([redis.hdel(info, nodeId), redis.hdel(asserted, nodeId)]);
  }

  /** A call has failed or its outcome is unknown: the data of this node in Redis is uncertain. */
  markLost(reason: string): void {
    if (this.#held) {
      this.#held = false;
      this.#doubts++;
      this.#options.events.lost(reason);
    }
    this.#end = '';
    this.#refused = false;
    if (!this.#renewing) this.#schedule(RETRY_MS);
  }

  readonly #onReady = (): void => this.#schedule(0);

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#renew(), delayMs);
  }

  /** Renews the lease. 'reap' also ends leases of dead nodes. 'leave' renews for the last time. */
  #askRedis(why: 'renew' | 'reap' | 'leave'): Promise<Renewed | Refused> {
    // One at a time: each call sends the end that the previous one has set.
    const reply = this.#asked.then(() => this.#ask(why));
    this.#asked = reply.catch(() => undefined);
    return reply;
  }

  async #ask(why: 'renew' | 'reap' | 'leave'): Promise<Renewed | Refused> {
    const { redis, nodeId, leaseMs, now } = this.#options;
    const presence = this.#options.presence();
    const begunMs = now();
    // After a longer time the node may have been reaped, and has not seen others renew.
    const end = begunMs - this.#renewedAtMs < leaseMs ? this.#end : '';
    const standing = why === 'leave' ? 2 : this.#held && presence.isAsserted ? 1 : 0;
    const mayEnd = this.#refused || (why === 'reap' && end !== '');
    const dead = mayEnd ? [...this.#observer.dead(begunMs)] : [];
    const deadLeases = dead.flatMap(([node, end]) => (end === undefined ? [] : [node, end]));
    const doubts = this.#doubts;
    const info = JSON.stringify({ ...this.#options.nodeInfo(), leaseMs });
    const own = [nodeId, leaseMs, end, info, standing];
    const known = [this.#renewed?.epoch ?? 0, presence.versions.highest, SCHEMA, SHARD_COUNT];
    const args = [...this.#keys, ...own, ...known, ...deadLeases];
    const reply = parseLeaseReply(await runScript(redis, SCRIPTS.renewLease, args));
    const nowMs = now();
    const others = new Map(reply.leases);
    others.delete(nodeId);
    if (reply.kind === 'refused') {
      if (!this.#refused) this.#observer.begin(nowMs);
      this.#refused = true;
    } else {
      this.#refused = false;
      if (!reply.held) {
        this.#acquiredAtMs = nowMs;
        this.#acquiredEpoch = reply.epoch;
        this.#settled = false;
        this.#observer.begin(nowMs);
      }
      // A loss reported during the call is newer than the reply: the lease must be acquired anew,
      // and only by a renewal.
      const isSure = doubts === this.#doubts && (reply.held || why === 'renew');
      this.#end = isSure ? reply.end : '';
      this.#renewedAtMs = begunMs;
      this.#renewed = reply;
      presence.versions.raise(reply.version);
    }
    this.#observer.observe(others, nowMs);
    if (reply.kind === 'renewed') this.#observer.lengths(reply.nodeInfos);
    return reply;
  }

  #members(): Members {
    const { nodeId, now } = this.#options;
    const live = this.#observer.live(now());
    const lives = new Set(live).add(nodeId);
    return {
      live: [...lives],
      dead: [...this.#observer.dead(now()).keys()],
      nodes: this.#renewed?.nodeInfos.filter(({ node }) => lives.has(node)) ?? [],
      malformed: this.#renewed?.malformed ?? 0,
    };
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#options.redis.status !== 'ready') return;
    this.#renewing = true;
    const { redis, events } = this.#options;
    const wasHeld = this.#held;
    try {
      if (!wasHeld) await loadScripts(redis, Object.values(SCRIPTS));
      const primaries = await readPrimaries(redis);
      const isOther = this.#primaries !== undefined && hasTakenOver(this.#primaries, primaries);
      if (isOther) this.#end = '';
      if (this.#stopped) return;
      const reply = await this.#askRedis('renew');
      if (this.#stopped) return;
      this.#primaries = primaries;
      const stillHeld = this.#held;
      if (wasHeld && !stillHeld) return this.#schedule(RETRY_MS);
      if (reply.kind === 'refused') {
        if (wasHeld) this.markLost(LEASE_LOST);
        events.refused(refusalOf(reply));
        return this.#schedule(RETRY_MS);
      }
      if (wasHeld && !reply.held) events.lost(isOther ? PRIMARIES_CHANGED : LEASE_LOST);
      this.#held = true;
      events.members(this.#members());
      if (!wasHeld || !reply.held) events.acquired();
      else if (!this.#settled && this.#isComplete(reply)) {
        this.#settled = true;
        events.settled();
      }
      this.#schedule(this.#settled ? this.#renewEveryMs : Math.min(SETTLE_MS, this.#renewEveryMs));
    } catch (error) {
      this.#renewing = false;
      const reason = errorText(error);
      events.failed?.(reason);
      this.markLost(reason);
    } finally {
      this.#renewing = false;
    }
  }

  /** Whether all live nodes have asserted their links since the lease began, or had time to. */
  #isComplete({ asserted }: Renewed): boolean {
    const { now, leaseMs, nodeId } = this.#options;
    if (!this.#options.presence().isAsserted) return false;
    if (now() - this.#acquiredAtMs >= leaseMs) return true;
    return this.#observer
      .live(now())
      .every((node) => node === nodeId || (asserted.get(node) ?? 0) >= this.#acquiredEpoch);
  }
}

function refusalOf({ schema, shards, leases, older }: Refused): string {
  if (older.length > 0) {
    return `nodes of release 0.1.0 run in this namespace (${older}): stop them first, or use another ROUTE_NAMESPACE`;
  }
  const found = `schema ${schema || 'none'} and ${shards || 'no'} shards`;
  return `nodes in this namespace (${[...leases.keys()]}) use ${found}, expected schema ${SCHEMA} and ${SHARD_COUNT} shards`;
}
