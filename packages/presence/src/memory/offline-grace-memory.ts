import { Pace } from '../redis/pace.ts';

/**
 * The offline grace of the memory engine: users whose last PC client went with a link, and when.
 */
export class OfflineGraceMemory {
  readonly #graceMs: number;
  readonly #pace: Pace;
  readonly #due: (userId: number) => number | undefined;
  /** In the order of the loss. */
  readonly #lostAtMs = new Map<number, number>();
  /** Users announced offline, with the version and the time, oldest first. */
  readonly #told = new Map<number, { readonly version: number; readonly atMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly graceMs: number;
    readonly perSecond: number;
    /**
     * The grace is over: announces the user offline and returns the version, or undefined if the
     * user is back.
     */
    due(userId: number): number | undefined;
  }) {
    this.#graceMs = options.graceMs;
    this.#pace = new Pace(options.perSecond);
    this.#due = options.due;
  }

  /** Users whose announcement is pending. */
  get size(): number {
    return this.#lostAtMs.size;
  }

  /** A user's last PC client went with its link. */
  lose(userId: number): void {
    if (this.#graceMs === 0 || this.#lostAtMs.has(userId)) return;
    this.#lostAtMs.set(userId, performance.now());
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /**
   * A user has a PC client again.
   * @returns the version of the offline announcement, if there was one.
   */
  found(userId: number): number | undefined {
    this.#lostAtMs.delete(userId);
    const told = this.#told.get(userId);
    this.#told.delete(userId);
    return told?.version;
  }

  /** An update announced the user offline: the pending announcement of an ended link is dropped. */
  announced(userId: number): void {
    this.#lostAtMs.delete(userId);
  }

  #look(): void {
    const now = performance.now();
    let left = this.#pace.advance(LOOK_MS);
    for (const [userId, lostAtMs] of this.#lostAtMs) {
      if (left-- === 0 || now - lostAtMs < this.#graceMs) break;
      this.#lostAtMs.delete(userId);
      const version = this.#due(userId);
      if (version === undefined) continue;
      this.#told.delete(userId);
      this.#told.set(userId, { version, atMs: now });
    }
    for (const [userId, { atMs }] of this.#told) {
      if (now - atMs < REMEMBER_MS) break;
      this.#told.delete(userId);
    }
    if (this.#lostAtMs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const LOOK_MS = 100;

/** A user who returns after more than a day is treated as new. */
const REMEMBER_MS = 86_400_000;
