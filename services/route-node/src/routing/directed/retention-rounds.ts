import type { DeliveryBus } from '../delivery.ts';

interface Round {
  readonly tag: number;
  /** What was passed on in it went out in this frame at the earliest. */
  readonly firstFrame: number;
  /** And in this one at the latest; undefined until that is known. */
  lastFrame: number | undefined;
  /** This node's first heartbeat after all that was passed on in it; undefined while the round is open. */
  after: number | undefined;
  /** All nodes that it was for had it before this node's announcement of that number. */
  heartbeatSeq: number | undefined;
}

/** What can be let go of. */
export interface LetGo {
  /** The last tag of which nobody can lack anything. */
  readonly upTo: number;
  /** In the frames before this one there is nothing that is still kept. */
  readonly firstFrame: number;
}

/**
 * For how long what was directed has to be kept. A user may go from one node to another while his message is on
 * its way to the first: it comes there too late for him, and whoever holds him by then has to get it. So it is
 * kept until it has come to all nodes that it was for, and, after that, every node's word has come of whom it
 * held when it heard so. What is passed on between two looks is one round.
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

  /** Something is passed on; returns the tag of the round that it belongs to. */
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

  /** The frame in which the last went out that a round passed on; undefined while that is not known. */
  lastFrame(tag: number): number | undefined {
    return this.#rounds.find((known) => known.tag === tag)?.lastFrame;
  }

  /** The first heartbeat after all that a round passed on at first; undefined while the round is open. */
  heartbeatAfter(tag: number): number | undefined {
    return this.#rounds.find((known) => known.tag === tag)?.after;
  }

  /** Something of a round is passed on once more, to another node. */
  again(tag: number): void {
    const round = this.#rounds.find((known) => known.tag === tag);
    if (round === undefined) return;
    round.lastFrame = undefined;
    round.heartbeatSeq = undefined;
  }

  /**
   * Ends the round; all that it passed on must be with the bus. `confirmed`: the announcement of this node that
   * all others had heard when they sent what is here of them.
   * @returns what can be let go of, if that has become more.
   */
  end(confirmed: number): LetGo | undefined {
    const bus = this.#bus;
    this.#mark = bus.flushBatch();
    this.#open = false;
    for (const round of this.#rounds) {
      round.lastFrame ??= this.#mark;
      round.after ??= bus.heartbeatSeq + 1;
      if (bus.ackedByAll >= round.lastFrame) round.heartbeatSeq ??= bus.heartbeatSeq + 1;
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
