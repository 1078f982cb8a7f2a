import { Pace } from '../redis/pace.ts';

/** Users who were lost with a link and whether it is time to tell of them; the memory engine's. */
export class OfflineGraceMemory {
  readonly #graceMs: number;
  readonly #pace: Pace;
  readonly #due: (userId: number) => number | undefined;
  /** In the order in which they were lost. */
  readonly #lostAtMs = new Map<number, number>();
  /** Who was told to be offline with which version and when, the longest ago first. */
  readonly #told = new Map<number, { readonly version: number; readonly atMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly graceMs: number;
    readonly perSecond: number;
    /** The grace is over: the version with which the user is told to be offline, none if he is back. */
    due(userId: number): number | undefined;
  }) {
    this.#graceMs = options.graceMs;
    this.#pace = new Pace(options.perSecond);
    this.#due = options.due;
  }

  /** Users who are lost and not announced. */
  get size(): number {
    return this.#lostAtMs.size;
  }

  /** A user's last PC client went with its link. */
  lose(userId: number): void {
    if (this.#graceMs === 0 || this.#lostAtMs.has(userId)) return;
    this.#lostAtMs.set(userId, performance.now());
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** A user has a PC client again; returns the version with which he was told to be offline, if he was. */
  found(userId: number): number | undefined {
    this.#lostAtMs.delete(userId);
    const told = this.#told.get(userId);
    this.#told.delete(userId);
    return told?.version;
  }

  /** A user was announced offline by an update: nothing more is to be announced of a link that ended before. */
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

/** Who has not come back after a day comes anew. */
const REMEMBER_MS = 86_400_000;
