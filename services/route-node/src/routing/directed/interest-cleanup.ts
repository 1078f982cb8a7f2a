import type { Clock } from '@route/bus';
import { SHARD_COUNT } from '@route/redis';
import type { InterestTable } from './interest-table.ts';

/**
 * Has holders hold nobody any more, one shard of users a turn of the loop: all users of a node that died, in one
 * turn, would stop the links for as long.
 */
export class InterestCleanup<Holder extends object> {
  readonly #holders: InterestTable<Holder>;
  readonly #clock: Clock;
  readonly #unheld: (userId: number) => void;
  /** Of each holder that is being forgotten, the next shard. */
  readonly #waiting = new Map<Holder, number>();
  #scheduled = false;

  /** `unheld` hears of each user whom nobody holds now. */
  constructor(holders: InterestTable<Holder>, clock: Clock, unheld: (userId: number) => void) {
    this.#holders = holders;
    this.#clock = clock;
    this.#unheld = unheld;
  }

  /** Begins to forget a holder. */
  begin(holder: Holder): void {
    this.#waiting.set(holder, 0);
    this.#schedule();
  }

  /** Forgets at once what is left of a holder that is being forgotten: it is to hold somebody again. */
  finish(holder: Holder): void {
    while (this.#waiting.has(holder)) this.#forgetShard(holder);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      const [holder] = this.#waiting.keys();
      if (holder !== undefined) this.#forgetShard(holder);
      this.#schedule();
    });
  }

  #forgetShard(holder: Holder): void {
    const shard = this.#waiting.get(holder) ?? 0;
    if (shard + 1 < SHARD_COUNT) this.#waiting.set(holder, shard + 1);
    else this.#waiting.delete(holder);
    for (const userId of this.#holders.forget(holder, shard)) this.#unheld(userId);
  }
}
