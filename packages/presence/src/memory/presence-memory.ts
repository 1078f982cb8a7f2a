import type { ClientStatus } from '@route/protocol';
import { SHARD_COUNT } from '@route/redis';
import type { CountedLink } from '../ledger/counted-link.ts';
import { goesWithPc } from '../ledger/late-updates.ts';
import { LinkPresence, type LinkPresenceOptions } from '../ledger/link-presence.ts';
import type {
  ConfirmWhich,
  LinkId,
  Presence,
  PresenceEvents,
  QueryWaiter,
  UpdateOutcome,
  UpdateWaiter,
  UserConnections,
  UserState,
} from '../presence.ts';
import { OfflineGraceMemory } from './offline-grace-memory.ts';

export interface PresenceMemoryOptions extends LinkPresenceOptions {
  /** Ms between the end of a link and the offline announcement of its PC users. 0 for never. */
  readonly graceMs: number;
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
export class PresenceMemory extends LinkPresence implements Presence {
  readonly #grace: OfflineGraceMemory;
  readonly #back: PresenceEvents['back'];
  #version = 0;

  constructor(options: PresenceMemoryOptions) {
    super(options);
    this.#back = options.back;
    this.#grace = new OfflineGraceMemory({
      ...options,
      due: (userId) => {
        const state = this.stateOf(userId);
        if (state === 'pc') return undefined;
        options.lost(userId, state, ++this.#version);
        return this.#version;
      },
    });
  }

  async userConnections(userIds: readonly number[]): Promise<readonly UserConnections[]> {
    return userIds.map((userId) => ({
      userId,
      state: this.stateOf(userId),
      connections: [...this.links.values()]
        .filter((link) => !link.entry(userId).isNothing)
        .map((link) => {
          const { clients, away } = link.entry(userId);
          return { link: link.id, clients, away };
        }),
    }));
  }

  addClients(id: LinkId, clients: readonly ClientStatus[]): void {
    const link = this.links.opened(id);
    for (const client of clients) {
      link.ledger.add(client);
      this.#find(link, client.userId);
    }
  }

  update(id: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    const link = this.links.opened(id);
    link.ledger.update(update);
    // The update itself announces a user who comes online,
    if (link.entry(update.userId).state === 'pc') this.#grace.found(update.userId);
    // and one that it takes offline.
    else if (link.counts && goesWithPc(update)) this.#grace.announced(update.userId);
    waiter.updated(update, link.counts ? this.#commit(update.userId) : { kind: 'standby' });
  }

  confirm(userId: number, waiter: UpdateWaiter, which: ConfirmWhich): void {
    const client = this.links.client(userId, which);
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

  /** Users who went with a link and are neither back nor announced offline. */
  get lostUsers(): number {
    return this.#grace.size;
  }

  stateOf(userId: number): UserState {
    return this.links.stateOf(userId);
  }

  protected linkPromoted(link: CountedLink): void {
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      for (const userId of link.ledger.usersOf(shard, 'pc')) this.#find(link, userId);
    }
  }

  protected linkReleased({ ledger }: CountedLink): void {
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      for (const userId of ledger.usersOf(shard, 'pc')) {
        if (this.stateOf(userId) !== 'pc') this.#grace.lose(userId);
      }
    }
  }

  /** Cancels the pending announcement of a user with a PC client, or reports that user as back. */
  #find(link: CountedLink, userId: number): void {
    const client = link.entry(userId).pcClient(userId);
    const toldVersion = client && this.#grace.found(userId);
    if (client === undefined || toldVersion === undefined) return;
    this.#back(client, toldVersion, ++this.#version);
  }

  #commit(userId: number): UpdateOutcome {
    this.#version++;
    return { kind: 'committed', state: this.stateOf(userId), version: this.#version };
  }
}
