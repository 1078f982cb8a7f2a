/** How many heartbeats keep their send time: those of the last minute at the usual rate. */
const REMEMBERED = 256;

/**
 * Numbers a node's heartbeats. The returned ones show whether the node is responsive and the
 * round-trip time. Each is matched by its number, whatever became of earlier ones.
 */
export class NodeHeartbeat {
  readonly #probeTimeoutMs: number;
  readonly #onChange: (hearing: boolean) => void;
  /** By the number modulo {@link REMEMBERED}. */
  readonly #sentAt = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #isBack = new Uint8Array(REMEMBERED);
  #seq = 0;
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #rttMs: number | undefined;
  #returnedSentAt = Number.NEGATIVE_INFINITY;
  #responsive = false;
  #heardAt: number;
  /** When the node became responsive. */
  #responsiveAt = 0;
  #tickedAt: number;
  #timeMs = 0;
  #responsiveFromMs = 0;
  #hearingSince: number | undefined;

  constructor(probeTimeoutMs: number, now: number, onChange: (hearing: boolean) => void) {
    this.#probeTimeoutMs = probeTimeoutMs;
    this.#onChange = onChange;
    this.#heardAt = now;
    this.#tickedAt = now;
  }

  /** The number of the last one; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** When the last one was sent. */
  get lastSentAt(): number {
    return this.#lastSentAt;
  }

  /** How long the last one that came back took, in ms; undefined before the first. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /**
   * When the latest returned heartbeat was sent. Everything that others had published on the same
   * channel by then has arrived, because it came before.
   */
  get returnedSentAt(): number {
    return this.#returnedSentAt;
  }

  /** Whether the node receives its own frames, so both directions of the transport work. */
  get responsive(): boolean {
    return this.#responsive;
  }

  /**
   * Milliseconds in which the node was responsive. Stands still while it is unresponsive or
   * stopped.
   */
  get timeMs(): number {
    return this.#timeMs;
  }

  /**
   * Time without a break in which the node was responsive, of {@link timeMs}. 0 while unresponsive.
   */
  get steadyMs(): number {
    return this.#responsive ? this.#timeMs - this.#responsiveFromMs : 0;
  }

  /** When a heartbeat was sent. Undefined for one that was never sent, or long ago. */
  sentAt(number: number): number | undefined {
    const isKnown = number > 0 && number <= this.#seq && number > this.#seq - REMEMBERED;
    return isKnown ? this.#sentAt[number % REMEMBERED] : undefined;
  }

  /** Milliseconds since this node heard itself for the first time; 0 for not yet. */
  hearingMs(now: number): number {
    return this.#hearingSince === undefined ? 0 : now - this.#hearingSince;
  }

  /** The number of a heartbeat that is sent now. */
  next(now: number): number {
    this.#seq += 1;
    this.#lastSentAt = now;
    this.#sentAt[this.#seq % REMEMBERED] = now;
    this.#isBack[this.#seq % REMEMBERED] = 0;
    return this.#seq;
  }

  /**
   * A heartbeat of this node came back. Ignores one that it never sent, or that came back before.
   */
  probeReturned(number: number, now: number): void {
    const sentAt = this.sentAt(number);
    if (sentAt === undefined || this.#isBack[number % REMEMBERED] === 1) return;
    this.#isBack[number % REMEMBERED] = 1;
    this.#rttMs = now - sentAt;
    this.#returnedSentAt = Math.max(this.#returnedSentAt, sentAt);
    this.ownFrameReceived(now);
  }

  /** Something else of this node came back. */
  ownFrameReceived(now: number): void {
    this.#heardAt = now;
    if (!this.#responsive) this.#responsiveAt = now;
    this.#hearingSince ??= now;
    this.#set(true);
  }

  /** The connection is known to be gone. */
  disconnected(): void {
    this.#set(false);
  }

  /**
   * Call a few times within `probeTimeoutMs`. Returns true when the node is unresponsive and should
   * reconnect.
   */
  tick(now: number): boolean {
    const elapsed = now - this.#tickedAt;
    const responsiveMs = now - Math.max(this.#tickedAt, this.#responsiveAt);
    this.#tickedAt = now;
    if (elapsed > this.#probeTimeoutMs / 2) {
      // The process itself was stopped and has yet to read what arrived: that is not unresponsive.
      this.#heardAt = now;
      return false;
    }
    if (this.#responsive) this.#timeMs += responsiveMs;
    if (now - this.#heardAt <= this.#probeTimeoutMs) return false;
    this.#heardAt = now;
    this.#set(false);
    return true;
  }

  #set(hearing: boolean): void {
    if (hearing === this.#responsive) return;
    this.#responsive = hearing;
    this.#responsiveFromMs = this.#timeMs;
    this.#onChange(hearing);
  }
}
