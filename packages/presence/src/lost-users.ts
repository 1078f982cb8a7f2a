import { type RedisClient, runScript } from '@route/redis';
import { presenceKeys, type ShardKeys } from './keys.ts';
import type { UserState } from './presence.ts';
import { SCRIPTS } from './scripts.ts';

export interface LostUsersOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  /** How many users this node tells of in a second at the most. */
  readonly perSecond: number;
  /** A user's last PC client went with its link, and the grace is over: to be told to every link. */
  lost(userId: number, state: UserState, version: number): void;
  failed(reason: string): void;
}

/** How often the shards are asked who is due. */
const LOOK_MS = 500;

/** For how long a user handed out to one node is not handed out to another. */
const HOLD_MS = 10_000;

/**
 * Tells of the PC users whom a link's end took away and who have not come back in time. Each is handed
 * out to one node, and forgotten once that has told of it.
 */
export class LostUsers {
  readonly #options: LostUsersOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #perShard: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LostUsersOptions) {
    this.#options = options;
    this.#shards = presenceKeys(options.namespace);
    this.#perShard = Math.ceil((options.perSecond * LOOK_MS) / 1000 / this.#shards.length);
  }

  /** Begins to look. */
  start(): void {
    this.stop();
    const timer = setTimeout(() => {
      this.look()
        .catch((error: unknown) => {
          this.#options.failed(error instanceof Error ? error.message : String(error));
        })
        .finally(() => {
          if (this.#timer === timer) this.start();
        });
    }, LOOK_MS);
    this.#timer = timer;
  }

  /** Ends looking, for as long as Redis cannot be relied on. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Tells of those who are due, as many as go in one look. */
  async look(): Promise<void> {
    for (const keys of this.#shards) await this.#tellOf(keys);
  }

  async #tellOf({ users, lost, meta, told: toldKey }: ShardKeys): Promise<void> {
    const { redis } = this.#options;
    const args = [this.#perShard, HOLD_MS];
    const reply = await runScript(redis, SCRIPTS.claimLost, [users, lost, meta, toldKey, ...args]);
    const [version, heldUntil, ...claimed]: unknown[] = Array.isArray(reply) ? reply : [];
    const told: string[] = [];
    for (let i = 0; i < claimed.length; i += 2) {
      const user = String(claimed[i]);
      this.#options.lost(
        Number(user),
        claimed[i + 1] === 1 ? 'mobile-only' : 'gone',
        Number(version),
      );
      told.push(user);
    }
    if (told.length > 0) {
      await runScript(redis, SCRIPTS.settleLost, [lost, String(heldUntil), ...told]);
    }
  }
}
