import { type ClientStatus, USER_STATUS } from '@route/protocol';
import type { CountedLink } from './counted-link.ts';

/** An update that was answered 'later'. */
export interface LateUpdate {
  readonly link: CountedLink;
  readonly update: ClientStatus;
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
