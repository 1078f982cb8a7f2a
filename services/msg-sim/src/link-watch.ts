import type { LinkDown } from '@route/link-client';
import type { SimServer } from './sim-server.ts';
import type { NodeLine } from './view.ts';

/** Losses of one address within this time (ms) are reported together. */
const GATHER_MS = 300;

export interface LinkWatchOptions {
  readonly addresses: readonly string[];
  /** The complete configuration. */
  readonly servers: readonly SimServer[];
  tell(text: string): void;
}

/** Tracks the address of each link and reports changes in words. */
export class LinkWatch {
  readonly #options: LinkWatchOptions;
  readonly #unreachable = new Set<string>();
  readonly #lost = new Map<string, LinkDown[]>();
  #firstLossMs: number | undefined;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  get linked(): number {
    return this.#options.servers.filter(({ isJoined }) => isJoined).length;
  }

  get nodes(): Omit<NodeLine, 'pid'>[] {
    const { addresses, servers } = this.#options;
    return addresses.map((address) => {
      const links = servers.filter((server) => server.address === address).length;
      if (links > 0) return { address, links, state: 'linked' };
      return { address, links, state: this.#unreachable.has(address) ? 'unreachable' : 'idle' };
    });
  }

  /** Records that a server's node has accepted its link. */
  joined(server: SimServer): void {
    if (server.address !== undefined) this.#unreachable.delete(server.address);
    const { servers, tell } = this.#options;
    if (this.#firstLossMs === undefined || this.linked < servers.length) return;
    const seconds = (performance.now() - this.#firstLossMs) / 1000;
    this.#firstLossMs = undefined;
    tell(`all ${servers.length} msg_servers are linked again, ${seconds.toFixed(1)} s later`);
  }

  /** Records a lost link or a failed attempt. */
  down(how: LinkDown): void {
    if (!how.wasUp) {
      if (how.reason === 'connect-failed') this.#unreachable.add(how.address);
      return;
    }
    // At the end the msg_servers close their links for good.
    if (how.retryMs === undefined) return;
    this.#firstLossMs ??= performance.now();
    const gathered = this.#lost.get(how.address);
    if (gathered !== undefined) {
      gathered.push(how);
      return;
    }
    this.#lost.set(how.address, [how]);
    setTimeout(() => this.#tellLost(how.address), GATHER_MS).unref();
  }

  #tellLost(address: string): void {
    const lost = this.#lost.get(address) ?? [];
    this.#lost.delete(address);
    const reasons = [...new Set(lost.map(({ reason }) => reason))].join(', ');
    const links = lost.length === 1 ? '1 link' : `${lost.length} links`;
    this.#options.tell(`${address}: ${links} lost (${reasons})`);
  }
}
