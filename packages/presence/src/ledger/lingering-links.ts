import type { LinkId } from '../presence.ts';

/** Links that have ended and whose users are believed to be back soon, by another link. */
export class LingeringLinks {
  readonly #lingerMs: number;
  readonly #release: (link: LinkId) => void;
  readonly #links = new Set<LinkId>();

  constructor(lingerMs: number, release: (link: LinkId) => void) {
    this.#lingerMs = lingerMs;
    this.#release = release;
  }

  get size(): number {
    return this.#links.size;
  }

  /** Has a link released when its time is over. A process that ends before leaves it to the lease. */
  add(link: LinkId): void {
    this.#links.add(link);
    setTimeout(() => {
      this.#links.delete(link);
      this.#release(link);
    }, this.#lingerMs).unref();
  }
}
