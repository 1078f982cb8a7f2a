import { type RedisClient, runScript } from '@route/redis';
import { presenceKeys, type ShardKeys } from './keys.ts';
import { Pace } from './pace.ts';
import type { UserState } from './presence.ts';
import { SCRIPTS } from './scripts.ts';
import { isUserId } from './shard-calls.ts';

export interface LostUsersOptions {
  readonly redis: RedisClient;
  readonly namespace: string;
  /** How many users this node tells of in a second at the most. */
  readonly perSecond: number;
  /** Where the highest version that this node knows of is kept. */
  readonly versions: { highestVersion: number };
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
  readonly #pace: Pace;
  /** The shard that is asked first the next time: at a low pace each gets its turn. */
  #first = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LostUsersOptions) {
    this.#options = options;
    this.#shards = presenceKeys(options.namespace);
    this.#pace = new Pace(options.perSecond);
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
    let left = this.#pace.advance(LOOK_MS);
    const share = Math.ceil(left / this.#shards.length);
    const first = this.#first;
    for (let i = 0; i < this.#shards.length && left > 0; i++) {
      const shard = (first + i) % this.#shards.length;
      const keys = this.#shards[shard];
      if (keys !== undefined) left -= await this.#tellOf(keys, Math.min(left, share));
      this.#first = (shard + 1) % this.#shards.length;
    }
  }

  /** @returns how many were told of. */
  async #tellOf({ users, lost, meta, told: toldKey }: ShardKeys, most: number): Promise<number> {
    const { redis, versions } = this.#options;
    const args = [users, lost, meta, toldKey, most, HOLD_MS, versions.highestVersion];
    const claimed = parseClaimed(await runScript(redis, SCRIPTS.claimLost, args));
    if (claimed === undefined) return 0;
    const { version, heldUntil, users: lostUsers } = claimed;
    versions.highestVersion = Math.max(versions.highestVersion, version);
    for (const { userId, state } of lostUsers) {
      this.#options.lost(userId, state, version);
    }
    if (lostUsers.length > 0) {
      const ids = lostUsers.map(({ userId }) => userId);
      await runScript(redis, SCRIPTS.settleLost, [lost, heldUntil, ...ids]);
    }
    return lostUsers.length;
  }
}

/** Lost users handed out by claim-lost. */
export interface Claimed {
  readonly version: number;
  /** Until when they are held, as Redis writes it. */
  readonly heldUntil: string;
  readonly users: readonly { readonly userId: number; readonly state: UserState }[];
}

/** Reads a reply of claim-lost; undefined when no user is handed out. What is no user id is left out. */
export function parseClaimed(reply: unknown): Claimed | undefined {
  const [version, heldUntil, ...flat]: unknown[] = Array.isArray(reply) ? reply : [];
  const number = Number(version);
  if (!Number.isSafeInteger(number) || number <= 0) return undefined;
  const users: { userId: number; state: UserState }[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const user = String(flat[i]);
    if (!isUserId(user)) continue;
    users.push({ userId: Number(user), state: flat[i + 1] === 1 ? 'mobile-only' : 'gone' });
  }
  return { version: number, heldUntil: String(heldUntil), users };
}
