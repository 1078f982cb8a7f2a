import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { runScript } from '@route/redis';
import { RepeatedTask } from '../cluster/repeated-task.ts';
import type { PresenceEvents, UserState } from '../presence.ts';
import { type PresenceStore, presenceKeys, type ShardKeys } from '../redis/keys.ts';
import { Pace } from '../redis/pace.ts';
import type { PresenceRedis } from '../redis/presence-redis.ts';
import { type BackUser, parseBack, userPairs } from '../redis/replies.ts';
import { SCRIPTS } from '../redis/scripts.ts';

export interface OfflineGraceOptions extends PresenceStore {
  /** How many users per second this node announces at most. */
  readonly perSecond: number;
  readonly presence: Pick<PresenceRedis, 'announcedUsers' | 'pcClient' | 'versions'>;
  /** The grace of a user is over: announce the user offline to every link. */
  lost(userId: number, state: UserState, version: number): void;
  /** A user announced offline before Redis lost data has a PC client again. */
  readonly back: PresenceEvents['back'];
  failed(reason: string): void;
}

/** How many announced users one call stores again in Redis. */
const NOTED_PER_CALL = 200;

/** How often the shards are checked for due users. */
const LOOK_MS = 500;

/** How long a user claimed by one node is not given to another. */
const HOLD_MS = 10_000;

/**
 * Announces users whose last PC client ended with a link, if they do not return within the grace.
 * One node claims each user and, once it has announced the user, removes the pending entry.
 */
export class OfflineGrace {
  readonly #options: OfflineGraceOptions;
  readonly #shards: readonly ShardKeys[];
  readonly #pace: Pace;
  /** The shard that is checked first next time. At a low pace, each shard is first in turn. */
  #first = 0;
  /** Shards in which Redis may have lost announced users. */
  #unsure = new Set<number>();
  readonly #looks: RepeatedTask;

  constructor(options: OfflineGraceOptions) {
    this.#options = options;
    const { failed } = options;
    this.#looks = new RepeatedTask(() => this.look(), { everyMs: LOOK_MS, failed });
    this.#shards = presenceKeys(options.namespace);
    this.#pace = new Pace(options.perSecond);
  }

  /** Starts checking. Redis may have lost data since the last check. */
  start(): void {
    this.#unsure = new Set(this.#shards.keys());
    this.#looks.start();
  }

  stop(): void {
    this.#looks.stop();
  }

  /** Announces due users, as many as the pace of one check allows. */
  async look(): Promise<void> {
    for (const shard of [...this.#unsure]) await this.#noteAnnounced(shard);
    let left = this.#pace.advance(LOOK_MS);
    const share = Math.ceil(left / this.#shards.length);
    const first = this.#first;
    for (let i = 0; i < this.#shards.length && left > 0; i++) {
      const shard = (first + i) % this.#shards.length;
      const keys = this.#shards[shard];
      if (keys !== undefined) left -= await this.#announceDue(keys, Math.min(left, share));
      this.#first = (shard + 1) % this.#shards.length;
    }
  }

  /** @returns how many users were announced. */
  async #announceDue(keys: ShardKeys, most: number): Promise<number> {
    const { version, claimedUntil, users } = await this.#claim(keys, most);
    for (const { userId, state } of users) this.#options.lost(userId, state, version);
    if (users.length > 0) {
      const ids = users.map(({ userId }) => userId);
      await runScript(this.#options.redis, SCRIPTS.settleUsers, [
        keys.pending,
        claimedUntil,
        ...ids,
      ]);
    }
    return users.length;
  }

  /** Stores the announced users of a shard in Redis again and reports those who have returned. */
  async #noteAnnounced(shard: number): Promise<void> {
    const { presence } = this.#options;
    const keys = this.#shards[shard];
    const announced = presence.announcedUsers.inShard(shard);
    for (let at = 0; keys !== undefined && at < announced.length; at += 2 * NOTED_PER_CALL) {
      const given = announced.slice(at, at + 2 * NOTED_PER_CALL);
      const { version, back } = await this.#claim(keys, 0, given);
      for (const { userId, toldVersion } of back) {
        // A client on another node is unknown: Windows, as in the answer to a status query.
        const client = { userId, clientType: CLIENT_TYPE.windows, status: USER_STATUS.online };
        const update = presence.pcClient(userId) ?? client;
        this.#options.back(update, Number(toldVersion), version);
      }
    }
    this.#unsure.delete(shard);
  }

  async #claim(keys: ShardKeys, most: number, announced: readonly number[] = []): Promise<Claimed> {
    const { redis, presence } = this.#options;
    const { users, pending, meta, announcedOffline } = keys;
    const own = [most, HOLD_MS, presence.versions.highest];
    const args = [users, pending, meta, announcedOffline, ...own, ...announced];
    const claimed = parseClaimed(await runScript(redis, SCRIPTS.claimPending, args));
    presence.versions.raise(claimed.version);
    return claimed;
  }
}

export interface Claimed {
  readonly version: number;
  /** When the claim ends, as Redis writes it. */
  readonly claimedUntil: string;
  readonly users: readonly { readonly userId: number; readonly state: UserState }[];
  /** Announced users with a PC client again. */
  readonly back: readonly BackUser[];
}

/** Parses a reply of claim-pending. It is empty when no user was claimed. */
export function parseClaimed(reply: unknown): Claimed {
  const [version, claimedUntil, due, back]: unknown[] = Array.isArray(reply) ? reply : [];
  const number = Number(version);
  if (!Number.isSafeInteger(number) || number <= 0) {
    return { version: 0, claimedUntil: '', users: [], back: [] };
  }
  const users = userPairs(due).map(([userId, state]): Claimed['users'][number] => {
    return { userId, state: state === '1' ? 'mobile-only' : 'gone' };
  });
  return { version: number, claimedUntil: String(claimedUntil), users, back: parseBack(back) };
}
