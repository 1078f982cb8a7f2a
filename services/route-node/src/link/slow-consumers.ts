/** A link as seen by who watches how it drains. */
export interface Draining {
  /** Bytes that the kernel has not yet taken. */
  readonly unsentBytes: number;
  /** Bytes that it has, since the link was opened. */
  readonly takenBytes: number;
  /** When the link went over half of the mark, and what had been taken by then; undefined below it. */
  readonly halfway: Halfway | undefined;
}

export interface Halfway {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly takenBytes: number;
}

export interface SlowConsumersOptions {
  /** Unsent bytes over which a link slows the sources. */
  readonly markBytes: number;
  /** Unsent bytes at which it is closed. */
  readonly limitBytes: number;
  /** How long a link may stay over the mark. */
  readonly drainTimeoutMs: number;
  /** Monotonic milliseconds. */
  now(): number;
  /** The sources are to be held, or let go. */
  pause(held: boolean): void;
}

/** How often links over the mark are looked at. */
const LOOK_MS = 20;

/**
 * How long it takes to see whether a link drains. The kernel's own buffers, some MB, empty before it takes
 * anything more: of a peer that reads 10 MB/s nothing is seen for up to 400 ms.
 */
const WINDOW_MS = 500;

interface OverMark {
  readonly sinceMs: number;
  windowMs: number;
  windowTaken: number;
  drains: boolean;
}

/**
 * Decides for whose sake the sources are slowed. A link over the mark holds them for as long as that
 * helps it: while it drains fast enough to be rid of its backlog before it counts as stuck. One that
 * does not would make everybody else wait in vain: for its sake they are only slowed so far that its
 * backlog does not reach the limit before its time is over.
 */
export class SlowConsumers {
  readonly #options: SlowConsumersOptions;
  readonly #links = new Map<Draining, OverMark>();
  #timer: NodeJS.Timeout | undefined;
  #held = false;

  constructor(options: SlowConsumersOptions) {
    this.#options = options;
  }

  /** A link has gone over the mark. */
  over(link: Draining): void {
    const now = this.#options.now();
    const { takenBytes } = link;
    const drains = this.#mayDrain(link, now);
    this.#links.set(link, { sinceMs: now, windowMs: now, windowTaken: takenBytes, drains });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    if (drains) this.#hold(true);
  }

  /** A link over the mark was given more. */
  added(link: Draining): void {
    const over = this.#links.get(link);
    if (!this.#held && over !== undefined && this.#slows(link, over)) this.#hold(true);
  }

  /** A link is back under the mark, or gone. */
  back(link: Draining): void {
    if (!this.#links.delete(link)) return;
    if (this.#links.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#hold(false);
  }

  #look(): void {
    const { markBytes, drainTimeoutMs, now } = this.#options;
    let hold = false;
    for (const [link, over] of this.#links) {
      const elapsedMs = now() - over.windowMs;
      if (elapsedMs >= WINDOW_MS) {
        // A look that comes late (the process was busy or stopped) expects no more than a timely one.
        const due = (markBytes / drainTimeoutMs) * WINDOW_MS;
        over.drains = link.takenBytes - over.windowTaken >= due;
        over.windowMs += elapsedMs;
        over.windowTaken = link.takenBytes;
      }
      hold ||= this.#slows(link, over);
    }
    this.#hold(hold);
  }

  /** Where it was long on its way to the mark, it has shown whether it drains: nobody is held to find out. */
  #mayDrain({ takenBytes, halfway }: Draining, now: number): boolean {
    const { markBytes, drainTimeoutMs } = this.#options;
    if (halfway === undefined) return true;
    const onItsWayMs = now - halfway.atMs;
    if (onItsWayMs < WINDOW_MS) return true;
    return takenBytes - halfway.takenBytes >= (markBytes / drainTimeoutMs) * onItsWayMs;
  }

  #slows(link: Draining, { drains, sinceMs }: OverMark): boolean {
    if (drains) return true;
    const { markBytes, limitBytes, drainTimeoutMs, now } = this.#options;
    const part = Math.min(1, (now() - sinceMs) / drainTimeoutMs);
    return link.unsentBytes > markBytes + (limitBytes - markBytes) * part * MARGIN;
  }

  #hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#options.pause(held);
  }
}

/** What is read before a hold takes effect comes on top. */
const MARGIN = 0.75;
