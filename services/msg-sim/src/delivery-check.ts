import type { Delivery } from './delivery.ts';
import { DirectedProgress, Stay } from './directed-progress.ts';
import { type Arrival, Progress } from './progress.ts';

/** A msg_server's link in the eyes of the check, from the moment its node has taken it in. */
export interface Member {
  /** Its name in stamps: the run in the upper 16 bits. uint32. */
  readonly id: number;
  /** PDUs sent; the sequence number of the last one. */
  readonly sent: number;
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
  /** PDUs that came after a later one, and may, as the user they are for had just come to the receiver. */
  readonly caughtUp: number;
  /** PDUs that came, once, where none of their users is: directed delivery allows it. */
  readonly besides: number;
  /** PDUs that came back to their sender, or that nobody has sent. */
  readonly unexpected: number;
  /**
   * PDUs that did not come of what was sent on a link that was lost: on their way to a node that died, or
   * in it. That is not promised.
   */
  readonly cutOff: number;
}

interface Entry extends Member {
  sent: number;
  readonly progress: Map<number, Progress | DirectedProgress>;
  /** Of the users whom it holds. */
  readonly stays: Map<number, Stay>;
  closedAtMs: number | undefined;
}

const RUN_BITS = 16;
const MEMBERS_A_RUN = 2 ** RUN_BITS;

/** Nothing of a link comes so long after its end: the bus keeps nothing longer than 30 s by default. */
const FORGET_MS = 60_000;

/** What is checked. */
export interface DeliveryCheckOptions {
  /** Tells this simulation's PDUs from another's in the same cluster: 0 to 65535. */
  readonly run: number;
  readonly delivery: Delivery;
}

/**
 * Whether everything that each msg_server sends comes to each other one that it is for, once and in order. It
 * tells what is lost from what was cut off with a link: a new link is a new sender, numbered from 1.
 */
export class DeliveryCheck {
  readonly delivery: Delivery;
  readonly #run: number;
  readonly #entries = new Map<number, Entry>();
  #members = 0;
  #delivered = 0;
  #doubled = 0;
  #outOfOrder = 0;
  #caughtUp = 0;
  #besides = 0;
  #unexpected = 0;
  /** Of links that are forgotten. */
  #oldLost = 0;
  #oldCutOff = 0;

  constructor({ run, delivery }: DeliveryCheckOptions) {
    this.#run = run;
    this.delivery = delivery;
  }

  /** A link takes part from here on: its node has answered it something, and knows that it holds these users. */
  join(users: Iterable<number> = []): Member {
    const id = ((this.#run << RUN_BITS) + (this.#members++ % MEMBERS_A_RUN)) >>> 0;
    const stays = new Map([...users].map((user) => [user, new Stay()]));
    const joined: Entry = { id, sent: 0, progress: new Map(), stays, closedAtMs: undefined };
    for (const other of this.#entries.values()) {
      joined.progress.set(other.id, this.#progressOf(other));
      if (other.closedAtMs === undefined) other.progress.set(id, this.#progressOf(joined));
    }
    this.#entries.set(id, joined);
    return joined;
  }

  /** A link has reported a user whom it did not hold. */
  came(member: Member, user: number): void {
    const stays = this.#entries.get(member.id)?.stays;
    if (stays?.has(user) === false) stays.set(user, new Stay());
  }

  /** A link holds a user no longer. */
  went(member: Member, user: number): void {
    const stays = this.#entries.get(member.id)?.stays;
    const stay = stays?.get(user);
    if (stay !== undefined) stay.isOver = true;
    stays?.delete(user);
  }

  /** A user has come whom the node may have missed until now: only what is sent from here on must come. */
  cameUnseen(member: Member, user: number): void {
    if (this.#entries.get(member.id)?.stays.has(user) !== true) return;
    this.went(member, user);
    this.came(member, user);
  }

  /** A member sends a PDU that concerns these users, or everybody. Returns its sequence number. */
  sending(member: Member, concerned: readonly number[] | 'everybody'): number {
    const sender = this.#entries.get(member.id);
    if (sender === undefined) throw new Error(`member ${member.id} does not take part`);
    sender.sent++;
    for (const { progress, stays, closedAtMs } of this.#entries.values()) {
      const receipts = progress.get(sender.id);
      if (closedAtMs !== undefined || !(receipts instanceof DirectedProgress)) continue;
      const to =
        concerned === 'everybody'
          ? 'all'
          : [...new Set(concerned)].flatMap((user) => stays.get(user) ?? []);
      receipts.sent(sender.sent, to);
    }
    return sender.sent;
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

  /** A PDU has come on this member's link; a foreign one was sent by another simulation. */
  arrived(receiver: Member, sender: number, sequence: number): Arrival | 'unexpected' | 'foreign' {
    if (sender >>> RUN_BITS !== this.#run) return 'foreign';
    const progress = this.#entries.get(receiver.id)?.progress.get(sender);
    const sent = this.#entries.get(sender)?.sent ?? 0;
    if (progress === undefined || sequence < 1 || sequence > sent) {
      this.#unexpected++;
      return 'unexpected';
    }
    const arrival = progress.arrived(sequence);
    if (arrival === 'doubled') this.#doubled++;
    else if (arrival === 'besides') this.#besides++;
    else this.#delivered++;
    if (arrival === 'late') this.#outOfOrder++;
    if (arrival === 'caught-up') this.#caughtUp++;
    return arrival;
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
      caughtUp: this.#caughtUp,
      besides: this.#besides,
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

  /** What is to be got of a sender from now on. */
  #progressOf({ id, sent }: Member): Progress | DirectedProgress {
    return this.delivery === 'directed' ? new DirectedProgress(id) : new Progress(sent + 1);
  }

  #missing(receiver: Entry, sender: Entry | undefined, progress: Progress | DirectedProgress) {
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
