/** What watching logins needs. */
export interface FreshLoginsOptions {
  /** Asks the node something; when that is over, the node has read all that was sent before, or the link is lost. */
  ask(): Promise<unknown>;
  /** The node took long to read that a user had come. */
  readSlowly(user: number): void;
}

/** Longer than a node takes to read a link on which nothing is waiting. */
const PROMPT_MS = 250;

/**
 * Has a node say when it has read that users have come. Nodes keep a message for who is about to come until all
 * that is being read has been read; a login that lies unread behind thousands of others comes too late for it.
 */
export class FreshLogins {
  readonly #options: FreshLoginsOptions;
  #fresh: { readonly user: number; readonly atMs: number }[] = [];
  #isAsking = false;

  constructor(options: FreshLoginsOptions) {
    this.#options = options;
  }

  /** A login has just been sent. */
  async sent(user: number): Promise<void> {
    this.#fresh.push({ user, atMs: performance.now() });
    // One question at a time, so that a storm of logins is none of questions.
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
