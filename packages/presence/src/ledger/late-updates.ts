import { type ClientStatus, isPc, USER_STATUS } from '@route/protocol';
import type { LateCommit } from '../presence.ts';
import type { CountedLink } from './counted-link.ts';

export interface LateUpdate {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  /** See {@link LateCommit}. */
  readonly hadClient: LateCommit['hadClient'];
}

export interface LateUpdatesOptions {
  /** Whether a link is open or lingers. */
  isOpen(link: CountedLink): boolean;
  /** Placeholder for the links that have ended. */
  readonly ended: CountedLink;
}

/** The least number of updates after which those of ended links are merged. */
const MERGE_AT = 64;

/**
 * Updates that Redis has not got, answered 'later': the last one of each client of a user on each open link, and
 * the last OFFLINE of each client on all ended links together, in order. Fewer would lose a
 * notification: an OFFLINE of an unreported client must not replace the ONLINE before it. More would
 * grow with the reconnects, and keep the ledgers of ended links.
 */
export class LateUpdates {
  readonly #options: LateUpdatesOptions;
  #byClient = new Map<string, LateUpdate>();
  /** The size at which the updates of ended links are merged: twice the size after the last time. */
  #mergeAt = MERGE_AT;

  constructor(options: LateUpdatesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byClient.size;
  }

  add(late: LateUpdate): void {
    if (this.#byClient.has(clientOf(late.link, late.update)) && leavesAnother(late)) return;
    this.#put(late.link, late);
    if (this.#byClient.size >= this.#mergeAt) this.#mergeEnded();
  }

  /** Removes the update of the same client: a newer one has been sent. */
  drop({ link, update }: Pick<LateUpdate, 'link' | 'update'>): void {
    if (this.size === 0 || leavesAnother({ link, update })) return;
    this.#byClient.delete(clientOf(link, update));
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
    this.#mergeEnded();
    const all = [...this.#byClient.values()];
    this.#byClient.clear();
    this.#mergeAt = MERGE_AT;
    return all.filter(({ link, update }) => link.counts || update.status === USER_STATUS.offline);
  }

  #mergeEnded(): void {
    const { isOpen, ended } = this.#options;
    const all = this.#byClient;
    this.#byClient = new Map();
    for (const late of all.values()) {
      if (isOpen(late.link)) this.#put(late.link, late);
      else if (late.update.status === USER_STATUS.offline) this.#put(ended, late);
    }
    this.#mergeAt = Math.max(MERGE_AT, 2 * this.#byClient.size);
  }

  #put(link: CountedLink, { update, hadClient }: LateUpdate): void {
    const client = clientOf(link, update);
    // An OFFLINE of an unreported client is announced in any case, also if merged with another.
    const merged = link === this.#options.ended ? this.#byClient.get(client) : undefined;
    this.#byClient.delete(client);
    this.#byClient.set(client, {
      ...{ link, update },
      hadClient: hadClient && merged?.hadClient !== false,
    });
  }
}

function clientOf(link: CountedLink, { userId, clientType }: ClientStatus): string {
  return `${link.id} ${userId} ${clientType}`;
}

/**
 * Whether an update takes one of several clients of a type offline. Nothing is announced of it, and
 * the ONLINE of another one must not be lost to it.
 */
function leavesAnother({ link, update }: Pick<LateUpdate, 'link' | 'update'>): boolean {
  const { userId, clientType, status } = update;
  return status === USER_STATUS.offline && link.entry(userId).has(clientType);
}

/** Whether an update takes a PC client offline. Announced unless another PC client remains. */
export function goesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status === USER_STATUS.offline;
}

/** Whether an update is announced as a PC client coming online. */
export function comesWithPc({ status, clientType }: ClientStatus): boolean {
  return isPc(clientType) && status !== USER_STATUS.offline;
}
