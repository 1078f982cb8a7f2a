import type { ClientStatus } from '@route/protocol';
import { type ConfirmWhich, type LinkId, strongerState, type UserState } from '../presence.ts';
import type { CountedLink } from './counted-link.ts';
import type { PresenceEntry } from './presence-entry.ts';

/** A client of a user in the form of an update from its link. */
export interface HeldClient {
  readonly link: CountedLink;
  readonly update: ClientStatus;
  readonly entry: PresenceEntry;
}

/** The links of one node that are open or linger, and their combined state. */
export class NodeLinks extends Map<LinkId, CountedLink> {
  /** @throws Error when the link is not open. */
  opened(id: LinkId): CountedLink {
    const link = this.get(id);
    if (link === undefined) throw new Error(`link ${id} is not open`);
    return link;
  }

  /** The state of a user on the links that count. */
  stateOf(userId: number): UserState {
    let state: UserState = 'gone';
    for (const link of this.values()) state = strongerState(state, link.entry(userId).state);
    return state;
  }

  /** A client of a user on a link that counts, preferably a PC client. */
  client(userId: number, which: ConfirmWhich): HeldClient | undefined {
    let mobile: HeldClient | undefined;
    for (const link of this.values()) {
      const entry = link.entry(userId);
      const update = entry.client(userId);
      if (update === undefined) continue;
      if (entry.state === 'pc') return { link, update, entry };
      mobile ??= { link, update, entry };
    }
    return which === 'any' ? mobile : undefined;
  }
}
