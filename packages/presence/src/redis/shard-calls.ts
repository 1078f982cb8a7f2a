import { type RedisClient, runScript, shardOf } from '@route/redis';
import { packNumbers, packTexts } from '../ledger/packed-list.ts';
import type { LinkId, UserState } from '../presence.ts';
import { nodeOf, type ShardKeys } from './keys.ts';
import { SCRIPTS } from './scripts.ts';

/** The identity and connection with which a node calls Redis. */
export interface ShardCaller {
  readonly redis: RedisClient;
  readonly nodeId: string;
  /**
   * A number that grows with every call of this node. Redis refuses a call that arrives after a
   * later one.
   */
  nextStamp(): number;
  /**
   * Redis has a later stamp of this node than it can have used: the next stamps must be above it.
   */
  stampSeen(stamp: number): void;
  /** The highest version that the node knows. Replies from Redis raise it. */
  highestVersion: number;
}

/** Entries to set and users to read, in order, for one call. */
export class UpdateBatch {
  readonly #userIds: number[] = [];
  /** Link id, entry, link id, ...: the distinct values that operations set. */
  readonly #said: string[] = [];
  readonly #places = new Map<LinkId, Map<string, number>>();
  readonly #which: number[] = [];
  #onlyRemoves = true;

  /** The number of operations. */
  get length(): number {
    return this.#userIds.length;
  }

  /**
   * Whether all operations remove: an operation that frees memory must not be refused for lack of
   * it.
   */
  get onlyRemoves(): boolean {
    return this.#onlyRemoves;
  }

  /** Sets the entry of a user on a link, '' for none. */
  set(link: LinkId, userId: number, holding: string): void {
    this.#say(link, userId, holding);
    if (holding !== '') this.#onlyRemoves = false;
  }

  /**
   * Sets the entry that remains after an OFFLINE. `announced`: it was a PC client, so the node
   * announces the user.
   */
  take(
    link: LinkId,
    userId: number,
    holding: { readonly text: string; readonly announced: boolean },
  ): void {
    this.#say(link, userId, holding.announced ? `!${holding.text}` : holding.text);
  }

  /** Reads the user after the operations before this one. */
  read(userId: number): void {
    this.#say('', userId, '');
  }

  get args(): Buffer[] {
    return [packNumbers(this.#userIds), packTexts(this.#said), Buffer.from(this.#which)];
  }

  #say(link: LinkId, userId: number, holding: string): void {
    this.#userIds.push(userId);
    this.#which.push(this.#placeOf(link, holding));
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

/** A byte selects the value that an operation sets, which limits the operations of a call. */
export const MOST_OPERATIONS = 256;

/** The version of the first operation, and the state of each operation's user right after it. */
export interface Applied {
  readonly version: number;
  readonly states: States;
  /** Users announced offline after the grace who have a PC client now. */
  readonly back: readonly BackUser[];
  /**
   * Users whom an update takes offline and whom some node has announced offline since their link
   * ended.
   */
  readonly known: readonly BackUser[];
}

/** A user announced offline after the grace. */
export interface BackUser {
  readonly userId: number;
  /** The version of the offline announcement, as Redis writes it. */
  readonly toldVersion: string;
}

/** One digit per user, as Redis writes them; see {@link stateAt}. */
export type States = string;

const STATES: readonly UserState[] = ['gone', 'mobile-only', 'pc'];
const ZERO = '0'.charCodeAt(0);

/** Returns the state of the i-th user. */
export function stateAt(states: States, i: number): UserState {
  return STATES[states.charCodeAt(i) - ZERO] ?? 'gone';
}

/** The operations on one shard, one call each. */
export class ShardCalls {
  readonly #keys: ShardKeys;
  readonly #caller: ShardCaller;
  /** The stamp of the last call that was answered. */
  #last = '';

  constructor(keys: ShardKeys, caller: ShardCaller) {
    this.#keys = keys;
    this.#caller = caller;
  }

  /**
   * Begins a series of calls in the shard. Later calls are refused if Redis has lost one of them.
   * @returns the links of this node that Redis lists here.
   */
  async survey(): Promise<readonly LinkId[]> {
    const { users, links, meta, held, pending, announcedOffline } = this.#keys;
    const { redis, nodeId } = this.#caller;
    const stamp = this.#caller.nextStamp();
    const args = [users, links, meta, held, pending, announcedOffline, nodeId, stamp];
    try {
      const own = parseSurvey(await runScript(redis, SCRIPTS.surveyShard, args), nodeId);
      this.#last = String(stamp);
      return own;
    } catch (error) {
      const later = error instanceof Error && /^STALE .* after (\d+)$/.exec(error.message)?.[1];
      if (later) this.#caller.stampSeen(Number(later));
      throw error;
    }
  }

  /** Sets entries and reads users in between. */
  async apply(saying: UpdateBatch): Promise<Applied> {
    const { users, links, meta, held, pending, announcedOffline } = this.#keys;
    const { redis, nodeId, highestVersion } = this.#caller;
    const keys = [users, links, meta, held, pending, announcedOffline];
    const stamp = this.#caller.nextStamp();
    const args = [nodeId, stamp, this.#last, highestVersion, ...saying.args];
    const script = saying.onlyRemoves ? SCRIPTS.applyRemovals : SCRIPTS.applyUpdates;
    const reply = listOf(await runScript(redis, script, [...keys, ...args]), 'apply-updates');
    this.#last = String(stamp);
    const applied = parseApplied(reply);
    const last = applied.version + saying.length - 1;
    this.#caller.highestVersion = Math.max(this.#caller.highestVersion, last);
    return applied;
  }

  /** Removes returned users from the announced ones, once every link is notified. */
  async settleBack(back: readonly BackUser[]): Promise<void> {
    const byVersion = Map.groupBy(back, ({ toldVersion }) => toldVersion);
    for (const [version, users] of byVersion) {
      const ids = users.map(({ userId }) => userId);
      await runScript(this.#caller.redis, SCRIPTS.settleLost, [
        this.#keys.announcedOffline,
        version,
        ...ids,
      ]);
    }
  }

  /** Reads the states of users. */
  async read(userIds: readonly number[]): Promise<States> {
    const { users, meta } = this.#keys;
    const args = [users, meta, this.#caller.nodeId, this.#last, packNumbers(userIds)];
    return String(await runScript(this.#caller.redis, SCRIPTS.readStates, args));
  }

  /**
   * Removes up to `limit` users of a link of this node. Users who have lost their last PC client,
   * including `pcUsers`, become pending for the offline announcement after the grace.
   * @returns how many users are left.
   */
  async release(
    link: LinkId,
    { limit, graceMs, pcUsers }: { limit: number; graceMs: number; pcUsers: readonly number[] },
  ): Promise<number> {
    const { users, links, meta, held, pending } = this.#keys;
    const { redis, nodeId } = this.#caller;
    const stamp = this.#caller.nextStamp();
    const packed = pcUsers.length > 0 ? packNumbers(pcUsers) : '';
    const keys = [users, links, meta, held + link, pending];
    const args = [link, nodeId, this.#last, stamp, limit, graceMs, packed];
    const reply = await runScript(redis, SCRIPTS.releaseLink, [...keys, ...args]);
    this.#last = String(stamp);
    return Number(listOf(reply, 'release-link')[0]);
  }

  /** Returns the users of a link in this shard (`shard`), by Redis. Removes invalid members. */
  async held(link: LinkId, shard: number): Promise<number[]> {
    const { redis } = this.#caller;
    const key = this.#keys.held + link;
    const members = await redis.smembers(key);
    const isUser = (text: string): boolean => isUserId(text) && shardOf(Number(text)) === shard;
    const garbage = members.filter((text) => !isUser(text));
    if (garbage.length > 0) await redis.srem(key, ...garbage);
    return members.filter(isUser).map(Number);
  }
}

/**
 * Parses a reply of survey-shard: links of the node.
 * @throws Error when it is no list.
 */
export function parseSurvey(reply: unknown, nodeId: string): readonly LinkId[] {
  const [, ...links] = listOf(reply, 'survey-shard');
  return links.filter((link) => typeof link === 'string').filter((link) => nodeOf(link) === nodeId);
}

/**
 * Parses a reply of apply-updates.
 * @throws Error when it is no such reply.
 */
export function parseApplied(reply: readonly unknown[]): Applied {
  const [version, states, back, known] = reply;
  if (!isVersion(version) || typeof states !== 'string') {
    throw new Error(`apply-updates replied ${String(version)}, expected a version and states`);
  }
  return { version, states, back: parseBack(back), known: parseBack(known) };
}

/** Parses users with the versions of their offline announcements. Invalid user ids are skipped. */
export function parseBack(back: unknown): readonly BackUser[] {
  const list: readonly unknown[] = Array.isArray(back) ? back : [];
  const users: BackUser[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    const user = String(list[i]);
    if (isUserId(user)) users.push({ userId: Number(user), toldVersion: String(list[i + 1]) });
  }
  return users;
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a text is a user id as nodes write it. */
export function isUserId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= 0xffff_ffff;
}

function listOf(reply: unknown, script: string): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error(`${script} replied ${String(reply)}, expected a list`);
  return reply;
}
