/** Why links should not be sent to a node. */
const UNREADY_REASONS = {
  starting: 'the node has not begun to listen for links',
  redis: 'Redis does not answer, or the lease is not acquired',
  presence: 'Redis answers, and this node or another is still writing the users of its links to it',
  cluster: 'nodes of another release or with another number of shards run in this namespace',
  bus: 'the node receives nothing from the bus',
  descriptors: 'the limit of open files (ulimit -n) leaves no room for further links',
  draining: 'the node is draining',
} as const;

export type UnreadyReason = keyof typeof UNREADY_REASONS;

/** A reason as it is shown. */
export interface ExplainedReason {
  readonly reason: UnreadyReason;
  readonly meaning: string;
}

/** Whether links may be sent to a node, and why not. */
export class Readiness {
  readonly #reasons = new Set<UnreadyReason>(['starting']);
  /** The current cause of a reason, as last observed. */
  readonly #details = new Map<UnreadyReason, string>();
  readonly #changed: (reasons: readonly UnreadyReason[]) => void;

  constructor(changed: (reasons: readonly UnreadyReason[]) => void) {
    this.#changed = changed;
  }

  /** Empty when the node is ready. */
  get reasons(): readonly UnreadyReason[] {
    return [...this.#reasons];
  }

  has(reason: UnreadyReason): boolean {
    return this.#reasons.has(reason);
  }

  /** The reasons, each with its meaning and its known cause. */
  get explained(): readonly ExplainedReason[] {
    return this.reasons.map((reason) => {
      const detail = this.#details.get(reason);
      const meaning = UNREADY_REASONS[reason];
      return { reason, meaning: detail === undefined ? meaning : `${meaning}: ${detail}` };
    });
  }

  /** Sets or clears a reason. */
  set(reason: UnreadyReason, holds: boolean): void {
    if (!holds) this.#details.delete(reason);
    if (this.#reasons.has(reason) === holds) return;
    if (holds) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    this.#changed(this.reasons);
  }

  /** Records the cause of a reason; kept until the reason is cleared. */
  explain(reason: UnreadyReason, detail: string): void {
    if (this.#reasons.has(reason)) this.#details.set(reason, detail);
  }
}
