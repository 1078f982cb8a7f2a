import { USER_STATUS, type UserStatus } from '@route/protocol';
import type { Differences } from './exactness.ts';
import type { Model } from './model.ts';

const SHOWN_EVENTS = 40;

/** The last unsolicited status of each user at every server. */
export class Notifications {
  readonly #last = new Map<number, Map<number, UserStatus>>();
  readonly #toldOffline = new Set<number>();

  readonly #history = new Map<number, string[]>();

  /** Users that any server was ever notified of as offline. */
  get toldOffline(): ReadonlySet<number> {
    return this.#toldOffline;
  }

  /** Records an event of a user, shown when the user's notifications are wrong. */
  note(userId: number, event: string): void {
    const history = this.#history.get(userId) ?? [];
    this.#history.set(userId, history);
    history.push(`${new Date().toISOString().slice(11, -1)} ${event}`);
  }

  /** Records a notification to a server. */
  told(server: number, userId: number, status: UserStatus): void {
    this.note(userId, `server ${server} receives status ${status}`);
    if (status === USER_STATUS.offline) this.#toldOffline.add(userId);
    const last = this.#last.get(server) ?? new Map<number, UserStatus>();
    this.#last.set(server, last.set(userId, status));
  }

  /**
   * Returns last notifications that differ from the model, given that each change was reported over
   * an open link. Users without a notification are as listed; lists notify no link.
   */
  differencesTo(model: Model): Differences {
    const differences: string[] = [];
    for (const [server, last] of this.#last) {
      for (const [userId, status] of last) {
        const isOnline = model.isOnline(userId);
        if ((status !== USER_STATUS.offline) === isOnline) continue;
        const history = (this.#history.get(userId) ?? []).slice(-SHOWN_EVENTS).join('\n    ');
        differences.push(
          `last notification of user ${userId} at server ${server}: status ${status}\n    ${history}`,
        );
      }
    }
    return differences;
  }
}
