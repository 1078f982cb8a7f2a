import type { Clock } from '@route/bus';
import { SHARD_COUNT } from '@route/redis';
import {
  INTEREST_BYTES,
  INTEREST_SYNC,
  MESSAGE_TYPES,
  writeInterestChange,
} from '../bus-messages.ts';
import type { DeliveryBus } from '../delivery.ts';

/** Changes per message: 30 KiB. */
const MOST_CHANGES = 6000;

/** A turn lists no further shard after this many users: small shards share a frame. */
const USERS_A_TURN = 500;

/** Interval at which a full bus is checked again. */
const LOOK_AGAIN_MS = 10;

/** What the sync needs from the node. */
export interface InterestSyncOptions {
  readonly bus: Pick<DeliveryBus, 'send' | 'full'>;
  readonly clock: Clock;
  /** Whether a link of this node needs every PDU. */
  wantsAll(): boolean;
  /** Current users of a shard, after all earlier changes have been sent. */
  usersOf(shard: number): readonly number[];
}

/**
 * Sends the full interest of this node to another node: a few shards per turn of the loop, in one
 * order with changes.
 */
export class InterestSync {
  readonly #node: string;
  readonly #options: InterestSyncOptions;
  #shard = 0;
  #isUnderWay = false;
  /** Incremented at each start, so that pending steps of an earlier sync do nothing. */
  #round = 0;

  constructor(node: string, options: InterestSyncOptions) {
    this.#node = node;
    this.#options = options;
  }

  /** Whether the sync has started and not ended. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Starts the sync, or restarts it. */
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
    // Messages share the bus, and a list of millions of users would fill it.
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

  /** @returns the number of users in the shard. */
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
      bus.send(MESSAGE_TYPES.interestChange, bytes, this.#node);
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
    this.#options.bus.send(MESSAGE_TYPES.interestSync, what, this.#node);
  }
}
