/** Announcements under way at the most before it is plain that they do not come back. */
const MAX_UNDER_WAY = 256;

/**
 * How long a node's own announcements take to come back to it. They come in the order in which they
 * were sent, or not at all: then the connection is another one, and counting begins anew.
 */
export class Echo {
  #sentAt: number[] = [];
  #lastMs: number | undefined;
  #backSentAt = Number.NEGATIVE_INFINITY;

  /** How long the last one took, in ms; undefined before the first. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  /**
   * When the last one that came back was sent. What others had published by then has been heard: it
   * came before.
   */
  get backSentAt(): number {
    return this.#backSentAt;
  }

  sent(now: number): void {
    if (this.#sentAt.length >= MAX_UNDER_WAY) this.reset();
    this.#sentAt.push(now);
  }

  /** The last one was not sent after all. */
  notSent(): void {
    this.#sentAt.pop();
  }

  heard(now: number): void {
    const sentAt = this.#sentAt.shift();
    if (sentAt === undefined) return;
    this.#lastMs = now - sentAt;
    this.#backSentAt = sentAt;
  }

  /** What is under way is waited for no longer. */
  reset(): void {
    this.#sentAt = [];
  }
}
