import { type RedisClient, runScript } from '@route/redis';
import { presenceKeys, type ShardKeys } from '../redis/keys.ts';
import { SCRIPTS } from '../redis/scripts.ts';

/** What an audit needs of the node's own engine. */
export interface AssertedPresence {
  /** Sets again what this node's links hold in a shard. */
  assertShard(shard: number): void;
}

export interface ReconcilerOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly presence: AssertedPresence;
  /** So many records held what no node writes, and were set right. */
  repaired(records: number): void;
  failed(reason: string): void;
  /** How long between two shards; all are looked at in 64 times this. */
  readonly shardEveryMs: number;
}

const RECORDS_PER_CALL = 200;

/**
 * Looks at one shard after the other, for ever, and sets right what no failed call and no lost
 * connection has told of: keys that Redis has evicted or somebody deleted. Without it a record whose
 * link cannot be found from it any more would stay for good: a user who never goes offline.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #shards: readonly ShardKeys[];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#shards = presenceKeys(options.namespace);
  }

  /** Begins to audit, where it ended the last time. */
  start(): void {
    this.stop();
    const timer = setTimeout(() => {
      this.reconcileNext()
        .catch((error: unknown) => {
          this.#options.failed(error instanceof Error ? error.message : String(error));
        })
        .finally(() => {
          if (this.#timer === timer) this.start();
        });
    }, this.#options.shardEveryMs);
    this.#timer = timer;
  }

  /** Ends auditing, for as long as Redis cannot be relied on. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Audits the shard whose turn it is. */
  async reconcileNext(): Promise<void> {
    const shard = this.#next;
    const keys = this.#shards[shard];
    this.#next = (shard + 1) % this.#shards.length;
    if (keys === undefined) return;
    await this.#mend(keys);
    this.#options.presence.assertShard(shard);
  }

  /** Audits every shard once. */
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
