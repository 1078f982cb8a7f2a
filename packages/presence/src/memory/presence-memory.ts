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
  /** Hears whom the links hold. */
  readonly interestObserver?: InterestObserver;
  /** After how many ms PC users whom a link's end took away are told of; 0 for never. */
  readonly graceMs: number;
  /** For how long a link counts on that ended so ({@link LinkEnd}). */
  readonly lingerMs: number;
  /** How many of them are told of in a second at the most. */
  readonly perSecond: number;
  /** Such a user is not back. */
  lost(userId: number, state: UserState, version: number): void;
  /** Such a user is back after all, see {@link PresenceEvents.back}. */
  readonly back: PresenceEvents['back'];
}

/**
 * Presence in one process's memory: the engine of a node that runs alone, and the specification that
 * the Redis engine is tested against. Everything is answered at once.
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
    // Whoever comes by an update is told of by that.
    if (kept.entry(update.userId).state === 'pc') this.#lost.found(update.userId);
    // Whoever goes offline by an update is announced by that.
    else if (kept.counts && goesWithPc(update)) this.#lost.announced(update.userId);
    waiter.updated(update, kept.counts ? this.#commit(update.userId) : { kind: 'aside' });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    const client = this.#links.client(userId, which);
    if (client !== undefined) waiter.updated(client.update, this.#commit(userId));
  }

  announced(): void {
    // This engine announces each lost user once, and forgets none.
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
    // What this engine remembers is what its links said: there is nothing to set again.
  }

  /** Users lost with a link who are neither back nor announced offline. */
  get lostUsers(): number {
    return this.#lost.size;
  }

  /** What all links together hold of a user. */
  stateOf(userId: number): UserState {
    return this.#links.stateOf(userId);
  }

  /** A user who has a PC client again is not lost; one who was told of already is told of again. */
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
