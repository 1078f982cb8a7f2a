import { Progress } from './progress.ts';

/** A msg_server's link in the eyes of the check, from the moment its node has taken it in. */
export interface Member {
  /** Its name in stamps: the run in the upper 16 bits. uint32. */
  readonly id: number;
  /** PDUs sent; the sequence number of the last one. */
  sent: number;
}

/** What has become of what was sent, summed over all receivers. */
export interface DeliveryTotals {
  /** PDUs that came as they should. */
  readonly delivered: number;
  /** PDUs that did not come, though later ones of the same sender did, and both links have been up. */
  readonly lost: number;
  /** PDUs that are on their way; or lost, if they stay there. */
  readonly awaited: number;
  readonly doubled: number;
  /** PDUs that came after a later one of the same sender. */
  readonly outOfOrder: number;
  /** PDUs that came back to their sender, or that nobody has sent. */
  readonly unexpected: number;
  /**
   * PDUs that did not come of what was sent on a link that was lost: on their way to a node that died, or
   * in it. That is not promised.
   */
  readonly cutOff: number;
}

interface Entry extends Member {
  readonly progress: Map<number, Progress>;
  closedAtMs: number | undefined;
}

const RUN_BITS = 16;
const MEMBERS_A_RUN = 2 ** RUN_BITS;

/** Nothing of a link comes so long after its end: the bus keeps nothing longer than 30 s by default. */
const FORGET_MS = 60_000;

/**
 * Whether everything that each msg_server sends comes to each other one, once and in order. It tells what
 * is lost from what was cut off with a link: a new link is a new sender, numbered from 1.
 */
export class DeliveryCheck {
  readonly #run: number;
  readonly #entries = new Map<number, Entry>();
  #members = 0;
  #delivered = 0;
  #doubled = 0;
  #outOfOrder = 0;
  #unexpected = 0;
  /** Of links that are forgotten. */
  #oldLost = 0;
  #oldCutOff = 0;

  /** `run` tells this simulation's PDUs from another's in the same cluster: 0 to 65535. */
  constructor(run: number) {
    this.#run = run;
  }

  /** A link takes part from here on: its node has answered it something. */
  join(): Member {
    const id = (this.#run << RUN_BITS) + (this.#members++ % MEMBERS_A_RUN);
    const joined: Entry = { id: id >>> 0, sent: 0, progress: new Map(), closedAtMs: undefined };
    for (const other of this.#entries.values()) {
      joined.progress.set(other.id, new Progress(other.sent + 1));
      if (other.closedAtMs === undefined) other.progress.set(joined.id, new Progress(1));
    }
    this.#entries.set(joined.id, joined);
    return joined;
  }

  /** A link is gone. */
  leave(member: Member, nowMs: number): void {
    const entry = this.#entries.get(member.id);
    if (entry === undefined) return;
    for (const [id, progress] of entry.progress) {
      const sender = this.#entries.get(id);
      if (sender?.closedAtMs === undefined) continue;
      // It was cut off before this link went, and stays so.
      this.#oldCutOff += progress.missingAtEnd(sender.sent);
    }
    entry.closedAtMs = nowMs;
  }

  /** A PDU has come on this member's link. Returns false where another simulation has sent it. */
  arrived(receiver: Member, sender: number, sequence: number): boolean {
    if (sender >>> RUN_BITS !== this.#run) return false;
    const progress = this.#entries.get(receiver.id)?.progress.get(sender);
    const sent = this.#entries.get(sender)?.sent ?? 0;
    if (progress === undefined || sequence < 1 || sequence > sent) {
      this.#unexpected++;
      return true;
    }
    const arrival = progress.arrived(sequence);
    if (arrival !== 'doubled') this.#delivered++;
    if (arrival === 'doubled') this.#doubled++;
    if (arrival === 'late') this.#outOfOrder++;
    return true;
  }

  /** What there is to be said at this moment. */
  totals(): DeliveryTotals {
    let lost = this.#oldLost;
    let awaited = 0;
    let cutOff = this.#oldCutOff;
    for (const receiver of this.#entries.values()) {
      for (const [id, progress] of receiver.progress) {
        const missing = this.#missing(receiver, this.#entries.get(id), progress);
        lost += missing.lost;
        awaited += missing.awaited;
        cutOff += missing.cutOff;
      }
    }
    return {
      delivered: this.#delivered,
      lost,
      awaited,
      doubled: this.#doubled,
      outOfOrder: this.#outOfOrder,
      unexpected: this.#unexpected,
      cutOff,
    };
  }

  /** Lets go of links whose end is long past, so that a long run does not grow. */
  forget(nowMs: number): void {
    for (const [id, gone] of this.#entries) {
      if (gone.closedAtMs === undefined || nowMs - gone.closedAtMs < FORGET_MS) continue;
      for (const receiver of this.#entries.values()) {
        const progress = receiver.progress.get(id);
        if (progress !== undefined) this.#settle(this.#missing(receiver, gone, progress));
        receiver.progress.delete(id);
      }
      for (const [sender, progress] of gone.progress) {
        this.#settle(this.#missing(gone, this.#entries.get(sender), progress));
      }
      this.#entries.delete(id);
    }
  }

  #missing(receiver: Entry, sender: Entry | undefined, progress: Progress) {
    const between = progress.missingBetween;
    const atEnd =
      receiver.closedAtMs === undefined && sender !== undefined
        ? progress.missingAtEnd(sender.sent)
        : 0;
    if (sender?.closedAtMs === undefined) return { lost: between, awaited: atEnd, cutOff: 0 };
    return { lost: 0, awaited: 0, cutOff: between + atEnd };
  }

  #settle({ lost, cutOff }: { readonly lost: number; readonly cutOff: number }): void {
    this.#oldLost += lost;
    this.#oldCutOff += cutOff;
  }
}
