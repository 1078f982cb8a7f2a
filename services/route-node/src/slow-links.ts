/** A link as seen by who watches how it drains. */
export interface Draining {
  readonly unsentBytes: number;
}

export interface SlowLinksOptions {
  /** Unsent bytes over which a link slows the sources. */
  readonly markBytes: number;
  /** How long a link may stay over the mark. */
  readonly stuckMs: number;
  /** Monotonic milliseconds. */
  now(): number;
  /** The sources are to be held, or let go. */
  hold(held: boolean): void;
}

/** How often links over the mark are looked at. */
const LOOK_MS = 100;

/**
 * Decides for whose sake the sources are slowed. A link over the mark slows them for as long as that
 * helps it: while it drains fast enough to be rid of its backlog before it counts as stuck. For one
 * that does not, everybody else would wait in vain; it is left to its limits.
 */
export class SlowLinks {
  readonly #options: SlowLinksOptions;
  readonly #leastPerLook: number;
  /** Links for whose sake the sources are held, and what they had unsent at the last look. */
  readonly #helped = new Map<Draining, number>();
  #timer: NodeJS.Timeout | undefined;
  #lookedMs = 0;

  constructor(options: SlowLinksOptions) {
    this.#options = options;
    this.#leastPerLook = (options.markBytes / options.stuckMs) * LOOK_MS;
  }

  /** A link has gone over the mark. */
  over(link: Draining): void {
    this.#helped.set(link, link.unsentBytes);
    if (this.#timer !== undefined) return;
    this.#lookedMs = this.#options.now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#options.hold(true);
  }

  /** A link is back under the mark, or gone. */
  back(link: Draining): void {
    if (!this.#helped.delete(link) || this.#helped.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.hold(false);
  }

  #look(): void {
    const now = this.#options.now();
    // A look that comes late (the process was busy or stopped) expects no more than a timely one.
    const due = Math.min(1, (now - this.#lookedMs) / LOOK_MS) * this.#leastPerLook;
    this.#lookedMs = now;
    for (const [link, before] of this.#helped) {
      const unsent = link.unsentBytes;
      if (before - unsent < due) this.back(link);
      else this.#helped.set(link, unsent);
    }
  }
}
