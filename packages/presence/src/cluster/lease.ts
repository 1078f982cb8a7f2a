import {
  loadScripts,
  onServerGone,
  type RedisClient,
  readPrimaries,
  runScript,
  SHARD_COUNT,
} from '@route/redis';
import { nodesKeys, SCHEMA } from '../redis/keys.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { LeaseObserver } from './lease-observer.ts';
import { parseLeaseReply, type Refused, type Renewed } from './lease-reply.ts';
import type { NodeInfo } from './node-info.ts';

/** Which nodes live, and which are dead and have left something. */
export interface Members {
  /** Also nodes whose lease Redis has lost, until they count as dead. */
  readonly live: readonly string[];
  readonly dead: readonly string[];
  /** What the live ones publish about themselves; one whose software does it otherwise is missing. */
  readonly nodes: readonly NodeInfo[];
  /** Leases and records in the registry that no node of this release has written. */
  readonly malformed: number;
}

export interface LeaseEvents {
  /**
   * The lease is held, and what Redis knows of this node is in doubt: it is new, was lost, or the
   * connection was. Everything must be asserted again.
   */
  acquired(): void;
  /**
   * Since the lease was taken this node and every other live one has asserted its links: what Redis tells of users
   * is complete. At the latest when the other nodes had the length of a lease for it.
   */
  settled(): void;
  /** Redis cannot be relied on until {@link LeaseEvents.acquired} is told again. */
  lost(reason: string): void;
  /** The lease cannot be had: other nodes in this namespace work in another way. Told at each attempt. */
  refused(reason: string): void;
  /** After each renewal. */
  members(members: Members): void;
  /** A renewal has failed; told each time. */
  failed?(reason: string): void;
}

/** What the lease asks the node's presence. */
export interface LeasedPresence {
  /** Whether all that the node's links hold stands in Redis since the lease was taken. */
  readonly isAsserted: boolean;
  /** The highest version that the node knows of; another node's highest becomes known by setting it. */
  highestVersion: number;
}

export interface LeaseOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nodeId: string;
  /** How long a node that does not renew is still believed. */
  readonly leaseMs: number;
  /** What this node publishes about itself now. */
  nodeInfo(): NodeInfo;
  presence(): LeasedPresence;
  /** Monotonic milliseconds. */
  now(): number;
  readonly events: LeaseEvents;
}

/** How soon a failed renewal is tried again. */
const RETRY_MS = 250;

/** How often the lease is renewed until it is settled. */
const SETTLE_MS = 100;

/** The longest time between two renewals: a node that waits to be settled waits for the others' next ones. */
const MOST_RENEW_MS = 500;

const LEASE_LOST = 'Redis has lost the lease, or it had ended';
const PRIMARIES_CHANGED = 'another server of the Redis Cluster has taken over';

/**
 * A node's right to be believed. Renews the lease, tells whether Redis can be relied on, and which other nodes
 * live. It is also the probe of the connection: what does not answer is doubted, whatever the
 * client library says of it.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #renewEveryMs: number;
  readonly #keys: readonly string[];
  readonly #observer: LeaseObserver;
  #about: readonly NodeInfo[] = [];
  #malformed = 0;
  #held = false;
  #settled = false;
  #refused = false;
  #stopped = true;
  #renewing = false;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching: () => void = () => {};
  /** Which servers held the data at the last renewal. */
  #primaries: string | undefined;
  /** The end that the last renewal told; '' when the lease is to be taken anew. */
  #end = '';
  #doubts = 0;
  /** Ends when no call is under way. */
  #asked: Promise<unknown> = Promise.resolve();
  #renewedAtMs = 0;
  #acquiredAtMs = 0;
  /** The epoch that began when the lease was taken: other nodes must have asserted in it, or later. */
  #acquiredEpoch = 0;
  #epoch = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#renewEveryMs = Math.min(MOST_RENEW_MS, Math.max(50, options.leaseMs / 10));
    const { members, info, asserted, cluster, oldLeases } = nodesKeys(options.namespace);
    this.#keys = [members, info, asserted, cluster, oldLeases];
    this.#observer = new LeaseObserver(options.leaseMs);
  }

  /** Whether the lease is held and Redis answers. */
  get held(): boolean {
    return this.#held;
  }

  /** Until then at least the lease lives that was renewed last. */
  get endsAt(): number {
    return this.#renewedAtMs + this.#options.leaseMs;
  }

  /**
   * Which nodes live now, and which are dead, those `found` in Redis included; renews the lease on the way, and ends
   * those of dead nodes: one that wakes up finds its lease missing, and asserts everything again.
   * @throws Error when Redis does not answer, or this node has lost its own lease.
   */
  async readMembers(found: Iterable<string> = []): Promise<Members> {
    const reply = await this.#askRedis('reap');
    const { now, nodeId } = this.#options;
    for (const node of found) if (node !== nodeId) this.#observer.found(node, now());
    // The call has taken up what had lapsed; the next renewal must not find it in good order.
    if (reply.kind === 'refused' || !reply.held) {
      this.markLost(LEASE_LOST);
      throw new Error(LEASE_LOST);
    }
    return { ...this.#members(), dead: this.#observer.ended(now()) };
  }

  /** Takes the lease as soon as Redis answers, and keeps it. */
  start(): void {
    this.#stopped = false;
    const { redis } = this.#options;
    redis.on('ready', this.#onReady);
    this.#stopWatching = onServerGone(redis, () => this.markLost('connection to Redis lost'));
    this.#schedule(0);
  }

  /** Lets the lease run out. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    this.#stopWatching();
    this.#held = false;
    this.#end = '';
  }

  /**
   * Publishes once more what the node says about itself, before it leaves in good order: no other node waits for it.
   * @throws the client's error when Redis does not answer.
   */
  async leave(): Promise<void> {
    if (this.#held) await this.#askRedis('leave');
  }

  /**
   * Gives the lease back: the node has not started after all, and has left nothing.
   * @throws the client's error when Redis does not answer.
   */
  async release(): Promise<void> {
    const { redis, namespace, nodeId } = this.#options;
    const { members, info, asserted } = nodesKeys(namespace);
    this.stop();
    // A renewal that is under way would put the lease back.
    await this.#asked;
    await redis.zrem(members, nodeId);
    await Promise.all([redis.hdel(info, nodeId), redis.hdel(asserted, nodeId)]);
  }

  /** A call has failed or its outcome is unknown: nothing that Redis holds of this node is sure. */
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

  /** Renews the lease; to reap ends those of dead nodes as well, to leave is to do it for the last time. */
  #askRedis(why: 'renew' | 'reap' | 'leave'): Promise<Renewed | Refused> {
    // One after the other: each tells the end that the one before has set.
    const reply = this.#asked.then(() => this.#ask(why));
    this.#asked = reply.catch(() => undefined);
    return reply;
  }

  async #ask(why: 'renew' | 'reap' | 'leave'): Promise<Renewed | Refused> {
    const { redis, nodeId, leaseMs, now } = this.#options;
    const presence = this.#options.presence();
    const begunMs = now();
    // A node that has not renewed for so long may have been reaped, and has not seen others renew.
    const end = begunMs - this.#renewedAtMs < leaseMs ? this.#end : '';
    const standing = why === 'leave' ? 2 : this.#held && presence.isAsserted ? 1 : 0;
    const mayEnd = this.#refused || (why === 'reap' && end !== '');
    const dead = mayEnd ? this.#observer.deadLeases(begunMs) : [];
    const doubts = this.#doubts;
    const reply = parseLeaseReply(
      await runScript(redis, SCRIPTS.renewLease, [
        ...this.#keys,
        ...[
          nodeId,
          leaseMs,
          end,
          JSON.stringify({ ...this.#options.nodeInfo(), leaseMs }),
          standing,
        ],
        ...[this.#epoch, presence.highestVersion, SCHEMA, SHARD_COUNT],
        ...dead,
      ]),
    );
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
      // A doubt that came up meanwhile is newer than the answer: the lease is taken anew, and by a renewal alone.
      const isSure = doubts === this.#doubts && (reply.held || why === 'renew');
      this.#end = isSure ? reply.end : '';
      this.#renewedAtMs = begunMs;
      this.#epoch = reply.epoch;
      this.#about = reply.nodeInfos;
      this.#malformed = reply.malformed;
      presence.highestVersion = Math.max(presence.highestVersion, reply.version);
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
      dead: this.#observer.dead(now()),
      nodes: this.#about.filter(({ node }) => lives.has(node)),
      malformed: this.#malformed,
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
      const moved = this.#primaries !== undefined && this.#primaries !== primaries;
      if (moved) this.#end = '';
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
      if (wasHeld && !reply.held) events.lost(moved ? PRIMARIES_CHANGED : LEASE_LOST);
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
      const reason = error instanceof Error ? error.message : String(error);
      events.failed?.(reason);
      this.markLost(reason);
    } finally {
      this.#renewing = false;
    }
  }

  /** Whether all live nodes have asserted their links since this node took its lease, or had the time for it. */
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
