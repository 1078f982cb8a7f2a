import type { LinkId } from '../presence.ts';

/** Links that have ended and whose users are expected back soon on another link. */
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

  /** Releases a link after `lingerMs`. If the process ends earlier, the lease covers it. */
  add(link: LinkId): void {
    this.#links.add(link);
    setTimeout(() => {
      this.#links.delete(link);
      this.#release(link);
    }, this.#lingerMs).unref();
  }
}
