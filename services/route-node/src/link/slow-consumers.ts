/** The state of a link from which its drain rate is measured. */
export interface Draining {
  /** Bytes that the kernel has not accepted yet. */
  readonly unsentBytes: number;
  /** Bytes that the kernel has accepted since the link was opened. */
  readonly sentBytes: number;
  /** When the link rose above half of the mark, and the accepted bytes then; undefined below it. */
  readonly halfway: Halfway | undefined;
}

export interface Halfway {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  readonly sentBytes: number;
}

export interface SlowConsumersOptions {
  /** Unsent bytes above which a link pauses reading. */
  readonly markBytes: number;
  /** Unsent bytes at which it is closed. */
  readonly limitBytes: number;
  /** Time that a link may stay over the mark. */
  readonly drainTimeoutMs: number;
  /** Monotonic milliseconds. */
  now(): number;
  /** Pauses or resumes reading on all links. */
  pause(held: boolean): void;
}

/** Interval at which links over the mark are checked. */
const LOOK_MS = 20;

/**
 * Time to measure whether a link drains. The kernel's own buffers, some MB, drain before it accepts
 * anything more: with a peer that reads 10 MB/s no progress is visible for up to 400 ms.
 */
const WINDOW_MS = 500;

interface OverMark {
  readonly sinceMs: number;
  windowMs: number;
  windowSent: number;
  drains: boolean;
}

/**
 * Decides when a slow link pauses reading on all links. A link over the mark does so for as long as
 * that helps: while it drains fast enough to clear its backlog before the drain timeout. For a link
 * that does not, all others would wait in vain: reading is paused only so far that its backlog does
 * not reach the limit before the drain timeout.
 */
export class SlowConsumers {
  readonly #options: SlowConsumersOptions;
  readonly #links = new Map<Draining, OverMark>();
  #timer: NodeJS.Timeout | undefined;
  #held = false;

  constructor(options: SlowConsumersOptions) {
    this.#options = options;
  }

  /** Adds a link that rose above the mark. */
  over(link: Draining): void {
    const now = this.#options.now();
    const { sentBytes } = link;
    const drains = this.#mayDrain(link, now);
    this.#links.set(link, { sinceMs: now, windowMs: now, windowSent: sentBytes, drains });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    if (drains) this.#hold(true);
  }

  /** Checks a link over the mark that was given more. */
  added(link: Draining): void {
    const over = this.#links.get(link);
    if (!this.#held && over !== undefined && this.#slows(link, over)) this.#hold(true);
  }

  /** Removes a link that is back under the mark, or gone. */
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
        // A late check (the process was busy or stopped) expects no more than a timely one.
        const due = (markBytes / drainTimeoutMs) * WINDOW_MS;
        over.drains = link.sentBytes - over.windowSent >= due;
        over.windowMs += elapsedMs;
        over.windowSent = link.sentBytes;
      }
      hold ||= this.#slows(link, over);
    }
    this.#hold(hold);
  }

  /**
   * A link that took long to reach the mark has already shown whether it drains: no pause is needed
   * to find out.
   */
  #mayDrain({ sentBytes, halfway }: Draining, now: number): boolean {
    const { markBytes, drainTimeoutMs } = this.#options;
    if (halfway === undefined) return true;
    const onItsWayMs = now - halfway.atMs;
    if (onItsWayMs < WINDOW_MS) return true;
    return sentBytes - halfway.sentBytes >= (markBytes / drainTimeoutMs) * onItsWayMs;
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

/** Allows for bytes that are read before a pause takes effect. */
const MARGIN = 0.75;
