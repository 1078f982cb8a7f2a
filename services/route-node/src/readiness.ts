/** Why links should not be sent to a node. */
export const UNREADY_REASONS = {
  starting: 'the node has not begun to listen for links',
  redis: 'Redis does not answer, or the lease could not be taken',
  bus: 'the node does not hear the bus',
  draining: 'the node is going away',
} as const;

export type UnreadyReason = keyof typeof UNREADY_REASONS;

/** Whether links may be sent to a node, and why not. */
export class Readiness {
  readonly #reasons = new Set<UnreadyReason>(['starting']);
  readonly #changed: (reasons: readonly UnreadyReason[]) => void;

  constructor(changed: (reasons: readonly UnreadyReason[]) => void) {
    this.#changed = changed;
  }

  /** Empty when the node is ready. */
  get reasons(): readonly UnreadyReason[] {
    return [...this.#reasons];
  }

  /** Sets or takes back a reason. */
  set(reason: UnreadyReason, holds: boolean): void {
    if (this.#reasons.has(reason) === holds) return;
    if (holds) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    this.#changed(this.reasons);
  }
}
