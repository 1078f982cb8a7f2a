import type { ClientStatus } from '@route/protocol';
import { Ledger } from './ledger.ts';
import {
  type LinkEnd,
  type LinkId,
  type Presence,
  type QueryWaiter,
  strongerState,
  type UpdateOutcome,
  type UpdateWaiter,
  type UserState,
} from './presence.ts';

/**
 * Presence in one process's memory: the engine of a node that runs alone, and the specification that
 * the Redis engine is tested against. Everything is answered at once.
 */
export class PresenceMemory implements Presence {
  readonly #links = new Map<LinkId, { readonly ledger: Ledger; aside: boolean }>();
  #version = 0;

  get heldUsers(): number {
    let users = 0;
    for (const { ledger } of this.#links.values()) users += ledger.size;
    return users;
  }

  openLink(link: LinkId, { aside }: { readonly aside: boolean }): void {
    this.#links.set(link, { ledger: new Ledger(), aside });
  }

  addClients(link: LinkId, clients: readonly ClientStatus[]): void {
    const { ledger } = this.#link(link);
    for (const client of clients) ledger.add(client);
  }

  update(link: LinkId, update: ClientStatus, waiter: UpdateWaiter): void {
    const { ledger, aside } = this.#link(link);
    ledger.update(update);
    waiter.updated(update, aside ? { kind: 'aside' } : this.#commit(update.userId));
  }

  query(_link: LinkId, userIds: readonly number[], waiter: QueryWaiter): void {
    waiter.answered(Uint8Array.from(userIds, (id) => (this.stateOf(id) === 'pc' ? 1 : 0)));
  }

  setAside(link: LinkId, aside: boolean): void {
    this.#link(link).aside = aside;
  }

  closeLink(link: LinkId, _end: LinkEnd): void {
    this.#links.delete(link);
  }

  resync(): void {
    // What this engine remembers is what its links said: there is nothing to set again.
  }

  /** What all links together hold of a user. */
  stateOf(userId: number): UserState {
    let state: UserState = 'gone';
    for (const { ledger, aside } of this.#links.values()) {
      if (!aside) state = strongerState(state, ledger.holding(userId).state);
    }
    return state;
  }

  #commit(userId: number): UpdateOutcome {
    this.#version++;
    return { kind: 'committed', state: this.stateOf(userId), version: this.#version };
  }

  #link(link: LinkId): { readonly ledger: Ledger; aside: boolean } {
    const found = this.#links.get(link);
    if (found === undefined) throw new Error(`link ${link} is not open`);
    return found;
  }
}
