import { errorText } from '@route/redis';
import { PendingOffline } from '../grace/pending-offline.ts';
import { CountedLink } from '../ledger/counted-link.ts';
import { comesWithPc, LateUpdates } from '../ledger/late-updates.ts';
import { strongerState } from '../presence.ts';
import { BulkQueue, type BulkTask } from './bulk-queue.ts';
import type { ShardKeys } from './keys.ts';
import type { BackUser } from './replies.ts';
import { batchOf, ShardCalls, stateAt, UpdateBatch } from './shard-calls.ts';
import { MOST_OPERATIONS, type ShardContext } from './shard-context.ts';
import {
  type BatchedOperation,
  enlarges,
  ReadsOperation,
  type ReleaseOperation,
  type ShardedQuery,
  type ShardOperation,
  usersOf,
} from './shard-operations.ts';

/**
 * Concurrent bulk calls: enough to keep Redis busy, few enough that an update or a query waits for
 * no more than about ten milliseconds.
 */
const BULK_CALLS = 8;

/**
 * The pending operations of this node for one shard. One call at a time, so that Redis executes
 * them in order even if the connection resends a script. The others form the next call.
 */
export class ShardQueue {
  readonly #shard: number;
  readonly #calls: ShardCalls;
  readonly #context: ShardContext;
  /** The largest number of operations in one call. */
  readonly #most: number;
  #operations: ShardOperation[] = [];
  /** The index of the first operation that is not sent. */
  #next = 0;
  readonly #bulk: BulkQueue;
  readonly #late: LateUpdates;
  readonly #lost: PendingOffline;
  /** Placeholder for the ended links whose pending users are stored again. */
  readonly #noted: CountedLink;
  /** Placeholder for the links that ended while Redis was away. */
  readonly #missed: CountedLink;
  /** How many operations must be done before the links are asserted. Undefined before a survey. */
  #assertedAfter: number | undefined;
  #done = 0;
  /** The number of operations ever removed from the queue and sent. */
  #sent = 0;
  /** Bulk work waited during the last call and has the next one, otherwise it would starve. */
  #bulkIsNext = false;
  /** The operations of the call in progress. Undefined when there is none. */
  #calling: readonly ShardOperation[] | undefined;
  /** Incremented when the call in progress is abandoned. Replies of older rounds are ignored. */
  #round = 0;

  constructor(shard: number, keys: ShardKeys, context: ShardContext) {
    const { nodeId, offlineGraceMs, maxOperationsPerCall, now } = context.options;
    this.#shard = shard;
    this.#calls = new ShardCalls(keys, context);
    this.#context = context;
    this.#bulk = new BulkQueue(context);
    this.#most = Math.min(maxOperationsPerCall ?? MOST_OPERATIONS, MOST_OPERATIONS);
    this.#lost = new PendingOffline(offlineGraceMs, now);
    this.#noted = new CountedLink(`${nodeId}.noted`, false);
    this.#missed = new CountedLink(`${nodeId}.missed`, false);
    this.#late = new LateUpdates({
      isOpen: (link) => context.links.get(link.id) === link,
      ended: this.#missed,
    });
  }

  /** Whether Redis has all entries here, or room for no more, since {@link ShardQueue.survey}. */
  get isAsserted(): boolean {
    return (
      this.#assertedAfter !== undefined && this.#done >= this.#assertedAfter && !this.#bulk.asserts
    );
  }

  /** Whether Redis may lack some entries of this node's links. */
  get hasBulk(): boolean {
    return !this.#bulk.isEmpty || this.#late.size > 0;
  }

  get isIdle(): boolean {
    return this.#calling === undefined && this.#waiting === 0 && !this.hasBulk;
  }

  add(operation: ShardOperation): void {
    if (operation.kind === 'update' || operation.kind === 'confirm')
      operation.link.shards.add(this.#shard);
    this.#operations.push(operation);
  }

  /** Queues a read of the i-th user of a query. */
  addRead(query: ShardedQuery, index: number, userId: number): void {
    const last = this.#operations.at(-1);
    const isOpen = last?.kind === 'reads' && last.userIds.length < this.#most;
    const reads = isOpen ? last : new ReadsOperation();
    reads.add(query, index, userId);
    if (!isOpen) this.#operations.push(reads);
  }

  /** Writes users of a link, by default all here, when nothing more urgent is pending. */
  addBulk(link: CountedLink, userIds?: Uint32Array): void {
    link.shards.add(this.#shard);
    this.#bulk.add(link, this.#sent + this.#waiting, userIds);
  }

  /** Drops the bulk work of a link that ends or goes on standby. */
  dropBulk(link: CountedLink): void {
    this.#bulk.drop(link);
  }

  /** Sends the next call, unless one is in progress. */
  pump(): void {
    if (this.#calling !== undefined) return;
    const first = this.#operations[this.#next];
    const isBulksTurn = first === undefined || this.#bulkIsNext;
    const mayBulk = isBulksTurn && this.#context.bulkCalls < BULK_CALLS;
    const task = mayBulk ? this.#bulk.next(this.#sent) : undefined;
    if (task !== undefined) {
      this.#bulkIsNext = false;
      this.#context.bulkCalls++;
      const ended = (): void => {
        this.#context.bulkCalls--;
        this.#context.schedulePump();
      };
      // Not followed by this shard's next call: another shard's bulk work may be due first.
      this.#call([], this.#advance(task).finally(ended), () => {});
    } else if (first !== undefined) {
      this.#bulkIsNext = true;
      const batch = this.#nextBatch();
      this.#taken(Math.max(1, batch.length));
      if (first.kind === 'release') this.#call([first], this.#release(first));
      else if (first.kind === 'survey') this.#call([first], this.#survey());
      else {
        const accepted = this.#accepted(batch);
        this.#call(accepted, this.#apply(accepted));
      }
    }
  }

  /**
   * Redis is unreliable: puts off all operations, so that no caller is kept waiting, and ignores
   * the reply of the call in progress. Drops bulk work, because resuming asserts everything.
   */
  abandon(): void {
    this.#round++;
    this.#assertedAfter = undefined;
    const operations = [...(this.#calling ?? []), ...this.#operations.slice(this.#next)];
    this.#calling = undefined;
    this.#operations = [];
    this.#next = 0;
    this.#bulk.clear();
    for (const operation of operations) this.putOff(operation);
  }

  /** Answers one operation without Redis. */
  putOff(operation: ShardOperation): void {
    if (operation.kind === 'survey') return;
    if (operation.kind === 'release') {
      // The next survey finds the link in Redis and releases it. Only the users to be announced
      // are kept; those of `#noted` are kept already.
      const { link, graceMs, hadPc } = operation;
      if (link !== this.#noted && graceMs > 0) this.#lost.defer(hadPc());
    } else if (operation.kind === 'reads') {
      const { userIds } = operation;
      const { links } = this.#context;
      operation.answer((place) => links.stateOf(userIds[place] ?? 0) === 'pc');
    } else if (operation.kind === 'confirm') {
      const { update, waiter, which } = operation;
      this.#context.toConfirm.set(update.userId, { waiter, which });
    } else {
      const { link, update, hadClient, waiter } = operation;
      this.#late.add({ link, update, hadClient });
      waiter?.updated(update, { kind: 'later' });
    }
  }

  /** Queues a survey of this node's links in Redis, ahead of what is pending or behind it. */
  survey(order: 'first' | 'last'): void {
    if (order === 'first') this.#operations.unshift({ kind: 'survey' });
    else this.#operations.push({ kind: 'survey' });
  }

  /** Stores the pending announcements of this node's ended links again: Redis may lack them. */
  settle(): void {
    for (const [graceMs, users] of this.#lost.pending()) {
      this.#operations.push({ kind: 'release', link: this.#noted, graceMs, hadPc: () => users });
    }
  }

  /** Commits the updates that were answered 'later'. */
  commitLate(): void {
    for (const { link, update, hadClient } of this.#late.take()) {
      const entry = link.entry(update.userId);
      const local = this.#context.links.stateOf(update.userId);
      this.add({ kind: 'update', link, update, entry, local, hadClient });
    }
  }

  /** Removes a user announced offline from the pending ones. */
  announced(userId: number): void {
    this.#lost.delete(userId);
  }

  /** Awaits a call that carries out operations, then calls `next`. */
  #call(
    operations: readonly ShardOperation[],
    call: Promise<void>,
    next = (): void => this.pump(),
  ): void {
    this.#calling = operations;
    const round = this.#round;
    call.then(
      () => {
        if (round !== this.#round) return;
        this.#calling = undefined;
        this.#done = this.#sent;
        next();
      },
      (error: unknown) => {
        if (round === this.#round) this.#context.options.failed(errorText(error));
      },
    );
  }

  /** The next operations that share a call. None if the first one has a call of its own. */
  #nextBatch(): BatchedOperation[] {
    const batch: BatchedOperation[] = [];
    let users = 0;
    for (;;) {
      const operation = this.#operations[this.#next + batch.length];
      if (operation === undefined) break;
      if (operation.kind === 'release' || operation.kind === 'survey') break;
      users += usersOf(operation);
      if (users > this.#most) break;
      batch.push(operation);
    }
    return batch;
  }

  /** Returns what Redis accepts of the next operations. While it is full, puts off the others. */
  #accepted(operations: readonly BatchedOperation[]): readonly BatchedOperation[] {
    const { isFull, links } = this.#context;
    const accepted: BatchedOperation[] = [];
    for (const operation of operations) {
      if (operation.kind === 'update') this.#late.drop(operation);
      if (!isFull) accepted.push(operation);
      else if (enlarges(operation)) this.putOff(operation);
      else if (operation.kind === 'reads') accepted.push(operation);
      // Redis may lack the user's other clients here: they may have been put off just now.
      else accepted.push({ ...operation, local: links.stateOf(operation.update.userId) });
    }
    return accepted;
  }

  get #waiting(): number {
    return this.#operations.length - this.#next;
  }

  /**
   * Marks `count` operations as sent. The rest moves up when it is the shorter part, so that each
   * operation moves at most once.
   */
  #taken(count: number): void {
    this.#sent += count;
    this.#next += count;
    if (this.#next < this.#waiting) return;
    this.#operations = this.#operations.slice(this.#next);
    this.#next = 0;
  }

  async #apply(operations: readonly BatchedOperation[]): Promise<void> {
    const round = this.#round;
    const [first] = operations;
    if (first === undefined) return;
    const applied =
      operations.length === 1 && first.kind === 'reads'
        ? { version: 0, states: await this.#calls.read(first.userIds), back: [], known: [] }
        : await this.#calls.apply(batchOf(operations));
    if (round !== this.#round) return;
    if (applied === undefined) {
      const accepted = this.#accepted(operations);
      this.#calling = accepted;
      return this.#apply(accepted);
    }
    const { version, states, back, known } = applied;
    // A waiter may suspend this engine during its callback: no operation may be answered twice.
    this.#calling = [];
    const { announcedUsers, options, links } = this.#context;
    for (const { userId, toldVersion } of known) {
      announcedUsers.noteStored(userId, Number(toldVersion));
    }
    const announced = new Set<number>();
    let at = 0;
    for (const operation of operations) {
      const from = at;
      at += usersOf(operation);
      if (operation.kind === 'reads') {
        const { userIds } = operation;
        const isHeld = (place: number): boolean =>
          this.hasBulk && links.stateOf(userIds[place] ?? 0) === 'pc';
        operation.answer((place) => stateAt(states, from + place) === 'pc' || isHeld(place));
        continue;
      }
      const { update, waiter, local } = operation;
      const state = strongerState(stateAt(states, from), local);
      const commit = version + from;
      if (operation.kind === 'update' && comesWithPc(update)) announced.add(update.userId);
      if (waiter !== undefined) {
        waiter.updated(update, { kind: 'committed', state, version: commit });
      } else if (operation.kind === 'update') {
        const { hadClient } = operation;
        options.events.lateCommit({ update, state, version: commit, hadClient });
      }
    }
    await this.#reportBack(back, version + at - 1, announced);
  }

  /**
   * Reports users that are back, except those `announced` by an update. Reports before it removes:
   * if the node dies in between, another node reports the users.
   */
  async #reportBack(
    back: readonly BackUser[],
    version: number,
    announced: ReadonlySet<number> = new Set(),
  ): Promise<void> {
    const { links, options } = this.#context;
    const reported = back.filter(({ userId, toldVersion }) => {
      if (announced.has(userId) || this.#late.comesWithPc(userId)) return true;
      // Without a client here, another node reports the user, or the update that removed it.
      const client = links.client(userId, 'pc')?.update;
      if (client !== undefined) options.events.back(client, Number(toldVersion), version);
      return client !== undefined;
    });
    if (reported.length > 0) await this.#calls.settleBack(reported);
  }

  async #survey(): Promise<void> {
    const round = this.#round;
    const listed = await this.#calls.survey();
    if (round !== this.#round) return;
    // Links that are not open were closed while Redis was away.
    for (const id of listed) {
      const known = this.#context.links.get(id);
      if (known?.counts === true) continue;
      const link = known ?? new CountedLink(id, false);
      // The pending announcements are known without it.
      this.add({ kind: 'release', link, graceMs: 0, hadPc: () => [] });
    }
    // After these releases: before them, Redis may still have the users on their links.
    const users = this.#lost.takeDeferred();
    if (users.length > 0) {
      const graceMs = this.#context.options.offlineGraceMs;
      this.add({ kind: 'release', link: this.#missed, graceMs, hadPc: () => users });
    }
    this.#assertedAfter = this.#sent + this.#waiting;
  }

  async #release({ link, graceMs, hadPc }: ReleaseOperation): Promise<void> {
    const limit = this.#most;
    const round = this.#round;
    // From the ledger, not only found by the release: an emptied Redis has no users.
    const lost = graceMs === 0 ? [] : hadPc();
    if (link !== this.#noted) this.#lost.add(lost, graceMs);
    let next = 0;
    for (let remaining = 1; remaining > 0 || next < lost.length; next += limit) {
      const pcUsers = lost.slice(next, next + limit);
      remaining = await this.#calls.release(link.id, { limit, graceMs, pcUsers });
      if (round !== this.#round) return;
    }
  }

  /** Sends the next users of bulk work, from as many tasks as fit into one call. */
  async #advance(task: BulkTask): Promise<void> {
    const round = this.#round;
    if (!task.isCollected) {
      const known = await this.#calls.usersOf(task.link.id, this.#shard);
      if (round !== this.#round) return;
      task.collected(known, task.link.ledger.usersOf(this.#shard));
    }
    const batch = new UpdateBatch();
    this.#bulk.fill(batch, { sent: this.#sent, most: this.#most });
    const applied = batch.length === 0 ? 'nothing' : await this.#calls.apply(batch);
    if (round !== this.#round) return;
    if (applied !== undefined && applied !== 'nothing') {
      await this.#reportBack(applied.back, applied.version + batch.length - 1);
    }
    this.#bulk.answered(applied !== undefined);
  }
}
