import { DirectedProgress, Stay } from './directed-progress.ts';
import { type Arrival, Progress } from './progress.ts';

/** Delivery mode of the nodes for PDUs addressed to users: ROUTE_DELIVERY. */
export const DELIVERIES = ['broadcast', 'directed'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** A msg_server's link, from the moment its node has accepted it. */
export interface Member {
  /** Link id in stamps, with the run in the upper 16 bits. uint32. */
  readonly id: number;
  /** Number of PDUs sent, which is also the last sequence number. */
  readonly sent: number;
}

/** Outcome counts, summed over all receivers. */
export interface DeliveryTotals {
  /** PDUs delivered as expected. */
  readonly delivered: number;
  /** PDUs missing although later ones of the same sender arrived and both links stayed up. */
  readonly lost: number;
  /** PDUs not delivered yet. They count as lost if they never arrive. */
  readonly awaited: number;
  readonly doubled: number;
  /** PDUs that arrived after a later one of the same sender. */
  readonly outOfOrder: number;
  /** PDUs that arrived late but may, because their user had just come online at the receiver. */
  readonly caughtUp: number;
  /** PDUs delivered once to a link without any of their users. Directed delivery allows it. */
  readonly besides: number;
  /** PDUs returned to their sender, or never sent by any member. */
  readonly unexpected: number;
  /**
   * PDUs of a lost link that did not arrive: they were on their way to a node that died, or inside
   * it. Their delivery is not promised.
   */
  readonly cutOff: number;
}

interface Entry extends Member {
  sent: number;
  readonly progress: Map<number, Progress | DirectedProgress>;
  /** Users that this link has online. */
  readonly stays: Map<number, Stay>;
  closedAtMs: number | undefined;
}

const RUN_BITS = 16;
const MEMBERS_A_RUN = 2 ** RUN_BITS;

/** How long PDUs of a closed link may still arrive. The bus retains frames for 30 s by default. */
const FORGET_MS = 60_000;

/** What the check needs to know of the run. */
export interface DeliveryCheckOptions {
  /** Distinguishes this simulation's PDUs from another's in the same cluster: 0 to 65535. */
  readonly run: number;
  readonly delivery: Delivery;
}

/**
 * Checks that each PDU reaches every msg_server that must receive it, once and in order. It counts
 * lost PDUs apart from those cut off with a link: a new link is a new sender, numbered from 1.
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
  /** Counts of forgotten links. */
  #oldLost = 0;
  #oldCutOff = 0;

  constructor({ run, delivery }: DeliveryCheckOptions) {
    this.#run = run;
    this.delivery = delivery;
  }

  /** Adds a link whose node has answered and knows that these users are online on it. */
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

  /** Records that a link has reported a new user. */
  came(member: Member, user: number): void {
    const stays = this.#entries.get(member.id)?.stays;
    if (stays?.has(user) === false) stays.set(user, new Stay());
  }

  /** Records that a user has gone offline on a link. */
  went(member: Member, user: number): void {
    const stays = this.#entries.get(member.id)?.stays;
    const stay = stays?.get(user);
    if (stay !== undefined) stay.isOver = true;
    stays?.delete(user);
  }

  /** Records a login that the node may have read late: only PDUs sent from now on are due. */
  cameUnseen(member: Member, user: number): void {
    if (this.#entries.get(member.id)?.stays.has(user) !== true) return;
    this.went(member, user);
    this.came(member, user);
  }

  /** Records a PDU addressed to these users, or a broadcast. Returns its sequence number. */
  sending(member: Member, recipients: readonly number[] | 'all'): number {
    const sender = this.#entries.get(member.id);
    if (sender === undefined) throw new Error(`member ${member.id} does not take part`);
    sender.sent++;
    for (const { progress, stays, closedAtMs } of this.#entries.values()) {
      const receipts = progress.get(sender.id);
      if (closedAtMs !== undefined || !(receipts instanceof DirectedProgress)) continue;
      const to =
        recipients === 'all'
          ? 'all'
          : [...new Set(recipients)].flatMap((user) => stays.get(user) ?? []);
      receipts.sent(sender.sent, to);
    }
    return sender.sent;
  }

  /** Records that a link is closed. */
  leave(member: Member, nowMs: number): void {
    const entry = this.#entries.get(member.id);
    if (entry === undefined) return;
    for (const [id, progress] of entry.progress) {
      const sender = this.#entries.get(id);
      if (sender?.closedAtMs === undefined) continue;
      // PDUs cut off before this link closed stay cut off.
      this.#oldCutOff += progress.missingAtEnd(sender.sent);
    }
    entry.closedAtMs = nowMs;
  }

  /** Records a PDU received on this member's link. Foreign PDUs come from another simulation. */
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

  /** Returns the counts at this moment. */
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

  /** Forgets links that ended long ago, so that memory stays bounded in a long run. */
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

  /** The expectations for a sender from now on. */
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
