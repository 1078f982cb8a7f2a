import { runScript } from '@route/redis';
import type { LinkId } from '../presence.ts';
import { nodeOf, type PresenceStore, presenceKeys, type ShardKeys } from '../redis/keys.ts';
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

export interface ReaperOptions extends PresenceStore {
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

/** The data of a node, which may be dead, in a shard. */
export interface LeftBehind {
  readonly nodeId: string;
  readonly stamp: string;
  readonly links: readonly LinkId[];
}

type Candidate = LeftBehind & { readonly keys: ShardKeys };

/**
 * Removes the links of dead nodes. They are found in the shards and not in a list that the dead
 * node should have maintained. Fenced by the stamp of the node's last call: a node that wakes up
 * and asserts itself meanwhile loses nothing.
 */
export class Reaper {
  readonly #options: ReaperOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #sweeps: RepeatedTask;
  #dead = new Set<string>();
  #sweeping: Promise<void> | undefined;

  constructor(options: ReaperOptions) {
    this.#options = options;
    const { sweepEveryMs: everyMs, failed } = options;
    this.#sweeps = new RepeatedTask(() => this.sweep(), { everyMs, retryMs: RETRY_MS, failed });
    this.#shards = presenceKeys(options.namespace);
  }

  start(): void {
    this.#sweeps.start(SPREAD_MS * this.#options.random());
  }

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
    const { redis } = this.#options;
    const candidates: Candidate[] = [];
    for (const keys of this.#shards) {
      const meta = redis.hgetall(keys.meta);
      const [stamps, links] = await Promise.all([meta, redis.smembers(keys.links)]);
      for (const left of parseCandidates(stamps, links)) candidates.push({ keys, ...left });
    }
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
    const reapable = candidates.filter(({ nodeId }) => isDead.has(nodeId));
    for (const [nodeId, leftBehind] of Map.groupBy(reapable, (candidate) => candidate.nodeId)) {
      const links = new Set(leftBehind.flatMap((candidate) => candidate.links));
      let usersLost = 0;
      for (const candidate of leftBehind) usersLost += await this.#reap(candidate);
      if (links.size > 0) this.#options.reaped({ nodeId, links: links.size, usersLost });
    }
  }

  async #reap({ keys, nodeId, stamp, links }: Candidate): Promise<number> {
    const { redis, offlineGraceMs } = this.#options;
    let usersLost = 0;
    try {
      for (const link of links) {
        const scriptKeys = [keys.users, keys.links, keys.meta, keys.linkUsers + link, keys.pending];
        const args = [link, nodeId, stamp, '', USERS_PER_CALL, offlineGraceMs, ''];
        for (let remaining = 1; remaining > 0; ) {
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
