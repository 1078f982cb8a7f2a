import type { CountedLink } from '../ledger/counted-link.ts';
import { UserList } from '../ledger/user-list.ts';
import { UserTable } from '../ledger/user-table.ts';
import type { UpdateBatch } from './shard-calls.ts';
import type { ShardContext } from './shard-context.ts';

/** Users of a link to be written with the entries that are current at that moment. */
export class BulkTask {
  readonly link: CountedLink;
  /**
   * The number of operations that the shard must have sent before the task. Operations queued
   * earlier carry older entries, or are a release, and would undo the task if they came after it.
   */
  after = 0;
  /** Whether the task covers all users of the link here, and so asserts the link. */
  asserts = false;
  /** Each user once. Undefined: all in the ledger and in Redis, collected when the task begins. */
  #users: UserList | undefined = new UserList();
  #listed = new UserTable();
  /** The index of the first user that is not sent yet. */
  #next = 0;
  /** The index of the first user that Redis may lack. */
  #written = 0;
  /** How many of the first users are to be removed from Redis. */
  #removals = 0;
  #begun = false;

  constructor(link: CountedLink) {
    this.link = link;
  }

  /** Whether users may still be added. */
  get isOpen(): boolean {
    return !this.#begun;
  }

  get isCollected(): boolean {
    return this.#users !== undefined;
  }

  get isDone(): boolean {
    return this.#written === this.#users?.length;
  }

  /** Whether there is anything that a full Redis accepts. */
  get frees(): boolean {
    return !this.isCollected || this.#next < this.#removals;
  }

  /** Adds users; undefined adds all of the link. */
  add(userIds: Uint32Array | undefined): void {
    if (userIds === undefined) {
      this.asserts = true;
      this.#users = undefined;
    } else if (this.#users !== undefined) {
      const isNew = (userId: number): boolean => {
        if (this.#listed.get(userId) !== 0) return false;
        this.#listed.set(userId, 1);
        return true;
      };
      this.#users.push(userIds.filter(isNew));
    }
  }

  /** Sets all users of the link, by Redis and by the ledger. Those of Redis alone are removed first. */
  collected(known: readonly number[], held: readonly number[]): void {
    this.#begun = true;
    const isHeld = new Set(held);
    const removed = known.filter((userId) => !isHeld.has(userId));
    this.#removals = removed.length;
    this.#users = new UserList(Uint32Array.from([...removed, ...held]));
  }

  /**
   * Moves at most `most` of the next users to a call, only removals if Redis is full.
   * @returns their number.
   */
  moveTo(batch: UpdateBatch, most: number, isFull: boolean): number {
    const users = this.#users;
    if (users === undefined || most === 0) return 0;
    const from = this.#next;
    const end = isFull ? Math.max(from, this.#removals) : users.length;
    this.#next = Math.min(end, from + most);
    this.#begun ||= this.#next > from;
    for (let i = from; i < this.#next; i++) {
      const userId = users.at(i);
      const { text } = this.link.entry(userId);
      // A user who has returned meanwhile is written by the report of that.
      if (text === '' || !isFull) batch.set(this.link.id, userId, text);
    }
    return this.#next - from;
  }

  /** Redis has done what was moved to a call, or nothing of it. */
  answered(isDone: boolean): void {
    if (isDone) this.#written = this.#next;
    else this.#next = this.#written;
  }
}

/**
 * The bulk work of a shard: snapshots, and links of which all users are written again. Links share
 * each call. However often a link lists its users, it has at most two tasks with each user once:
 * the first keeps its place, and the second collects everything that is added later.
 */
export class BulkQueue {
  /** In the order in which the links take turns. */
  readonly #links = new Map<CountedLink, BulkTask[]>();
  readonly #redis: Pick<ShardContext, 'isFull'>;

  constructor(redis: Pick<ShardContext, 'isFull'>) {
    this.#redis = redis;
  }

  get isEmpty(): boolean {
    return this.#links.size === 0;
  }

  /** Whether some link is to be asserted. A full Redis gets removals only. */
  get asserts(): boolean {
    const { isFull } = this.#redis;
    const asserts = (task: BulkTask): boolean => task.asserts && (!isFull || task.frees);
    return [...this.#links.values()].some((tasks) => tasks.some(asserts));
  }

  /** Adds users of a link, by default all, to be written after `after` operations were sent. */
  add(link: CountedLink, after: number, userIds?: Uint32Array): void {
    const tasks = this.#links.get(link) ?? [];
    this.#links.set(link, tasks);
    let task = tasks.at(-1);
    // The first task must not wait for operations queued later: repeated lists would delay it
    // without end.
    if (!task?.isOpen || (tasks.length === 1 && task.after !== after)) {
      task = new BulkTask(link);
      tasks.push(task);
    }
    task.after = after;
    task.add(userIds);
  }

  /** Returns the next task that may run after `sent` operations. */
  next(sent: number): BulkTask | undefined {
    return this.#ready(sent).next().value;
  }

  /** Fills a call of up to `most` users: an equal share for each link, then the rest in order. */
  fill(batch: UpdateBatch, { sent, most }: { sent: number; most: number }): void {
    const { isFull } = this.#redis;
    const ready = [...this.#ready(sent)].filter(({ isCollected }) => isCollected);
    const share = Math.ceil(most / Math.max(1, ready.length));
    for (const limit of [share, most]) {
      for (const task of ready) {
        const moved = task.moveTo(batch, Math.min(limit, most - batch.length), isFull);
        if (moved > 0) this.#moveBack(task.link);
      }
    }
  }

  /** Redis has done the last call, or nothing of it. Removes the tasks that are done. */
  answered(isDone: boolean): void {
    for (const [link, tasks] of this.#links) {
      tasks[0]?.answered(isDone);
      if (tasks[0]?.isDone) tasks.shift();
      if (tasks.length === 0) this.#links.delete(link);
    }
  }

  /** Removes the tasks of a link. */
  drop(link: CountedLink): void {
    this.#links.delete(link);
  }

  clear(): void {
    this.#links.clear();
  }

  *#ready(sent: number): Generator<BulkTask, undefined> {
    const { isFull } = this.#redis;
    for (const [task] of this.#links.values()) {
      if (task !== undefined && sent >= task.after && (!isFull || task.frees)) yield task;
    }
  }

  /** Moves a link behind the others. */
  #moveBack(link: CountedLink): void {
    const tasks = this.#links.get(link) ?? [];
    this.#links.delete(link);
    this.#links.set(link, tasks);
  }
}
