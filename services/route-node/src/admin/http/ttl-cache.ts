interface Entry<T> {
  readonly answer: Promise<T>;
  /** On performance.now(); Infinity while the answer is on its way. */
  staleAtMs: number;
}

/** Caches answers for a while; requests during a pending one wait for it. */
export class TtlCache<T> {
  readonly #keepMs: number;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** The answer kept under the key, or else the one that `ask` gives; a failure is kept as well. */
  async get(key: string, ask: () => Promise<T>): Promise<T> {
    this.#forgetStale();
    const known = this.#entries.get(key);
    if (known !== undefined) return await known.answer;
    const entry: Entry<T> = { answer: ask(), staleAtMs: Number.POSITIVE_INFINITY };
    this.#entries.set(key, entry);
    try {
      return await entry.answer;
    } finally {
      entry.staleAtMs = performance.now() + this.#keepMs;
    }
  }

  #forgetStale(): void {
    const now = performance.now();
    for (const [key, { staleAtMs }] of this.#entries) {
      if (now >= staleAtMs) this.#entries.delete(key);
    }
  }
}
