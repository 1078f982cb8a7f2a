import { runScript } from '@route/redis';
import { type PresenceStore, presenceKeys, type ShardKeys } from '../redis/keys.ts';
import type { PresenceRedis } from '../redis/presence-redis.ts';
import { SCRIPTS } from '../redis/scripts.ts';
import { RepeatedTask } from './repeated-task.ts';

export interface ReconcilerOptions extends PresenceStore {
  readonly presence: Pick<PresenceRedis, 'assertShard'>;
  /** `records` records had content that no node writes. They were repaired. */
  repaired(records: number): void;
  failed(reason: string): void;
  /** Interval between two shards. All shards are checked in 64 times this. */
  readonly shardEveryMs: number;
}

const RECORDS_PER_CALL = 200;

/**
 * Repairs, shard by shard, damage that no failed call and no lost connection reveals: keys that
 * were evicted or deleted. Without it, a user whose link is no longer listed would stay online for
 * ever.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #task: RepeatedTask;
  #next = 0;

  constructor(options: ReconcilerOptions) {
    const { shardEveryMs: everyMs, failed } = options;
    this.#options = options;
    this.#shards = presenceKeys(options.namespace);
    this.#task = new RepeatedTask(() => this.reconcileNext(), { everyMs, failed });
  }

  /** Starts, or continues where it stopped. */
  start(): void {
    this.#task.start();
  }

  stop(): void {
    this.#task.stop();
  }

  async reconcileNext(): Promise<void> {
    const shard = this.#next;
    const keys = this.#shards[shard];
    this.#next = (shard + 1) % this.#shards.length;
    if (keys === undefined) return;
    await this.#mend(keys);
    this.#options.presence.assertShard(shard);
  }

  async #mend({ users, links, linkUsers }: ShardKeys): Promise<void> {
    let cursor = '0';
    let mended = 0;
    do {
      const args = [users, links, linkUsers, cursor, RECORDS_PER_CALL];
      const reply = await runScript(this.#options.redis, SCRIPTS.mendLinks, args);
      const [next, , records]: unknown[] = Array.isArray(reply) ? reply : ['0'];
      cursor = String(next);
      mended += Number(records ?? 0);
    } while (cursor !== '0');
    if (mended > 0) this.#options.repaired(mended);
  }
}
