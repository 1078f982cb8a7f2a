import type { DeliveryBus } from '../delivery.ts';

interface Round {
  readonly tag: number;
  /** PDUs of this round were sent in this frame at the earliest. */
  readonly firstFrame: number;
  /** The frame in which they were sent at the latest; undefined until that is known. */
  lastFrame: number | undefined;
  /** This node's first heartbeat after all PDUs of the round; undefined while the round is open. */
  after: number | undefined;
  /** Heartbeat of this node before which all nodes that the round was for had acknowledged it. */
  heartbeatSeq: number | undefined;
}

/** What can be released. */
export interface LetGo {
  /** Last tag of which no node can need anything any more. */
  readonly upTo: number;
  /** Frames before this one contain nothing that is still retained. */
  readonly firstFrame: number;
}

/**
 * Determines how long directed PDUs are retained. A user may move to another node while a message
 * is on its way to the first. It arrives there too late, and the user's new node must get it. PDUs
 * are therefore retained until all nodes that they were sent to have them and, after that, every
 * node has confirmed a later heartbeat with its interest. PDUs between two checks form one round.
 */
export class RetentionRounds {
  readonly #bus: Pick<DeliveryBus, 'flushBatch' | 'ackedByAll' | 'heartbeatSeq'>;
  #rounds: Round[] = [];
  #tag = 0;
  #mark = 0;
  #open = false;

  constructor(bus: Pick<DeliveryBus, 'flushBatch' | 'ackedByAll' | 'heartbeatSeq'>) {
    this.#bus = bus;
  }

  /** Returns the tag of the current round for a PDU; opens a round if none is open. */
  use(): number {
    if (!this.#open) {
      this.#open = true;
      const firstFrame = this.#mark + 1;
      this.#rounds.push({
        tag: ++this.#tag,
        firstFrame,
        lastFrame: undefined,
        after: undefined,
        heartbeatSeq: undefined,
      });
    }
    return this.#tag;
  }

  /** Last frame with PDUs of a round; undefined while that is not known. */
  lastFrame(tag: number): number | undefined {
    return this.#rounds.find((known) => known.tag === tag)?.lastFrame;
  }

  /** First heartbeat after the initial PDUs of a round; undefined while the round is open. */
  heartbeatAfter(tag: number): number | undefined {
    return this.#rounds.find((known) => known.tag === tag)?.after;
  }

  /** Records that a PDU of a round was replayed to another node. */
  again(tag: number): void {
    const round = this.#rounds.find((known) => known.tag === tag);
    if (round === undefined) return;
    round.lastFrame = undefined;
    round.heartbeatSeq = undefined;
  }

  /**
   * Ends the round; all its PDUs must have been passed to the bus. `confirmed`: heartbeat of this
   * node that all others had received when they sent what has arrived from them.
   * @returns what can be released, if anything new.
   */
  end(confirmed: number): LetGo | undefined {
    const bus = this.#bus;
    this.#mark = bus.flushBatch();
    this.#open = false;
    if (this.#rounds.length === 0) return undefined;
    // Once for all rounds: it asks every other node.
    const { ackedByAll } = bus;
    for (const round of this.#rounds) {
      round.lastFrame ??= this.#mark;
      round.after ??= bus.heartbeatSeq + 1;
      if (ackedByAll >= round.lastFrame) round.heartbeatSeq ??= bus.heartbeatSeq + 1;
    }
    const isDone = ({ heartbeatSeq }: Round): boolean =>
      heartbeatSeq !== undefined && heartbeatSeq <= confirmed;
    const kept = this.#rounds.findIndex((round) => !isDone(round));
    const done = this.#rounds.splice(0, kept < 0 ? this.#rounds.length : kept);
    const last = done.at(-1);
    if (last === undefined) return undefined;
    return { upTo: last.tag, firstFrame: this.#rounds[0]?.firstFrame ?? this.#mark + 1 };
  }
}
