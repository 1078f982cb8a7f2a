import { errorText, redisProblem, runScript, shardOf } from '@route/redis';
import { goesWithPc } from '../ledger/late-updates.ts';
import { packNumbers, packTexts } from '../ledger/packed-list.ts';
import type { LinkId, UserState } from '../presence.ts';
import { nodeOf, type ShardKeys } from './keys.ts';
import { type BackUser, isUserId, listOf, parseBack } from './replies.ts';
import { SCRIPTS } from './scripts.ts';
import type { ShardContext } from './shard-context.ts';
import { type BatchedOperation, enlarges } from './shard-operations.ts';

/** Entries to set and users to read, in order, for one call. */
export class UpdateBatch {
  /** Whether all operations remove: Redis must not refuse to free memory for lack of memory. */
  onlyRemoves = true;
  readonly #userIds: number[] = [];
  /** Link id, value, link id, ...: the distinct values that operations set. */
  readonly #values: string[] = [];
  readonly #places = new Map<LinkId, Map<string, number>>();
  readonly #which: number[] = [];

  get length(): number {
    return this.#userIds.length;
  }

  get args(): Buffer[] {
    return [packNumbers(this.#userIds), packTexts(this.#values), Buffer.from(this.#which)];
  }

  /** Sets the entry of a user on a link, '' for none. */
  set(link: LinkId, userId: number, text: string): void {
    this.#add(link, userId, text);
    if (text !== '') this.onlyRemoves = false;
  }

  /** Sets the entry left after an OFFLINE. `announced`: of a PC client, so it is announced. */
  remove(link: LinkId, userId: number, left: { text: string; announced: boolean }): void {
    this.#add(link, userId, left.announced ? `!${left.text}` : left.text);
  }

  /** Reads the user after the operations before this one. */
  read(userId: number): void {
    this.#add('', userId, '');
  }

  #add(link: LinkId, userId: number, value: string): void {
    const places = this.#places.get(link) ?? new Map<string, number>();
    this.#places.set(link, places);
    let place = places.get(value);
    if (place === undefined) {
      place = this.#values.length / 2;
      places.set(value, place);
      this.#values.push(link, value);
    }
    this.#userIds.push(userId);
    this.#which.push(place);
  }
}

export function batchOf(operations: readonly BatchedOperation[]): UpdateBatch {
  const batch = new UpdateBatch();
  for (const operation of operations) {
    if (operation.kind === 'reads') {
      for (const userId of operation.userIds) batch.read(userId);
      continue;
    }
    const { link, update, entry } = operation;
    if (enlarges(operation)) batch.set(link.id, update.userId, entry.text);
    else {
      batch.remove(link.id, update.userId, { text: entry.text, announced: goesWithPc(update) });
    }
  }
  return batch;
}

/** The version of the first operation, and the state of each operation's user right after it. */
export interface Applied {
  readonly version: number;
  readonly states: States;
  /** Users announced offline after the grace who have a PC client now. */
  readonly back: readonly BackUser[];
  /** Users that an update takes offline and that a node has announced offline already. */
  readonly known: readonly BackUser[];
}

/** One digit per user, as Redis writes them; see {@link stateAt}. */
export type States = string;

const STATES: readonly UserState[] = ['gone', 'mobile-only', 'pc'];

export function stateAt(states: States, i: number): UserState {
  return STATES[Number(states[i])] ?? 'gone';
}

/** The operations on one shard, one call each. */
export class ShardCalls {
  readonly #keys: ShardKeys;
  readonly #allKeys: readonly string[];
  readonly #context: ShardContext;
  /** The stamp of the last call that was answered. */
  #last = '';

  constructor(keys: ShardKeys, context: ShardContext) {
    const { users, links, meta, linkUsers, pending, announcedOffline } = keys;
    this.#keys = keys;
    this.#allKeys = [users, links, meta, linkUsers, pending, announcedOffline];
    this.#context = context;
  }

  /**
   * Begins a series of calls. Redis refuses later ones if it has lost one. Returns own links here.
   */
  async survey(): Promise<readonly LinkId[]> {
    const { redis, nodeId } = this.#context.options;
    const stamp = ++this.#context.stamp;
    try {
      const args = [...this.#allKeys, nodeId, stamp];
      const own = parseSurvey(await runScript(redis, SCRIPTS.surveyShard, args), nodeId);
      this.#last = String(stamp);
      return own;
    } catch (error) {
      // Redis has a later stamp of this node: the next ones must be above it.
      const later = error instanceof Error && /^STALE .* after (\d+)$/.exec(error.message)?.[1];
      if (later) this.#context.stamp = Math.max(this.#context.stamp, Number(later));
      throw error;
    }
  }

  /** Sets entries and reads users in between. Undefined if Redis is full: nothing is done. */
  async apply(batch: UpdateBatch): Promise<Applied | undefined> {
    const { versions, options } = this.#context;
    const stamp = ++this.#context.stamp;
    const call = [options.nodeId, stamp, this.#last, versions.highest];
    const args = [...this.#allKeys, ...call, ...batch.args];
    const script = batch.onlyRemoves ? SCRIPTS.applyRemovals : SCRIPTS.applyUpdates;
    let reply: unknown;
    try {
      reply = await runScript(options.redis, script, args);
    } catch (error) {
      const reason = errorText(error);
      if (batch.onlyRemoves || redisProblem(reason).code !== 'OOM') throw error;
      this.#context.full(reason);
      return undefined;
    }
    const list = listOf(reply, 'apply-updates');
    this.#last = String(stamp);
    const applied = parseApplied(list);
    versions.raise(applied.version + batch.length - 1);
    return applied;
  }

  /** Removes returned users from the announced ones, once every link is notified. */
  async settleBack(back: readonly BackUser[]): Promise<void> {
    const byVersion = Map.groupBy(back, ({ toldVersion }) => toldVersion);
    for (const [version, users] of byVersion) {
      const ids = users.map(({ userId }) => userId);
      const args = [this.#keys.announcedOffline, version, ...ids];
      await runScript(this.#context.options.redis, SCRIPTS.settleUsers, args);
    }
  }

  async read(userIds: readonly number[]): Promise<States> {
    const { users, meta } = this.#keys;
    const { redis, nodeId } = this.#context.options;
    const args = [users, meta, nodeId, this.#last, packNumbers(userIds)];
    return String(await runScript(redis, SCRIPTS.readStates, args));
  }

  /**
   * Removes up to `limit` users of a link and returns how many are left. Users without a PC client
   * now, and `pcUsers`, become pending for the offline announcement.
   */
  async release(
    link: LinkId,
    { limit, graceMs, pcUsers }: { limit: number; graceMs: number; pcUsers: readonly number[] },
  ): Promise<number> {
    const { users, links, meta, linkUsers, pending } = this.#keys;
    const { redis, nodeId } = this.#context.options;
    const stamp = ++this.#context.stamp;
    const packed = pcUsers.length > 0 ? packNumbers(pcUsers) : '';
    const keys = [users, links, meta, linkUsers + link, pending];
    const args = [link, nodeId, this.#last, stamp, limit, graceMs, packed];
    const reply = await runScript(redis, SCRIPTS.releaseLink, [...keys, ...args]);
    this.#last = String(stamp);
    return Number(listOf(reply, 'release-link')[0]);
  }

  /** Returns the users of a link in this shard (`shard`), by Redis. Removes invalid members. */
  async usersOf(link: LinkId, shard: number): Promise<number[]> {
    const { redis } = this.#context.options;
    const key = this.#keys.linkUsers + link;
    const members = await redis.smembers(key);
    const isUser = (text: string): boolean => isUserId(text) && shardOf(Number(text)) === shard;
    const garbage = members.filter((text) => !isUser(text));
    if (garbage.length > 0) await redis.srem(key, ...garbage);
    return members.filter(isUser).map(Number);
  }
}

/** Parses a reply of survey-shard: links of the node. Throws when it is no list. */
export function parseSurvey(reply: unknown, nodeId: string): readonly LinkId[] {
  const [, ...links] = listOf(reply, 'survey-shard');
  return links.filter((link) => typeof link === 'string').filter((link) => nodeOf(link) === nodeId);
}

/** Parses a reply of apply-updates. Throws when it is no such reply. */
export function parseApplied(reply: readonly unknown[]): Applied {
  const [version, states, back, known] = reply;
  const isVersion = Number.isSafeInteger(version) && Number(version) >= 0;
  if (!isVersion || typeof states !== 'string') {
    throw new Error(`apply-updates replied ${String(version)}, expected a version and states`);
  }
  return { version: Number(version), states, back: parseBack(back), known: parseBack(known) };
}
