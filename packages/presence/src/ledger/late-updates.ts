import { type ClientStatus, isPc, USER_STATUS } from '@route/protocol';
import type { CountedLink } from './counted-link.ts';

/** An update that was answered 'later'. */
export interface LateUpdate {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  /** The highest version that the node knew when it was put off first. */
  readonly since: number;
}

/**
 * What was answered 'later' while Redis was away: of each client of a user on each link the last
 * update, in the order of these. Fewer would lose a notification (an OFFLINE of what was never
 * reported must not swallow the ONLINE before it); more would grow with the time that Redis is away.
 */
export class LateUpdates {
  readonly #byClient = new Map<string, LateUpdate>();

  add(late: LateUpdate): void {
    const { link, update } = late;
    const client = `${link.id} ${update.userId} ${update.clientType}`;
    this.#byClient.delete(client);
    this.#byClient.set(client, late);
  }

  /** Whether one of them brings a PC client of a user. */
  comesWithPc(userId: number): boolean {
    for (const { update } of this.#byClient.values()) {
      if (update.userId === userId && comesWithPc(update)) return true;
    }
    return false;
  }

  /**
   * Takes out what is to be committed. Nobody is told any more that somebody came on a link that has
   * ended, or was set aside, in the meantime.
   */
  take(): LateUpdate[] {
    const all = [...this.#byClient.values()];
    this.#byClient.clear();
    return all.filter(({ link, update }) => link.counts || update.status === USER_STATUS.offline);
  }
}

/** Whether an update is announced as a PC client's going, unless another one is there. */
export function goesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status === USER_STATUS.offline;
}

/** Whether an update is announced as a PC client's coming. */
export function comesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status !== USER_STATUS.offline;
}
