import { USER_STATUS } from '@route/protocol';
import { PendingOffline } from '../grace/pending-offline.ts';
import { CountedLink } from '../ledger/counted-link.ts';
import { goesWithPc, LateUpdates } from '../ledger/late-updates.ts';
import { UserList } from '../ledger/user-list.ts';
import {
  type ConfirmWhich,
  type LateCommit,
  type LinkId,
  strongerState,
  type UpdateWaiter,
  type UserState,
} from '../presence.ts';
import type { ShardKeys } from './keys.ts';
import {
  type BackUser,
  type ShardCaller,
  ShardCalls,
  stateAt,
  UpdateBatch,
} from './shard-calls.ts';
import {
  type BulkTask,
  type ConfirmOperation,
  isOfUser,
  type OfUserOperation,
  type PendingQuery,
  ReadsOperation,
  type ReleaseOperation,
  type ShardOperation,
  saysThatPcIsThere,
  type UpdateOperation,
  usersOf,
} from './shard-operations.ts';

/** What a shard's queue needs of the engine that it belongs to. */
export interface ShardHost extends ShardCaller {
  /** How many operations travel in one call at the most, see {@link MOST_OPERATIONS}. */
  readonly maxOperationsPerCall: number;
  /** Asks for one of the few places for bulk calls; freed by {@link ShardHost.bulkCallEnded}. */
  bulkCallBegins(): boolean;
  bulkCallEnded(): void;
  /** What this node's own links hold of a user. */
  localState(userId: number): UserState;
  lateCommit(late: LateCommit): void;
  /** A lost user who was told to be offline has a PC client. @returns whether it is on a link of this node, and told. */
  back(userId: number, toldVersion: number, version: number): boolean;
  /** A user was announced offline with this version, which this node may not have heard of. */
  knownOffline(userId: number, version: number): void;
  /** Redis is away: the user is to be confirmed when it is back. */
  confirmLater(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void;
  /** Redis knows these links of this node in a shard. */
  surveyed(shard: number, listed: readonly LinkId[]): void;
  /** Monotonic milliseconds. */
  now(): number;
  /** After how many ms users lost with a link are announced; 0 for never. */
  readonly offlineGraceMs: number;
  failed(error: unknown): void;
}

/**
 * What this node has to say and ask about one shard. One call at a time, so that Redis hears
 * everything in order whatever the connection does to a script; all that gathers meanwhile makes the
 * next call.
 */
export class ShardQueue {
  readonly #shard: number;
  readonly #calls: ShardCalls;
  readonly #host: ShardHost;
  #operations: ShardOperation[] = [];
  /** Where in it the first is that has not been sent. */
  #next = 0;
  #bulk: BulkTask[] = [];
  readonly #late = new LateUpdates();
  readonly #lost: PendingOffline;
  /** Stands for the ended links whose users are noted again. */
  readonly #noted: CountedLink;
  /** How many operations must be done before all that the links hold stands; undefined before a survey has ended. */
  #assertedAfter: number | undefined;
  /** How many operations are done. */
  #done = 0;
  /** How many operations were ever taken out of the queue and sent. */
  #sent = 0;
  /** Bulk work waited while the last call was made: it has the next one, or it would wait for ever. */
  #bulkIsNext = false;
  /** What the call under way carries; undefined when there is none. */
  #calling: readonly ShardOperation[] | undefined;
  /** Grows when what is under way is given up; an answer of an older round is not waited for. */
  #round = 0;

  constructor(shard: number, keys: ShardKeys, host: ShardHost) {
    this.#shard = shard;
    this.#calls = new ShardCalls(keys, host);
    this.#host = host;
    this.#lost = new PendingOffline(host.offlineGraceMs, host.now);
    this.#noted = new CountedLink(`${host.nodeId}.noted`, false);
  }

  /** Whether all that this node's links hold stands in Redis since {@link ShardQueue.survey}. */
  get isAsserted(): boolean {
    return (
      this.#assertedAfter !== undefined &&
      this.#done >= this.#assertedAfter &&
      !this.#bulk.some(({ asserts }) => asserts)
    );
  }

  /** Whether Redis may lack some of what this node's links hold. */
  get hasBulk(): boolean {
    return this.#bulk.length > 0;
  }

  get isIdle(): boolean {
    return this.#calling === undefined && this.#waiting === 0 && this.#bulk.length === 0;
  }

  add(operation: ShardOperation): void {
    if (operation.kind === 'update' || operation.kind === 'confirm')
      operation.link.shards.add(this.#shard);
    this.#operations.push(operation);
  }

  /** Reads a user, who is the i-th that a query asks for. */
  addRead(query: PendingQuery, index: number, userId: number): void {
    const last = this.#operations.at(-1);
    if (last?.kind === 'reads' && last.userIds.length < this.#host.maxOperationsPerCall) {
      last.add(query, index, userId);
      return;
    }
    const reads = new ReadsOperation();
    reads.add(query, index, userId);
    this.#operations.push(reads);
  }

  /** Sets many users of a link when nothing more urgent waits; all that it holds here by default. */
  addBulk(link: CountedLink, userIds?: Uint32Array): void {
    link.shards.add(this.#shard);
    const after = this.#sent + this.#waiting;
    const last = this.#bulk.findLast((task) => task.link === link);
    if (userIds !== undefined && last?.users !== undefined && last.after === after) {
      // A list comes in hundreds of parts: a task for each of them would cost more than its users.
      last.users.push(userIds);
      return;
    }
    const users = userIds && new UserList(userIds);
    this.#bulk.push({ link, asserts: users === undefined, after, users, next: 0 });
  }

  /** Drops the bulk work of a link that ends. */
  dropBulk(link: CountedLink): void {
    this.#bulk = this.#bulk.filter((task) => task.link !== link);
  }

  /** Sends the next call, unless one is under way. */
  pump(): void {
    if (this.#calling !== undefined) return;
    const first = this.#operations[this.#next];
    const [task] = this.#bulk;
    const isBulksTurn = first === undefined || this.#bulkIsNext;
    const mayBulk = task !== undefined && isBulksTurn && this.#sent >= task.after;
    if (mayBulk && this.#host.bulkCallBegins()) {
      this.#bulkIsNext = false;
      const ended = (): void => this.#host.bulkCallEnded();
      this.#call([], this.#advance(task).finally(ended));
    } else if (first !== undefined) {
      this.#bulkIsNext = true;
      if (first.kind === 'release') {
        this.#taken(1);
        this.#call([first], this.#release(first));
      } else if (first.kind === 'survey') {
        this.#taken(1);
        this.#call([first], this.#survey());
      } else {
        const batch = this.#takeBatch();
        this.#call(batch, this.#apply(batch));
      }
    }
  }

  /**
   * Redis cannot be relied on: nobody is kept waiting. Updates are answered 'later' and kept, reads
   * are answered from what this node knows itself, releases stay queued, bulk work is dropped: to
   * resume is to assert everything. An answer to what was under way is not listened to any more.
   */
  abandon(): void {
    this.#round++;
    this.#assertedAfter = undefined;
    const waiting = this.#operations.slice(this.#next);
    const operations = [...(this.#calling ?? []), ...waiting];
    this.#calling = undefined;
    this.#operations = [];
    this.#next = 0;
    this.#bulk = [];
    for (const operation of operations) this.putOff(operation);
  }

  /** Answers one operation without Redis. */
  putOff(operation: ShardOperation): void {
    if (operation.kind === 'survey') return;
    if (operation.kind === 'release') {
      this.#operations.push(operation);
    } else if (operation.kind === 'reads') {
      const { userIds } = operation;
      operation.answer((place) => this.#host.localState(userIds[place] ?? 0) === 'pc');
    } else if (operation.kind === 'confirm') {
      this.#host.confirmLater(operation.update.userId, operation.waiter, operation.which);
    } else {
      const { link, update, since = this.#host.highestVersion } = operation;
      this.#late.add({ link, update, since });
      operation.waiter?.updated(operation.update, { kind: 'later' });
    }
  }

  /** Looks at what Redis knows of this node's links: before anything else, as Redis is back, or behind what waits. */
  survey(order: 'first' | 'last'): void {
    if (order === 'first') this.#operations.unshift({ kind: 'survey' });
    else this.#operations.push({ kind: 'survey' });
  }

  /**
   * What Redis tells of users is complete: what was answered 'later' is made to stand, and users lost with links of
   * this node who are still to be announced are noted again, as Redis may have lost the note.
   */
  settle(): void {
    for (const [graceMs, users] of this.#lost.pending()) {
      this.#operations.push({ kind: 'release', link: this.#noted, graceMs, hadPc: () => users });
    }
    for (const { link, update, since } of this.#late.take()) {
      const entry = link.entry(update.userId);
      const local = this.#host.localState(update.userId);
      this.add({ kind: 'update', link, update, entry, local, since });
    }
  }

  /** A user was announced offline. */
  announced(userId: number): void {
    this.#lost.delete(userId);
  }

  #call(operations: readonly ShardOperation[], call: Promise<void>): void {
    this.#calling = operations;
    const round = this.#round;
    call.then(
      () => {
        if (round !== this.#round) return;
        this.#calling = undefined;
        this.#done = this.#sent;
        this.pump();
      },
      (error: unknown) => {
        if (round === this.#round) this.#host.failed(error);
      },
    );
  }

  #takeBatch(): OfUserOperation[] {
    const batch: OfUserOperation[] = [];
    let users = 0;
    for (;;) {
      const operation = this.#operations[this.#next + batch.length];
      if (operation === undefined || !isOfUser(operation)) break;
      users += usersOf(operation);
      if (users > this.#host.maxOperationsPerCall) break;
      batch.push(operation);
    }
    this.#taken(batch.length);
    return batch;
  }

  /** How many operations have not been sent. */
  get #waiting(): number {
    return this.#operations.length - this.#next;
  }

  /** So many are sent. Those left move up when they are fewer than these: each moves once at the most. */
  #taken(count: number): void {
    this.#sent += count;
    this.#next += count;
    if (this.#next < this.#waiting) return;
    this.#operations = this.#operations.slice(this.#next);
    this.#next = 0;
  }

  async #apply(batch: readonly OfUserOperation[]): Promise<void> {
    const round = this.#round;
    const [first] = batch;
    const { version, states, back, known } =
      batch.length === 1 && first?.kind === 'reads'
        ? { version: 0, states: await this.#calls.read(first.userIds), back: [], known: [] }
        : await this.#calls.apply(this.#sayingOf(batch));
    if (round !== this.#round) return;
    // Whoever hears an answer may suspend this engine: nobody is to be answered twice.
    this.#calling = [];
    for (const user of known) this.#host.knownOffline(user.userId, Number(user.toldVersion));
    let at = 0;
    for (const operation of batch) {
      const from = at;
      at += usersOf(operation);
      if (operation.kind === 'reads') {
        operation.answer((place) => stateAt(states, from + place) === 'pc');
      } else {
        const state = strongerState(stateAt(states, from), operation.local);
        this.#committed(operation, state, version + from);
      }
    }
    const saidAnyway = new Set(batch.filter(saysThatPcIsThere).map(({ update }) => update.userId));
    await this.#tellBack(back, version + at - 1, saidAnyway);
  }

  /** Told before they are forgotten: a node that dies in between leaves it to whoever asserts them next. */
  async #tellBack(
    back: readonly BackUser[],
    version: number,
    saidAnyway: ReadonlySet<number> = new Set(),
  ): Promise<void> {
    // A late update announces the user; a user of another node is for that node to announce.
    const told = back.filter(
      ({ userId, toldVersion }) =>
        saidAnyway.has(userId) ||
        this.#late.comesWithPc(userId) ||
        this.#host.back(userId, Number(toldVersion), version),
    );
    if (told.length > 0) await this.#calls.settleBack(told);
  }

  #sayingOf(batch: readonly OfUserOperation[]): UpdateBatch {
    const saying = new UpdateBatch();
    for (const operation of batch) {
      if (operation.kind === 'reads') for (const userId of operation.userIds) saying.read(userId);
      else {
        const { link, update, entry } = operation;
        const { text } = entry;
        if (operation.kind === 'update' && update.status === USER_STATUS.offline) {
          saying.take(link.id, update.userId, { text, announced: goesWithPc(update) });
        } else saying.set(link.id, update.userId, text);
      }
    }
    return saying;
  }

  #committed(
    operation: UpdateOperation | ConfirmOperation,
    state: UserState,
    version: number,
  ): void {
    const { update, waiter } = operation;
    const since = operation.kind === 'update' ? operation.since : undefined;
    if (since !== undefined) this.#host.lateCommit({ update, state, version, since });
    else waiter?.updated(update, { kind: 'committed', state, version });
  }

  async #survey(): Promise<void> {
    const round = this.#round;
    const listed = await this.#calls.survey();
    if (round !== this.#round) return;
    this.#host.surveyed(this.#shard, listed);
    this.#assertedAfter = this.#sent + this.#waiting;
  }

  async #release({ link, graceMs, hadPc }: ReleaseOperation): Promise<void> {
    const { maxOperationsPerCall: limit } = this.#host;
    const round = this.#round;
    // Said by the ledger, and not only found by the release: a Redis that was emptied knows no user.
    const lost = graceMs === 0 ? [] : hadPc();
    if (link !== this.#noted) this.#lost.add(lost, graceMs);
    let next = 0;
    for (let remaining = 1; remaining > 0 || next < lost.length; next += limit) {
      const pcUsers = lost.slice(next, next + limit);
      remaining = await this.#calls.release(link.id, { limit, graceMs, pcUsers });
      if (round !== this.#round) return;
    }
  }

  /** Says the next users of bulk work, of as many tasks as go into one call. */
  async #advance(task: BulkTask): Promise<void> {
    const round = this.#round;
    if (task.users === undefined) {
      const known = await this.#calls.held(task.link.id, this.#shard);
      if (round !== this.#round) return;
      const all = new Set([...known, ...task.link.ledger.usersOf(this.#shard)]);
      task.users = new UserList(Uint32Array.from(all));
    }
    const saying = new UpdateBatch();
    const count = this.#sayBulk(saying);
    if (count > 0) {
      const { version, back } = await this.#calls.apply(saying);
      if (round !== this.#round) return;
      await this.#tellBack(back, version + count - 1);
    }
    this.#bulk = this.#bulk.filter(({ users, next }) => next !== users?.length);
  }

  /** Tasks whose users are known and whose time has come, in order; returns how many users are said. */
  #sayBulk(saying: UpdateBatch): number {
    const most = this.#host.maxOperationsPerCall;
    let count = 0;
    for (const task of this.#bulk) {
      const { link, users, after } = task;
      if (users === undefined || this.#sent < after) break;
      const end = Math.min(users.length, task.next + most - count);
      count += end - task.next;
      for (; task.next < end; task.next++) {
        const userId = users.at(task.next);
        saying.set(link.id, userId, link.entry(userId).text);
      }
      if (count === most) break;
    }
    return count;
  }
}
