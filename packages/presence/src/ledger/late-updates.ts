import { type ClientStatus, isPc, USER_STATUS } from '@route/protocol';
import type { LateCommit } from '../presence.ts';
import type { CountedLink } from './counted-link.ts';

export interface LateUpdate {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  /** See {@link LateCommit}. */
  readonly hadClient: LateCommit['hadClient'];
}

/**
 * Updates that were answered 'later': the last one of each client of a user on each link, in order.
 * Fewer would lose a notification: an OFFLINE of an unreported client must not replace the ONLINE
 * before it. More would grow without bound.
 */
export class LateUpdates {
  readonly #byClient = new Map<string, LateUpdate>();

  add(late: LateUpdate): void {
    const { link, update } = late;
    const client = `${link.id} ${update.userId} ${update.clientType}`;
    this.#byClient.delete(client);
    this.#byClient.set(client, late);
  }

  /** Whether one of the updates announces a PC client of a user. */
  comesWithPc(userId: number): boolean {
    for (const { update } of this.#byClient.values()) {
      if (update.userId === userId && comesWithPc(update)) return true;
    }
    return false;
  }

  /**
   * Removes and returns the updates to commit; of a link that no longer counts, only OFFLINE ones.
   */
  take(): LateUpdate[] {
    const all = [...this.#byClient.values()];
    this.#byClient.clear();
    return all.filter(({ link, update }) => link.counts || update.status === USER_STATUS.offline);
  }
}

/** Whether an update takes a PC client offline. Announced unless another PC client remains. */
export function goesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status === USER_STATUS.offline;
}

/** Whether an update is announced as a PC client coming online. */
export function comesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status !== USER_STATUS.offline;
}
