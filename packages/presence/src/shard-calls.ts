import { type RedisClient, runScript } from '@route/redis';
import type { ShardKeys } from './keys.ts';
import { packNumbers, packTexts } from './packed-list.ts';
import type { LinkId, UserState } from './presence.ts';
import { SCRIPTS } from './scripts.ts';

/** As whom a node speaks to Redis. */
export interface ShardCaller {
  readonly redis: RedisClient;
  readonly nodeId: string;
  /** A number that grows with every call of this node: Redis refuses a call that comes after a later one. */
  nextStamp(): number;
  /** After how many ms users lost with a link are told of; 0 for never. */
  readonly lostGraceMs: number;
}

/** Holdings that links have of users, and reads between them, gathered to be said in one call. */
export class Saying {
  readonly #userIds: number[] = [];
  /** Link id, holding, link id, ...: what is said of any user. */
  readonly #said: string[] = [];
  readonly #places = new Map<LinkId, Map<string, number>>();
  readonly #which: number[] = [];

  /** Sets what a link holds of a user, '' for nothing. */
  set(link: LinkId, userId: number, holding: string): void {
    this.#userIds.push(userId);
    this.#which.push(this.#placeOf(link, holding));
  }

  /** Reads the user as the operations before have left it. */
  read(userId: number): void {
    this.set('', userId, '');
  }

  get args(): Buffer[] {
    return [packNumbers(this.#userIds), packTexts(this.#said), Buffer.from(this.#which)];
  }

  #placeOf(link: LinkId, holding: string): number {
    let places = this.#places.get(link);
    if (places === undefined) {
      places = new Map();
      this.#places.set(link, places);
    }
    let place = places.get(holding);
    if (place === undefined) {
      place = this.#said.length / 2;
      places.set(holding, place);
      this.#said.push(link, holding);
    }
    return place;
  }
}

/** A byte tells which of the things said an operation says: one call carries no more operations. */
export const MOST_OPERATIONS = 256;

/** The version that the first operation got, and the state of each one's user right after it. */
export interface Applied {
  readonly version: number;
  readonly states: States;
  /** Those who were lost and told to be offline, and have a PC client now. */
  readonly back: readonly BackUser[];
}

/** A lost user who is back. */
export interface BackUser {
  readonly userId: number;
  /** The version with which he was told to be offline, as Redis writes it. */
  readonly toldVersion: string;
}

/** One digit a user, as Redis writes them; see {@link stateAt}. */
export type States = string;

const STATES: readonly UserState[] = ['gone', 'mobile-only', 'pc'];
const ZERO = '0'.charCodeAt(0);

/** The i-th of some users' states. */
export function stateAt(states: States, i: number): UserState {
  return STATES[states.charCodeAt(i) - ZERO] ?? 'gone';
}

/** What can be said and asked about one shard, one call each. */
export class ShardCalls {
  readonly #keys: ShardKeys;
  readonly #caller: ShardCaller;

  constructor(keys: ShardKeys, caller: ShardCaller) {
    this.#keys = keys;
    this.#caller = caller;
  }

  /** Sets what links hold of users and reads users in between. */
  async apply(saying: Saying): Promise<Applied> {
    const { users, links, meta, held, lost, told } = this.#keys;
    const { redis, nodeId } = this.#caller;
    const keys = [users, links, meta, held, lost, told];
    const args = [nodeId, this.#caller.nextStamp(), ...saying.args];
    const reply = await runScript(redis, SCRIPTS.applyUpdates, [...keys, ...args]);
    if (!Array.isArray(reply)) {
      throw new Error(`apply-updates replied ${String(reply)}, expected a list`);
    }
    const [version, states, back]: unknown[] = reply;
    return { version: Number(version), states: String(states), back: backUsersIn(back) };
  }

  /** Everybody was told that these are back. */
  async settleBack(back: readonly BackUser[]): Promise<void> {
    const byVersion = Map.groupBy(back, ({ toldVersion }) => toldVersion);
    for (const [version, users] of byVersion) {
      const ids = users.map(({ userId }) => userId);
      await runScript(this.#caller.redis, SCRIPTS.settleLost, [this.#keys.told, version, ...ids]);
    }
  }

  /** Reads the users whose ids are given. */
  async read(userIds: readonly number[]): Promise<States> {
    const args = [this.#keys.users, packNumbers(userIds)];
    return String(await runScript(this.#caller.redis, SCRIPTS.readStates, args));
  }

  /** Takes away a link of this node, up to so many users; returns how many are left. */
  async release(link: LinkId, limit: number): Promise<number> {
    const { users, links, meta, held, lost } = this.#keys;
    const { redis, nodeId, lostGraceMs } = this.#caller;
    const args = [link, nodeId, 'own', this.#caller.nextStamp(), limit, lostGraceMs];
    const keys = [users, links, meta, held + link, lost];
    const reply = await runScript(redis, SCRIPTS.releaseLink, [...keys, ...args]);
    if (!Array.isArray(reply)) {
      throw new Error(`release-link replied ${String(reply)}, expected a list`);
    }
    return Number(reply[0]);
  }

  /** Notes users who had a PC client on a link that is released: who has no other is to be told of. */
  async markLost(userIds: readonly number[]): Promise<void> {
    const { users, lost } = this.#keys;
    const { redis, lostGraceMs } = this.#caller;
    await runScript(redis, SCRIPTS.markLost, [users, lost, lostGraceMs, ...userIds]);
  }

  /** The users whom Redis knows a link to hold. */
  async held(link: LinkId): Promise<number[]> {
    const users = await this.#caller.redis.smembers(this.#keys.held + link);
    return users.map(Number);
  }
}

function backUsersIn(reply: unknown): BackUser[] {
  if (!Array.isArray(reply)) return [];
  const back: BackUser[] = [];
  for (let i = 0; i + 1 < reply.length; i += 2) {
    back.push({ userId: Number(reply[i]), toldVersion: String(reply[i + 1]) });
  }
  return back;
}
