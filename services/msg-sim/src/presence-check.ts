import { USER_STATUS } from '@route/link-client';
import type { Random } from '@route/random';
import type { PresenceModel } from './presence-model.ts';
import type { SimServer } from './sim-server.ts';
import { Suspects, type Verdict } from './suspects.ts';

/** What the check compares, and how often. */
export interface PresenceCheckOptions {
  readonly model: PresenceModel;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  /** A user is compared only this long after the last change, in ms. */
  readonly settleMs: number;
  /** A mismatch that lasts this long (ms) is an error. */
  readonly confirmMs: number;
}

/** Results of the comparisons so far. */
export interface PresenceFigures {
  /** Users compared with the model by query. */
  compared: number;
  /** Answers that were wrong at first and right a little later. */
  late: number;
  /** Answers that stayed wrong. */
  wrong: number;
  /** Last notifications compared with the model. */
  notificationsCompared: number;
  notificationsWrong: number;
  /** Queries without an answer although the link stayed up. */
  unanswered: number;
}

const USERS_A_QUERY = 50;

/**
 * Compares presence with the model, by queries and by each server's last notification. It leaves
 * out users who have just changed or were on a lost link, because their updates may still be on the
 * way.
 */
export class PresenceCheck {
  readonly figures: PresenceFigures = {
    compared: 0,
    late: 0,
    wrong: 0,
    notificationsCompared: 0,
    notificationsWrong: 0,
    unanswered: 0,
  };
  readonly #options: PresenceCheckOptions;
  readonly #answers: Suspects<number>;
  readonly #notifications: Suspects<string>;

  constructor(options: PresenceCheckOptions) {
    this.#options = options;
    this.#answers = new Suspects(options.confirmMs);
    this.#notifications = new Suspects(options.confirmMs);
  }

  /** Queries one server for some users, including earlier mismatches, and compares. */
  async sample(): Promise<void> {
    const { servers, random, model } = this.#options;
    const asker = random.pickIfAny(servers.filter(({ isJoined }) => isJoined));
    if (asker === undefined) return;
    const users = this.#answers.keys.slice(0, USERS_A_QUERY);
    while (users.length < USERS_A_QUERY) users.push(random.below(model.users));
    const settled = users.filter((user) => this.#isSettled(user));
    for (const user of settled) this.#compareNotifications(user);
    await this.#compareAnswers(asker, settled);
  }

  /** Queries one server for all users. Returns the number of mismatches, or undefined. */
  async differences(asker: SimServer): Promise<number | undefined> {
    const { model } = this.#options;
    const allUsers = Array.from({ length: model.users }, (_, user) => user);
    let different = 0;
    for (let at = 0; at < allUsers.length; at += 1000) {
      const part = allUsers.slice(at, at + 1000);
      const asked = await asker.ask(part);
      if (typeof asked === 'string') return undefined;
      different += part.filter((user, i) => asked[i] !== model.isOnline(user)).length;
    }
    return different;
  }

  async #compareAnswers(asker: SimServer, users: readonly number[]): Promise<void> {
    const asked = await asker.ask(users);
    if (asked === 'unanswered') this.figures.unanswered++;
    if (typeof asked === 'string') return;
    const nowMs = performance.now();
    for (const [i, user] of users.entries()) {
      const verdict = this.#isSettled(user)
        ? verdictOf(asked[i] === this.#options.model.isOnline(user))
        : 'cannot-tell';
      const outcome = this.#answers.judge(user, verdict, nowMs);
      if (outcome === 'wrong') this.figures.wrong++;
      if (outcome === 'late') this.figures.late++;
      if (verdict !== 'cannot-tell') this.figures.compared++;
    }
  }

  #compareNotifications(user: number): void {
    const { model, servers } = this.#options;
    const announcedMs = model.announcedMs(user);
    const nowMs = performance.now();
    for (const server of servers) {
      const wasThere = announcedMs !== undefined && server.joinedMs < announcedMs;
      const last = server.notified[user] ?? 0;
      const isRight = last !== 0 && (last !== USER_STATUS.offline) === model.isOnline(user);
      const verdict = wasThere ? verdictOf(isRight) : 'cannot-tell';
      const outcome = this.#notifications.judge(`${server.id} ${user}`, verdict, nowMs);
      if (outcome === 'wrong') this.figures.notificationsWrong++;
      if (verdict !== 'cannot-tell') this.figures.notificationsCompared++;
    }
  }

  #isSettled(user: number): boolean {
    const { model, servers, settleMs } = this.#options;
    if (model.undisturbedSince(user) > performance.now() - settleMs) return false;
    return servers.every(({ isJoined, clients }) => isJoined || !clients.has(user));
  }
}

function verdictOf(isRight: boolean): Verdict {
  return isRight ? 'right' : 'wrong';
}
