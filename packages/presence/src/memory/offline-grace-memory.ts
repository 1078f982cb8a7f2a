import { Pace } from '../redis/pace.ts';

const LOOK_MS = 100;

/** A user who returns after more than a day is treated as new. */
const REMEMBER_MS = 86_400_000;

interface OfflineGraceMemoryOptions {
  readonly graceMs: number;
  readonly perSecond: number;
  /** Announces the user offline and returns the version, or undefined if the user is back. */
  due(userId: number): number | undefined;
}

/** The offline grace of the memory engine: users without a PC client since a link ended. */
export class OfflineGraceMemory {
  readonly #options: OfflineGraceMemoryOptions;
  readonly #pace: Pace;
  /** In the order of the loss. */
  readonly #lostAtMs = new Map<number, number>();
  /** Users announced offline, with the version and the time, oldest first. */
  readonly #announced = new Map<number, { readonly version: number; readonly atMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OfflineGraceMemoryOptions) {
    this.#options = options;
    this.#pace = new Pace(options.perSecond);
  }

  /** Users whose announcement is pending. */
  get size(): number {
    return this.#lostAtMs.size;
  }

  lose(userId: number): void {
    if (this.#options.graceMs === 0 || this.#lostAtMs.has(userId)) return;
    this.#lostAtMs.set(userId, performance.now());
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** A user has a PC client again. Returns the version of the offline announcement, if any. */
  found(userId: number): number | undefined {
    this.#lostAtMs.delete(userId);
    const version = this.#announced.get(userId)?.version;
    this.#announced.delete(userId);
    return version;
  }

  /** An update announced the user offline: the pending announcement of an ended link is dropped. */
  announced(userId: number): void {
    this.#lostAtMs.delete(userId);
  }

  #look(): void {
    const now = performance.now();
    let left = this.#pace.advance(LOOK_MS);
    for (const [userId, lostAtMs] of this.#lostAtMs) {
      if (left-- === 0 || now - lostAtMs < this.#options.graceMs) break;
      this.#lostAtMs.delete(userId);
      const version = this.#options.due(userId);
      if (version === undefined) continue;
      this.#announced.delete(userId);
      this.#announced.set(userId, { version, atMs: now });
    }
    for (const [userId, { atMs }] of this.#announced) {
      if (now - atMs < REMEMBER_MS) break;
      this.#announced.delete(userId);
    }
    if (this.#lostAtMs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
