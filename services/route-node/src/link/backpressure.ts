/** Why a node reads none of its links at the moment. */
export type PauseReason = 'links-over-mark' | 'bus-full' | 'kept-full';

/**
 * Pauses reading on all links while there is any reason to, so that TCP slows the msg_servers down.
 * Nothing is dropped.
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

  /** Sets or clears a reason to pause. */
  set(reason: PauseReason, hold: boolean): void {
    const wasOpen = this.isOpen;
    if (hold) this.#holds.add(reason);
    else this.#holds.delete(reason);
    if (this.isOpen !== wasOpen) this.#changed(this.isOpen);
  }
}
