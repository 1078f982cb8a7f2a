import type { Clock } from '@route/bus';
import { SHARD_COUNT } from '@route/redis';
import type { InterestTable } from './interest-table.ts';

/**
 * Removes all interest of a link or node, one shard per turn of the loop: removing all users of a
 * dead node in one turn would block the links.
 */
export class InterestCleanup<Holder extends object> {
  readonly #holders: InterestTable<Holder>;
  readonly #clock: Clock;
  readonly #unheld: (userId: number) => void;
  /** Next shard for each link or node under removal. */
  readonly #waiting = new Map<Holder, number>();
  #scheduled = false;

  /** `unheld` is called for each user without any remaining interest. */
  constructor(holders: InterestTable<Holder>, clock: Clock, unheld: (userId: number) => void) {
    this.#holders = holders;
    this.#clock = clock;
    this.#unheld = unheld;
  }

  /** Starts to remove all interest of a link or node. */
  begin(holder: Holder): void {
    this.#waiting.set(holder, 0);
    this.#schedule();
  }

  /** Removes the rest at once, because the link or node gains interest again. */
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
