import type { ClientStatus } from '@route/protocol';
import {
  type ConfirmWhich,
  type LinkId,
  type PresenceStats,
  strongerState,
  type UserState,
} from '../presence.ts';
import type { CountedLink } from './counted-link.ts';
import type { PresenceEntry } from './presence-entry.ts';
import { statsOf } from './presence-stats.ts';

/** A client of a user in the form of an update from its link. */
export interface HeldClient {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  readonly entry: PresenceEntry;
}

/** The links of one node that are open or linger, and their combined state. */
export class NodeLinks {
  readonly #links = new Map<LinkId, CountedLink>();

  add(link: CountedLink): void {
    this.#links.set(link.id, link);
  }

  delete(id: LinkId): void {
    this.#links.delete(id);
  }

  find(id: LinkId): CountedLink | undefined {
    return this.#links.get(id);
  }

  /** @throws Error when the link is not open. */
  get(id: LinkId): CountedLink {
    const link = this.#links.get(id);
    if (link === undefined) throw new Error(`link ${id} is not open`);
    return link;
  }

  [Symbol.iterator](): IterableIterator<CountedLink> {
    return this.#links.values();
  }

  /** Users on all links. A user on two links counts twice. */
  get heldUsers(): number {
    let users = 0;
    for (const { ledger } of this) users += ledger.size;
    return users;
  }

  stats(shard: number): PresenceStats {
    const ledgers = Array.from(this, ({ ledger }) => ledger);
    return statsOf(ledgers, shard);
  }

  /** The state of a user on the links that count. */
  stateOf(userId: number): UserState {
    let state: UserState = 'gone';
    for (const link of this) state = strongerState(state, link.entry(userId).state);
    return state;
  }

  /** A client of a user on a link that counts, preferably a PC client. */
  client(userId: number, which: ConfirmWhich): HeldClient | undefined {
    let mobile: HeldClient | undefined;
    for (const link of this) {
      const entry = link.entry(userId);
      const update = entry.client(userId);
      if (update === undefined) continue;
      if (entry.state === 'pc') return { link, update, entry };
      mobile ??= { link, update, entry };
    }
    return which === 'any' ? mobile : undefined;
  }
}
