import { type RedisClient, runScript } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { nodeOf, presenceKeys, type ShardKeys } from '../redis/keys.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import type { Members } from './lease.ts';
import { RepeatedTask } from './repeated-task.ts';

/** The links of one dead node that one sweep has removed. */
export interface Reaped {
  readonly nodeId: string;
  readonly links: number;
  /** Users who lost their last PC client. */
  readonly usersLost: number;
}

export interface ReaperOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  /** Returns the live nodes and the dead nodes, including those `found` in Redis. */
  readMembers(found: Iterable<string>): Promise<Members>;
  reaped(reaped: Reaped): void;
  failed(reason: string): void;
  /** Ms until PC users of a removed link are announced offline. 0 for never. */
  readonly offlineGraceMs: number;
  /** Interval of sweeps while no node is found dead. */
  readonly sweepEveryMs: number;
  /** Spreads the nodes' sweeps; from 0 up to but not including 1. */
  random(): number;
}

const USERS_PER_CALL = 500;

/** Delay before the next sweep after a failure, or when nodes may be dead soon. */
const RETRY_MS = 1000;

/** When a node dies, the others sweep within this time. The first leaves nothing for the rest. */
const SPREAD_MS = 500;

interface Candidate extends LeftBehind {
  readonly keys: ShardKeys;
}

/** The data of a node, which may be dead, in a shard. */
export interface LeftBehind {
  readonly nodeId: string;
  readonly stamp: string;
  readonly links: readonly LinkId[];
}

/**
 * Removes the links of dead nodes. They are found in the shards themselves and not in a list that
 * the dead node should have maintained, so a sweep is complete. It is fenced by the stamp of the
 * node's last call, so a node that wakes up and asserts itself meanwhile loses nothing.
 */
export class Reaper {
  readonly #options: ReaperOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #sweeps: RepeatedTask;
  #dead = new Set<string>();
  #sweeping: Promise<void> | undefined;

  constructor(options: ReaperOptions) {
    this.#options = options;
    const { sweepEveryMs, failed } = options;
    const run = (): Promise<void> => this.sweep();
    this.#sweeps = new RepeatedTask({ run, everyMs: sweepEveryMs, retryMs: RETRY_MS, failed });
    this.#shards = presenceKeys(options.namespace);
  }

  /** Starts sweeping, the first time soon. */
  start(): void {
    this.#sweeps.start(SPREAD_MS * this.#options.random());
  }

  /** Stops sweeping while Redis is unreliable. */
  stop(): void {
    this.#sweeps.stop();
  }

  /** Sweeps soon when a node has died since the last call. */
  members({ dead }: Members): void {
    const died = dead.some((nodeId) => !this.#dead.has(nodeId));
    this.#dead = new Set(dead);
    if (died) this.#sweeps.runWithin(SPREAD_MS * this.#options.random());
  }

  /** Sweeps now. Resolves when all data of dead nodes is removed. */
  async sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const candidates: Candidate[] = [];
    for (const keys of this.#shards) candidates.push(...(await this.#candidatesOf(keys)));
    // Called after the stamps were read. The lease of a node that is dead by then is ended, so the
    // node asserts everything when it wakes up. Its writes since then are protected by its stamps.
    const found = new Set(candidates.map(({ nodeId }) => nodeId));
    if (found.size === 0) return;
    const { live, dead } = await this.#options.readMembers(found);
    const isDead = new Set(dead);
    // Nodes without a known lease are dead once they were observed for long enough.
    if ([...found].some((nodeId) => !isDead.has(nodeId) && !live.includes(nodeId))) {
      this.#sweeps.runWithin(RETRY_MS);
    }
    const totals = new Map<string, { links: Set<LinkId>; usersLost: number }>();
    for (const candidate of candidates) {
      if (!isDead.has(candidate.nodeId)) continue;
      const total = totals.get(candidate.nodeId) ?? { links: new Set(), usersLost: 0 };
      totals.set(candidate.nodeId, total);
      total.usersLost += await this.#reap(candidate);
      for (const link of candidate.links) total.links.add(link);
    }
    for (const [nodeId, { links, usersLost }] of totals) {
      if (links.size > 0) this.#options.reaped({ nodeId, links: links.size, usersLost });
    }
  }

  async #candidatesOf(keys: ShardKeys): Promise<Candidate[]> {
    const { redis } = this.#options;
    const [stamps, links] = await Promise.all([
      redis.hgetall(keys.meta),
      redis.smembers(keys.links),
    ]);
    return parseCandidates(stamps, links).map((candidate) => ({ keys, ...candidate }));
  }

  async #reap({ keys, nodeId, stamp, links }: Candidate): Promise<number> {
    const { redis, offlineGraceMs } = this.#options;
    let usersLost = 0;
    try {
      for (const link of links) {
        const scriptKeys = [keys.users, keys.links, keys.meta, keys.held + link, keys.pending];
        for (let remaining = 1; remaining > 0; ) {
          const args = [link, nodeId, stamp, '', USERS_PER_CALL, offlineGraceMs, ''];
          const reply = await runScript(redis, SCRIPTS.releaseLink, [...scriptKeys, ...args]);
          const [left, ...lost] = Array.isArray(reply) ? reply : [0];
          remaining = Number(left);
          usersLost += lost.length;
        }
      }
      await runScript(redis, SCRIPTS.forgetNode, [keys.meta, nodeId, stamp]);
    } catch (error) {
      // The node is alive and asserts the removed entries again: nothing more to do here.
      if (!(error instanceof Error && error.message.startsWith('FENCED'))) throw error;
    }
    return usersLost;
  }
}

/** Parses the stamps in a shard's meta hash and its links. A field that begins with '@' is none. */
export function parseCandidates(
  stamps: Readonly<Record<string, string>>,
  links: readonly LinkId[],
): LeftBehind[] {
  const stampOf = new Map(Object.entries(stamps));
  const linksOf = Map.groupBy(links, nodeOf);
  const nodes = new Set([...stampOf.keys(), ...linksOf.keys()]);
  return [...nodes]
    .filter((nodeId) => !nodeId.startsWith('@'))
    .map((nodeId) => ({
      nodeId,
      stamp: stampOf.get(nodeId) ?? '',
      links: linksOf.get(nodeId) ?? [],
    }));
}
