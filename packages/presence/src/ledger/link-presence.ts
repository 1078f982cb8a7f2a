import type { LinkEnd, LinkId, PresenceStats } from '../presence.ts';
import { CountedLink, type InterestObserver } from './counted-link.ts';
import { NodeLinks } from './node-links.ts';
import { statsOf } from './presence-stats.ts';

export interface LinkPresenceOptions {
  /** Observes which users are on this node's links. */
  readonly interestObserver?: InterestObserver;
  /** How long a lingering link still counts, in ms ({@link LinkEnd}). */
  readonly lingerMs: number;
}

/** The links of one node: the part of presence that is the same in both engines. */
export abstract class LinkPresence {
  protected readonly links = new NodeLinks();
  readonly #options: LinkPresenceOptions;
  readonly #lingering = new Set<LinkId>();

  constructor(options: LinkPresenceOptions) {
    this.#options = options;
  }

  /** A link is no longer on standby: its users count. */
  protected abstract linkPromoted(link: CountedLink): void;

  /** The users of a link no longer count, because it is on standby or `ended`. */
  protected abstract linkReleased(link: CountedLink, ended: boolean): void;

  get userCount(): number {
    let users = 0;
    for (const { ledger } of this.links.values()) users += ledger.size;
    return users;
  }

  userCountOf(link: LinkId): number {
    return this.links.get(link)?.ledger.size ?? 0;
  }

  stats(shard: number): PresenceStats {
    const ledgers = [...this.links.values()].map(({ ledger }) => ledger);
    return statsOf(ledgers, shard);
  }

  get lingeringLinks(): number {
    return this.#lingering.size;
  }

  openLink(link: LinkId, { standby }: { readonly standby: boolean }): void {
    this.links.set(link, new CountedLink(link, !standby, this.#options.interestObserver));
  }

  setStandby(id: LinkId, standby: boolean): void {
    const link = this.links.opened(id);
    if (link.counts === !standby) return;
    link.counts = !standby;
    link.setObserved(!standby);
    if (standby) this.linkReleased(link, false);
    else this.linkPromoted(link);
  }

  closeLink(id: LinkId, end: LinkEnd): void {
    const link = this.links.opened(id);
    link.setObserved(false);
    if (end === 'linger' && link.counts) {
      this.#linger(id);
      return;
    }
    this.links.delete(id);
    // The users of a standby link do not count, and are not announced offline.
    if (!link.counts) return;
    link.counts = false;
    this.linkReleased(link, true);
  }

  /** Releases a link after `lingerMs`. If the process ends earlier, the lease covers it. */
  #linger(id: LinkId): void {
    this.#lingering.add(id);
    setTimeout(() => {
      this.#lingering.delete(id);
      this.closeLink(id, 'release');
    }, this.#options.lingerMs).unref();
  }
}
