import { type RedisClient, runScript } from '@route/redis';
import { presenceKeys, type ShardKeys } from '../redis/keys.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { RepeatedTask } from './repeated-task.ts';

/** The part of the node's engine that the reconciler uses. */
export interface AssertedPresence {
  /** Writes all entries of this node's links in a shard again. */
  assertShard(shard: number): void;
}

export interface ReconcilerOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly presence: AssertedPresence;
  /** `records` records had content that no node writes. They were repaired. */
  repaired(records: number): void;
  failed(reason: string): void;
  /** Interval between two shards. All shards are checked in 64 times this. */
  readonly shardEveryMs: number;
}

const RECORDS_PER_CALL = 200;

/**
 * Checks one shard after the other, continuously, and repairs damage that no failed call and no
 * lost connection reveals: keys that Redis has evicted or an operator has deleted. Without it, a
 * record whose link is no longer listed would stay for ever: a user who never goes offline.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #task: RepeatedTask;
  #next = 0;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { shardEveryMs, failed } = options;
    const run = (): Promise<void> => this.reconcileNext();
    this.#task = new RepeatedTask({ run, everyMs: shardEveryMs, retryMs: shardEveryMs, failed });
    this.#shards = presenceKeys(options.namespace);
  }

  /** Starts, or continues where it stopped. */
  start(): void {
    this.#task.start(this.#options.shardEveryMs);
  }

  /** Stops while Redis is unreliable. */
  stop(): void {
    this.#task.stop();
  }

  /** Reconciles the next shard. */
  async reconcileNext(): Promise<void> {
    const shard = this.#next;
    const keys = this.#shards[shard];
    this.#next = (shard + 1) % this.#shards.length;
    if (keys === undefined) return;
    await this.#mend(keys);
    this.#options.presence.assertShard(shard);
  }

  /** Reconciles every shard once. */
  async reconcileAll(): Promise<void> {
    for (let i = 0; i < this.#shards.length; i++) await this.reconcileNext();
  }

  async #mend({ users, links, held }: ShardKeys): Promise<void> {
    let cursor = '0';
    let mended = 0;
    do {
      const args = [users, links, held, cursor, RECORDS_PER_CALL];
      const reply = await runScript(this.#options.redis, SCRIPTS.mendLinks, args);
      const [next, , records]: unknown[] = Array.isArray(reply) ? reply : ['0'];
      cursor = String(next);
      mended += Number(records ?? 0);
    } while (cursor !== '0');
    if (mended > 0) this.#options.repaired(mended);
  }
}
