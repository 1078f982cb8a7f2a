import { USER_STATUS, type UserStatus } from '@route/protocol';
import type { Differences } from './exactness.ts';
import type { Model } from './model.ts';

/** What every server was told last of each user's status, without being asked. */
export class Notices {
  readonly #last = new Map<number, Map<number, UserStatus>>();
  readonly #toldOffline = new Set<number>();

  /** The users of whom anybody was ever told that they are offline. */
  get toldOffline(): ReadonlySet<number> {
    return this.#toldOffline;
  }

  /** A server was told. */
  told(server: number, userId: number, status: UserStatus): void {
    if (status === USER_STATUS.offline) this.#toldOffline.add(userId);
    const last = this.#last.get(server) ?? new Map<number, UserStatus>();
    this.#last.set(server, last.set(userId, status));
  }

  /**
   * Where the last word differs from the model, though each change was reported over an open link. Who
   * was never spoken of is as the lists had him, which tell nobody.
   */
  differencesTo(model: Model): Differences {
    const differences: string[] = [];
    for (const [server, last] of this.#last) {
      for (const [userId, status] of last) {
        const isOnline = model.isOnline(userId);
        if ((status !== USER_STATUS.offline) === isOnline) continue;
        differences.push(`server ${server} was told last of user ${userId}: status ${status}`);
      }
    }
    return differences;
  }
}
