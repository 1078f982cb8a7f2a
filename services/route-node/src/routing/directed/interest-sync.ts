import type { Clock } from '@route/bus';
import { SHARD_COUNT } from '@route/redis';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  MESSAGE_TYPES,
  writeInterestChange,
} from '../bus-messages.ts';
import type { DeliveryBus } from '../delivery.ts';

/** Changes that go into one entry: 30 KiB of them. */
const MOST_CHANGES = 6000;

/** A turn of the loop lists no further shard once it has listed this many users: small shards share a frame. */
const USERS_A_TURN = 500;

/** How long a listing waits for room on the bus before it looks again. */
const LOOK_AGAIN_MS = 10;

/** What a listing needs. */
export interface InterestSyncOptions {
  readonly bus: Pick<DeliveryBus, 'send' | 'full'>;
  readonly clock: Clock;
  /** Whether a link of this node is to get everything. */
  wantsAll(): boolean;
  /** The users of a shard as they are then, all earlier changes being on their way. */
  usersOf(shard: number): readonly number[];
}

/** Tells one node which users this node's links hold: a few shards a turn of the loop, among the changes meanwhile. */
export class InterestSync {
  readonly #node: string;
  readonly #options: InterestSyncOptions;
  #shard = 0;
  #isUnderWay = false;
  /** Grows with each beginning: a turn that belongs to an earlier one comes to nothing. */
  #round = 0;

  constructor(node: string, options: InterestSyncOptions) {
    this.#node = node;
    this.#options = options;
  }

  /** Whether it has begun and not ended. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Begins, from the beginning if it had begun already. */
  start(): void {
    this.stop();
    this.#isUnderWay = true;
    this.#shard = 0;
    this.#say(INTEREST_SYNC.begins);
    this.#say(this.#options.wantsAll() ? INTEREST_SYNC.wantsAll : INTEREST_SYNC.wantsItsOwn);
    this.#step();
  }

  stop(): void {
    this.#isUnderWay = false;
    this.#round++;
  }

  #step(): void {
    const { bus, clock } = this.#options;
    // Messages wait for it as well, and a list of millions would take all of it.
    if (bus.full) {
      clock.after(LOOK_AGAIN_MS, this.#nextStep());
      return;
    }
    for (let listed = 0; listed < USERS_A_TURN; ) {
      if (this.#shard === SHARD_COUNT) {
        this.#say(INTEREST_SYNC.ends);
        this.#isUnderWay = false;
        return;
      }
      listed += this.#listShard();
    }
    clock.soon(this.#nextStep());
  }

  /** @returns how many users it listed. */
  #listShard(): number {
    const { bus, usersOf } = this.#options;
    const users = usersOf(this.#shard);
    this.#say(Buffer.from([...INTEREST_SYNC.shard, this.#shard]));
    this.#shard++;
    for (let from = 0; from < users.length; from += MOST_CHANGES) {
      const part = users.slice(from, from + MOST_CHANGES);
      const bytes = Buffer.allocUnsafe(part.length * INTEREST_BYTES);
      let at = 0;
      for (const userId of part) at = writeInterestChange(bytes, at, { userId, held: true });
      bus.send(MESSAGE_TYPES.holdings, bytes, this.#node);
    }
    return users.length;
  }

  #nextStep(): () => void {
    const round = this.#round;
    return () => {
      if (round === this.#round) this.#step();
    };
  }

  #say(what: Buffer): void {
    this.#options.bus.send(MESSAGE_TYPES.listing, what, this.#node);
  }
}
