import { USER_STATUS } from '@route/link-client';
import type { Random } from '@route/random';
import type { PresenceModel } from './presence-model.ts';
import type { SimServer } from './sim-server.ts';
import { Suspects, type Verdict } from './suspects.ts';

/** What the check looks at, and how often. */
export interface PresenceCheckOptions {
  readonly model: PresenceModel;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  /** A user is compared once so long has passed since his last change. */
  readonly settleMs: number;
  /** What looks wrong for so long is wrong. */
  readonly confirmMs: number;
}

/** What has come of the comparisons so far. */
export interface PresenceFigures {
  /** Users compared with the model, by queries. */
  compared: number;
  /** Answers that were not right at first, and were a little later. */
  late: number;
  /** Answers that stayed wrong. */
  wrong: number;
  /** Last notifications compared with the model. */
  noticesCompared: number;
  noticesWrong: number;
  /** Queries without an answer, though the link stayed up. */
  unanswered: number;
}

const USERS_A_QUERY = 50;

/**
 * Whether presence is as the model has it: asks for users by query, and looks at what each server was told
 * of them last. Who has just changed, or was on a link that was lost, is left out: what is on its way is
 * neither right nor wrong.
 */
export class PresenceCheck {
  readonly figures: PresenceFigures = {
    compared: 0,
    late: 0,
    wrong: 0,
    noticesCompared: 0,
    noticesWrong: 0,
    unanswered: 0,
  };
  readonly #options: PresenceCheckOptions;
  readonly #answers: Suspects<number>;
  readonly #notices: Suspects<string>;

  constructor(options: PresenceCheckOptions) {
    this.#options = options;
    this.#answers = new Suspects(options.confirmMs);
    this.#notices = new Suspects(options.confirmMs);
  }

  /** Asks one server for some users, those among them who looked wrong, and compares. */
  async sample(): Promise<void> {
    const { servers, random, model } = this.#options;
    const asker = random.pickIfAny(servers.filter(({ isJoined }) => isJoined));
    if (asker === undefined) return;
    const users = this.#answers.keys.slice(0, USERS_A_QUERY);
    while (users.length < USERS_A_QUERY) users.push(random.below(model.users));
    const settled = users.filter((user) => this.#isSettled(user));
    for (const user of settled) this.#compareNotices(user);
    await this.#compareAnswers(asker, settled);
  }

  /** Asks one server for everybody; returns how many differ from the model now, or undefined. */
  async differences(asker: SimServer): Promise<number | undefined> {
    const { model } = this.#options;
    const everybody = Array.from({ length: model.users }, (_, user) => user);
    let different = 0;
    for (let at = 0; at < everybody.length; at += 1000) {
      const part = everybody.slice(at, at + 1000);
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

  #compareNotices(user: number): void {
    const { model, servers } = this.#options;
    const announcedMs = model.announcedMs(user);
    const nowMs = performance.now();
    for (const server of servers) {
      const wasThere = announcedMs !== undefined && server.joinedMs < announcedMs;
      const told = server.told[user] ?? 0;
      const isRight = told !== 0 && (told !== USER_STATUS.offline) === model.isOnline(user);
      const verdict = wasThere ? verdictOf(isRight) : 'cannot-tell';
      const outcome = this.#notices.judge(`${server.id} ${user}`, verdict, nowMs);
      if (outcome === 'wrong') this.figures.noticesWrong++;
      if (verdict !== 'cannot-tell') this.figures.noticesCompared++;
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
