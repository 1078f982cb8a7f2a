import type { ClientStatus } from '@route/protocol';
import { type Redis, runScript } from '@route/redis';
import type { CountedLink } from './counted-link.ts';
import type { ShardKeys } from './keys.ts';
import type { UserState } from './presence.ts';
import { SCRIPTS } from './scripts.ts';
import type { BulkTask, ShardOperation } from './shard-operations.ts';

/** What a shard's queue needs of the engine that it belongs to. */
export interface ShardHost {
  readonly redis: Redis;
  readonly nodeId: string;
  /** How many operations travel in one call at the most. */
  readonly maxOperationsPerCall: number;
  /** A number that grows with every call of this node: Redis refuses a call that comes after a later one. */
  nextStamp(): number;
  /** Asks for one of the few places for bulk calls; freed by {@link ShardHost.bulkCallEnded}. */
  bulkCallBegins(): boolean;
  bulkCallEnded(): void;
  /** Whether a PC client of the user is on one of this node's own links. */
  hasLocalPc(userId: number): boolean;
  lateCommit(update: ClientStatus, state: UserState, version: number): void;
  released(link: CountedLink, shard: number): void;
  failed(error: unknown): void;
}

const STATES: readonly UserState[] = ['gone', 'mobile-only', 'pc'];
const PC_RECORD = 'p';

/**
 * What this node has to say and ask about one shard. One call at a time, so that Redis hears
 * everything in order whatever the connection does to a script; all that gathers meanwhile makes the
 * next call.
 */
export class ShardQueue {
  readonly #shard: number;
  readonly #keys: ShardKeys;
  readonly #host: ShardHost;
  #operations: ShardOperation[] = [];
  #bulk: BulkTask[] = [];
  /** Last update of each user that was answered 'later'. */
  #late = new Map<number, ShardOperation & { kind: 'update' }>();
  /** What the call under way carries; undefined when there is none. */
  #calling: readonly ShardOperation[] | undefined;
  /** Grows when what is under way is given up; an answer of an older round is not waited for. */
  #round = 0;

  constructor(shard: number, keys: ShardKeys, host: ShardHost) {
    this.#shard = shard;
    this.#keys = keys;
    this.#host = host;
  }

  /** Whether some of what this node's links hold may not yet stand in Redis. */
  get hasBulk(): boolean {
    return this.#bulk.length > 0;
  }

  get isIdle(): boolean {
    return this.#calling === undefined && this.#operations.length === 0 && this.#bulk.length === 0;
  }

  add(operation: ShardOperation): void {
    this.#operations.push(operation);
  }

  /** Sets many users of a link when nothing more urgent waits; all that it holds here by default. */
  addBulk(link: CountedLink, userIds?: readonly number[]): void {
    this.#bulk.push({ link, userIds, next: 0 });
  }

  /** Drops the bulk work of a link that ends. */
  dropBulk(link: CountedLink): void {
    this.#bulk = this.#bulk.filter((task) => task.link !== link);
  }

  /** Sends the next call, unless one is under way. */
  pump(): void {
    if (this.#calling !== undefined) return;
    const first = this.#operations[0];
    if (first?.kind === 'release') {
      this.#operations.shift();
      this.#call([first], this.#release(first.link));
    } else if (first !== undefined) {
      const batch = this.#takeBatch();
      this.#call(batch, this.#apply(batch));
    } else if (this.#bulk.length > 0 && this.#host.bulkCallBegins()) {
      this.#call(
        [],
        this.#advanceBulk().finally(() => this.#host.bulkCallEnded()),
      );
    }
  }

  /**
   * Redis cannot be relied on: nobody is kept waiting. Updates are answered 'later' and kept, reads
   * are answered from what this node knows itself, releases stay queued, bulk work is dropped: to
   * resume is to assert everything. An answer to what was under way is not listened to any more.
   */
  abandon(): void {
    this.#round++;
    const operations = [...(this.#calling ?? []), ...this.#operations];
    this.#calling = undefined;
    this.#operations = [];
    this.#bulk = [];
    for (const operation of operations) this.putOff(operation);
  }

  /** Answers one operation without Redis. */
  putOff(operation: ShardOperation): void {
    if (operation.kind === 'release') {
      this.#operations.push(operation);
    } else if (operation.kind === 'read') {
      operation.query.answer(operation.index, this.#host.hasLocalPc(operation.userId));
    } else {
      this.#late.set(operation.update.userId, operation);
      operation.waiter?.updated(operation.update, { kind: 'later' });
    }
  }

  /** Redis is back: what was answered 'later' is made to stand. */
  resume(): void {
    for (const { link, update } of this.#late.values()) {
      this.add({
        kind: 'update',
        link,
        update,
        holding: link.holding(update.userId),
        waiter: undefined,
      });
    }
    this.#late.clear();
  }

  #call(operations: readonly ShardOperation[], call: Promise<void>): void {
    this.#calling = operations;
    const round = this.#round;
    call.then(
      () => {
        if (round !== this.#round) return;
        this.#calling = undefined;
        this.pump();
      },
      (error: unknown) => {
        if (round === this.#round) this.#host.failed(error);
      },
    );
  }

  #takeBatch(): ShardOperation[] {
    const max = this.#host.maxOperationsPerCall;
    let count = 0;
    while (count < max && count < this.#operations.length) {
      if (this.#operations[count]?.kind === 'release') break;
      count++;
    }
    return this.#operations.splice(0, count);
  }

  async #apply(batch: readonly ShardOperation[]): Promise<void> {
    const round = this.#round;
    const [version = 0, ...states] = batch.every((operation) => operation.kind === 'read')
      ? await this.#readOnly(batch)
      : await this.#run(batch);
    if (round !== this.#round) return;
    batch.forEach((operation, i) => {
      this.#settle(operation, STATES[states[i] ?? 0] ?? 'gone', version);
    });
  }

  #settle(operation: ShardOperation, state: UserState, version: number): void {
    if (operation.kind === 'read') {
      const { query, index, userId } = operation;
      // What a snapshot or a resync has yet to set is known here and not in Redis.
      const pending = state !== 'pc' && this.hasBulk && this.#host.hasLocalPc(userId);
      query.answer(index, state === 'pc' || pending);
    } else if (operation.kind === 'update') {
      const { update, waiter } = operation;
      if (waiter === undefined) this.#host.lateCommit(update, state, version);
      else waiter.updated(update, { kind: 'committed', state, version });
    }
  }

  async #readOnly(batch: readonly ShardOperation[]): Promise<number[]> {
    const userIds = batch.map((operation) => (operation.kind === 'read' ? operation.userId : 0));
    const records = await this.#host.redis.hmget(this.#keys.users, ...userIds.map(String));
    const states = records.map((record) =>
      record === null ? 0 : record.startsWith(PC_RECORD) ? 2 : 1,
    );
    return [0, ...states];
  }

  #run(batch: readonly ShardOperation[]): Promise<number[]> {
    const args: (string | number)[] = [];
    for (const operation of batch) {
      if (operation.kind === 'update') {
        operation.link.shards.add(this.#shard);
        args.push(operation.link.id, operation.update.userId, operation.holding.text);
      } else if (operation.kind === 'read') {
        args.push('', operation.userId, '');
      }
    }
    return this.#applyUpdates(args);
  }

  async #applyUpdates(args: readonly (string | number)[]): Promise<number[]> {
    const { users, links, meta, held } = this.#keys;
    const { redis, nodeId } = this.#host;
    const head = [users, links, meta, held, nodeId, this.#host.nextStamp()];
    const reply = await runScript(redis, SCRIPTS.applyUpdates, [...head, ...args]);
    if (!Array.isArray(reply))
      throw new Error(`apply-updates replied ${String(reply)}, expected a list`);
    return reply.map(Number);
  }

  async #release(link: CountedLink): Promise<void> {
    const { users, links, meta, held } = this.#keys;
    const { redis, nodeId, maxOperationsPerCall } = this.#host;
    const keys = [users, links, meta, held + link.id];
    const round = this.#round;
    for (let remaining = 1; remaining > 0; ) {
      const args = [link.id, nodeId, 'own', this.#host.nextStamp(), maxOperationsPerCall];
      const reply = await runScript(redis, SCRIPTS.releaseLink, [...keys, ...args]);
      if (round !== this.#round) return;
      remaining = Array.isArray(reply) ? Number(reply[0]) : 0;
    }
    this.#host.released(link, this.#shard);
  }

  async #advanceBulk(): Promise<void> {
    const task = this.#bulk[0];
    if (task === undefined) return;
    const round = this.#round;
    if (task.userIds === undefined) {
      const remembered = await this.#host.redis.smembers(this.#keys.held + task.link.id);
      if (round !== this.#round) return;
      task.userIds = [
        ...new Set([...remembered.map(Number), ...task.link.ledger.usersOf(this.#shard)]),
      ];
    }
    const end = Math.min(task.next + this.#host.maxOperationsPerCall, task.userIds.length);
    const args: (string | number)[] = [];
    for (let i = task.next; i < end; i++) {
      const userId = task.userIds[i] ?? 0;
      args.push(task.link.id, userId, task.link.holding(userId).text);
    }
    if (args.length > 0) {
      task.link.shards.add(this.#shard);
      await this.#applyUpdates(args);
    }
    task.next = end;
    if (task.next === task.userIds.length)
      this.#bulk = this.#bulk.filter((other) => other !== task);
  }
}
