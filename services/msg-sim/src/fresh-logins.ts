/** Dependencies of FreshLogins. */
export interface FreshLoginsOptions {
  /**
   * Sends a query. It resolves once the node has read all that was sent before, or the link is
   * lost.
   */
  ask(): Promise<unknown>;
  /** Called when the node took long to read a login. */
  readSlowly(user: number): void;
}

/** Longer than a node takes to read a link without a backlog, in ms. */
const PROMPT_MS = 250;

/**
 * Finds out when a node has read new logins. Nodes retain a PDU for a user who is about to come
 * online until they have read everything in progress. A login that waits behind thousands of others
 * is read too late for that.
 */
export class FreshLogins {
  readonly #options: FreshLoginsOptions;
  #fresh: { readonly user: number; readonly atMs: number }[] = [];
  #isAsking = false;

  constructor(options: FreshLoginsOptions) {
    this.#options = options;
  }

  /** Records a login that has just been sent. */
  async sent(user: number): Promise<void> {
    this.#fresh.push({ user, atMs: performance.now() });
    // One query at a time, so that a storm of logins does not cause a storm of queries.
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#fresh.length > 0) {
      const asked = this.#fresh;
      this.#fresh = [];
      await this.#options.ask();
      const lateMs = performance.now() - PROMPT_MS;
      for (const { user: late, atMs } of asked) if (atMs < lateMs) this.#options.readSlowly(late);
    }
    this.#isAsking = false;
  }
}
