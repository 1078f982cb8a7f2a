import { USER_STATUS, type UserStatus } from '@route/protocol';
import type { Differences } from './exactness.ts';
import type { Model } from './model.ts';

const SHOWN_EVENTS = 40;

/** What every server was told last of each user's status, without being asked. */
export class Notices {
  readonly #last = new Map<number, Map<number, UserStatus>>();
  readonly #toldOffline = new Set<number>();

  readonly #history = new Map<number, string[]>();

  /** The users of whom anybody was ever told that they are offline. */
  get toldOffline(): ReadonlySet<number> {
    return this.#toldOffline;
  }

  /** Something happened to a user; shown when his notices come out wrong. */
  note(userId: number, event: string): void {
    const history = this.#history.get(userId) ?? [];
    this.#history.set(userId, history);
    history.push(`${new Date().toISOString().slice(11, -1)} ${event}`);
  }

  /** A server was told. */
  told(server: number, userId: number, status: UserStatus): void {
    this.note(userId, `server ${server} is told status ${status}`);
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
        const history = (this.#history.get(userId) ?? []).slice(-SHOWN_EVENTS).join('\n    ');
        differences.push(
          `server ${server} was told last of user ${userId}: status ${status}\n    ${history}`,
        );
      }
    }
    return differences;
  }
}
