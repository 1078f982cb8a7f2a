import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT } from '@route/redis';
import { CountedLink } from '../ledger/counted-link.ts';
import { goesWithPc } from '../ledger/late-updates.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { LingeringLinks } from '../ledger/lingering-links.ts';
import { NodeLinks } from '../ledger/node-links.ts';
import type { InterestObserver } from '../ledger/observed-ledger.ts';
import type {
  ConfirmWhich,
  LinkEnd,
  LinkId,
  Presence,
  PresenceEvents,
  PresenceStats,
  QueryWaiter,
  UpdateOutcome,
  UpdateWaiter,
  UserConnections,
  UserState,
} from '../presence.ts';
import { OfflineGraceMemory } from './offline-grace-memory.ts';

export interface PresenceMemoryOptions {
  /** Observes which users are on the links. */
  readonly interestObserver?: InterestObserver;
  /** Ms between the end of a link and the offline announcement of its PC users. 0 for never. */
  readonly graceMs: number;
  /** How long a lingering link still counts, in ms ({@link LinkEnd}). */
  readonly lingerMs: number;
  /** How many users per second are announced at most. */
  readonly perSecond: number;
  /** A user's last PC client went with its link, and the grace is over. */
  lost(userId: number, state: UserState, version: number): void;
  /** An announced user has a PC client again, see {@link PresenceEvents.back}. */
  readonly back: PresenceEvents['back'];
}

/**
 * Presence in the memory of one process: the engine of a node that runs alone, and the
 * specification against which the Redis engine is tested. All calls are answered at once.
 */
export class PresenceMemory implements Presence {
  readonly #links = new NodeLinks();
  readonly #holdings: InterestObserver | undefined;
  readonly #lost: OfflineGraceMemory;
  readonly #lingering: LingeringLinks;
  readonly #back: PresenceEvents['back'];
  #version = 0;

  constructor(options: PresenceMemoryOptions) {
    this.#holdings = options.interestObserver;
    this.#back = options.back;
    this.#lingering = new LingeringLinks(options.lingerMs, (id) => this.closeLink(id, 'release'));
    this.#lost = new OfflineGraceMemory({
      ...options,
      due: (userId) => {
        const state = this.stateOf(userId);
        if (state === 'pc') return undefined;
        options.lost(userId, state, ++this.#version);
        return this.#version;
      },
    });
  }

  get heldUsers(): number {
    return this.#links.heldUsers;
  }

  heldBy(link: LinkId): number {
    return this.#links.heldBy(link);
  }

  stats(shard: number): PresenceStats {
    return this.#links.stats(shard);
  }

  async userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]> {
    return userIds.map((userId) => ({
      userId,
      state: this.stateOf(userId),
      connections: [...this.#links]
        .filter((link) => !link.entry(userId).isNothing)
        .map((link) => {
          const { clients, away } = link.entry(userId);
          return { link: link.id, clients, away };
        }),
    }));
  }

  get lingeringLinks(): number {
    return this.#lingering.size;
  }

  openLink(link: LinkId, { aside }: { readonly aside: boolean }): void {
    const kept = new CountedLink(link, !aside, this.#holdings);
    kept.setObserved(!aside);
    this.#links.add(kept);
  }

  addClients(link: LinkId, clients: readonly ClientStatus[]): void {
    const { ledger } = this.#links.get(link);
    for (const client of clients) {
      ledger.add(client);
      this.#find(link, client.userId);
    }
  }

  update(link: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    const kept = this.#links.get(link);
    kept.ledger.update(update);
    // A coming user is announced by the update itself.
    if (kept.entry(update.userId).state === 'pc') this.#lost.found(update.userId);
    // So is a user whom the update takes offline.
    else if (kept.counts && goesWithPc(update)) this.#lost.announced(update.userId);
    waiter.updated(update, kept.counts ? this.#commit(update.userId) : { kind: 'aside' });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    const client = this.#links.client(userId, which);
    if (client !== undefined) waiter.updated(client.update, this.#commit(userId));
  }

  announced(): void {
    // This engine announces each pending user once and forgets none.
  }

  isGraceOver(): boolean {
    return false;
  }

  versionSeen(version: number): boolean {
    return version <= this.#version;
  }

  query(_link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void {
    waiter.answered(Uint8Array.from(userIds, (id) => (this.stateOf(id) === 'pc' ? 1 : 0)));
  }

  setStandby(link: LinkId, aside: boolean): void {
    const found = this.#links.get(link);
    if (found.counts === !aside) return;
    found.counts = !aside;
    found.setObserved(!aside);
    if (aside) this.#lose(found.ledger);
    else
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        for (const userId of found.ledger.pcUsersOf(shard)) this.#find(link, userId);
      }
  }

  closeLink(link: LinkId, end: LinkEnd): void {
    const kept = this.#links.get(link);
    kept.setObserved(false);
    if (end === 'linger' && kept.counts) {
      this.#lingering.add(link);
      return;
    }
    this.#links.delete(link);
    if (kept.counts) this.#lose(kept.ledger);
  }

  resync(): void {
    // The state of this engine is the ledgers themselves: there is nothing to write again.
  }

  /** Users who went with a link and are neither back nor announced offline. */
  get lostUsers(): number {
    return this.#lost.size;
  }

  /** The state of a user on all links. */
  stateOf(userId: number): UserState {
    return this.#links.stateOf(userId);
  }

  /**
   * Cancels the pending announcement of a user with a PC client. Reports a user who was already
   * announced.
   */
  #find(link: LinkId, userId: number): void {
    const client = this.#links.get(link).entry(userId).pcClient(userId);
    const toldVersion = client && this.#lost.found(userId);
    if (client === undefined || toldVersion === undefined) return;
    this.#back(client, toldVersion, ++this.#version);
  }

  #lose(ledger: Ledger): void {
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      for (const userId of ledger.pcUsersOf(shard)) {
        if (this.stateOf(userId) !== 'pc') this.#lost.lose(userId);
      }
    }
  }

  #commit(userId: number): UpdateOutcome {
    this.#version++;
    return { kind: 'committed', state: this.stateOf(userId), version: this.#version };
  }
}
