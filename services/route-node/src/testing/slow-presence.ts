import { PresenceMemory, type QueryWaiter, type UpdateWaiter } from '@route/presence';
import type { ClientStatus } from '@route/protocol';

/** Presence that delays answers until a test releases them. */
export class SlowPresence extends PresenceMemory {
  readonly #answers: (() => void)[] = [];

  override update(link: string, update: ClientStatus, waiter: UpdateWaiter): void {
    super.update(link, update, {
      updated: (...outcome) => this.#answers.push(() => waiter.updated(...outcome)),
    });
  }

  override query(link: string, userIds: readonly number[], waiter: QueryWaiter): void {
    super.query(link, userIds, {
      answered: (online) => this.#answers.push(() => waiter.answered(online)),
    });
  }

  answer(): void {
    for (const answer of this.#answers.splice(0)) answer();
  }
}
