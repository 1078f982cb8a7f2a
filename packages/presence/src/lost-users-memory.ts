/** Users who were lost with a link and whether it is time to tell of them; the memory engine's. */
export class LostUsersMemory {
  readonly #graceMs: number;
  readonly #perLook: number;
  readonly #due: (userId: number) => void;
  /** In the order in which they were lost. */
  readonly #lostAtMs = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly graceMs: number;
    readonly perSecond: number;
    /** The grace is over; whether the user is back is for the caller to see. */
    due(userId: number): void;
  }) {
    this.#graceMs = options.graceMs;
    this.#perLook = Math.ceil((options.perSecond * LOOK_MS) / 1000);
    this.#due = options.due;
  }

  /** A user's last PC client went with its link. */
  lose(userId: number): void {
    if (this.#graceMs === 0 || this.#lostAtMs.has(userId)) return;
    this.#lostAtMs.set(userId, performance.now());
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** A user has a PC client again. */
  found(userId: number): void {
    this.#lostAtMs.delete(userId);
  }

  #look(): void {
    const now = performance.now();
    let left = this.#perLook;
    for (const [userId, lostAtMs] of this.#lostAtMs) {
      if (left-- === 0 || now - lostAtMs < this.#graceMs) break;
      this.#lostAtMs.delete(userId);
      this.#due(userId);
    }
    if (this.#lostAtMs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const LOOK_MS = 100;
