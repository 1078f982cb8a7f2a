import { waitFor } from '@route/fixtures';
import type { Mailboxes } from './expected-deliveries.ts';
import type { TrafficLink } from './traffic-link.ts';
import { makeTrafficBlock, sharedNowMs } from './traffic-pdu.ts';

/** A link in the traffic: sends numbered PDUs and must receive those of all others. */
export interface Participant {
  readonly id: number;
  readonly link: TrafficLink;
  /** Its place, and its mailbox if it has one. */
  readonly place: number | undefined;
  /** Number of PDUs written to the link, which is also the last sequence number. */
  written: number;
  /** Its node was killed, together with PDUs that it had read and not yet relayed to all. */
  nodeKilled: boolean;
}

/** Outcome of the PDUs sent, summed over all receivers. */
export interface Totals {
  /** PDUs sent; each goes to every other link, or to one alone. */
  readonly sent: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** PDUs that arrived where none of their sender is due. */
  readonly unexpected: number;
  /**
   * PDUs missing at the end of a closed link's stream, or anywhere for a killed node: while the bus
   * is in trouble, some PDUs read just before have reached the others and some have not.
   */
  readonly cutOff: number;
}

/**
 * All links that send and receive numbered PDUs, and what each must have received of the others.
 */
export class Traffic {
  /** Recipients of directed traffic; undefined where every PDU is a broadcast. */
  readonly mailboxes: Mailboxes;
  readonly #participants: Participant[] = [];

  constructor(mailboxes: Mailboxes = []) {
    this.mailboxes = mailboxes;
  }

  /** All that ever took part. */
  get participants(): readonly Participant[] {
    return this.#participants;
  }

  /** Those with open links. */
  get open(): readonly Participant[] {
    return this.#participants.filter(({ link }) => link.state === 'open');
  }

  /**
   * Adds a link to the traffic. It must have had an answer, which shows that its node knows it and
   * delivers to it. With a mailbox, it must have listed it.
   */
  join(link: TrafficLink, place?: number): Participant {
    const joined: Participant = {
      id: this.#participants.length,
      link,
      place,
      written: 0,
      nodeKilled: false,
    };
    for (const other of this.#participants) {
      // PDUs of a closed sender may still be on their way.
      const written = (): number => other.written;
      joined.link.deliveries.expect(other.id, { required: other.written + 1, written });
      other.link.deliveries.expect(joined.id, { required: 1 });
    }
    this.#participants.push(joined);
    return joined;
  }

  /** Sends a batch of PDUs in one write. Returns false when the caller should wait. */
  send(from: Participant, count: number, pduBytes: number): boolean {
    const first = from.written + 1;
    from.written += count;
    const { mailboxes } = this;
    const fromUserId = mailboxes[from.place ?? mailboxes.length] ?? 0;
    const block = { sender: from.id, first, count, pduBytes, sentAtMs: sharedNowMs() };
    return from.link.write(makeTrafficBlock({ ...block, mailboxes, fromUserId }));
  }

  /** Returns the outcome so far at receivers that satisfy `counts`. */
  totals(counts: (receiver: Participant) => boolean = () => true): Totals {
    const totals = { delivered: 0, lost: 0, doubled: 0, reordered: 0, unexpected: 0, cutOff: 0 };
    for (const receiver of this.#participants) {
      if (!counts(receiver)) continue;
      const { deliveries, state } = receiver.link;
      totals.delivered += deliveries.delivered + deliveries.reordered + deliveries.late;
      totals.doubled += deliveries.doubled;
      totals.reordered += deliveries.reordered;
      totals.unexpected += deliveries.unexpected;
      for (const sender of this.#participants) {
        const between = deliveries.missingBetween(sender.id);
        if (sender.nodeKilled) totals.cutOff += between;
        else totals.lost += between;
        if (state !== 'open') continue;
        const atEnd = deliveries.missingAtEnd(sender.id, sender.written);
        if (sender.link.state === 'open') totals.lost += atEnd;
        else totals.cutOff += atEnd;
      }
    }
    const sent = this.#participants.reduce((sum, { written }) => sum + written, 0);
    return { sent, ...totals };
  }

  /**
   * Waits until every open link has received a PDU that each of the others has sent from now on.
   * @throws Error when the deadline passes first.
   */
  async untilFlowing(deadlineMs: number): Promise<void> {
    const open = this.open;
    const marks = open.map(({ written }) => written + 1);
    const flows = (): boolean =>
      open.every(({ link }) =>
        open.every((sender, i) => {
          const gone = link.state !== 'open' || sender.link.state !== 'open';
          return gone || link.deliveries.missingAtEnd(sender.id, marks[i] ?? 0) === 0;
        }),
      );
    await waitFor(flows, { deadlineMs, what: 'traffic between all links' });
  }

  /** Waits until no PDU is missing, or the deadline passes; returns the outcome. */
  async settle(deadlineMs: number): Promise<Totals> {
    const complete = (): boolean => this.totals().lost === 0;
    await waitFor(complete, { deadlineMs, what: 'all PDUs' }).catch(() => {
      // Missing PDUs are in the totals, which the test checks.
    });
    return this.totals();
  }
}
