/** Why a node reads from none of its links for the moment. */
export type PauseReason = 'links-over-mark' | 'bus-full' | 'kept-full';

/**
 * Slows the sources: while anything holds it, the node reads from no link, and TCP slows the
 * msg_servers down. Nothing is dropped.
 */
export class Backpressure {
  readonly #holds = new Set<PauseReason>();
  readonly #changed: (open: boolean) => void;

  constructor(changed: (open: boolean) => void) {
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#holds.size === 0;
  }

  /** Holds the sources for a reason, or lets go of it. */
  set(reason: PauseReason, hold: boolean): void {
    const wasOpen = this.isOpen;
    if (hold) this.#holds.add(reason);
    else this.#holds.delete(reason);
    if (this.isOpen !== wasOpen) this.#changed(this.isOpen);
  }
}
