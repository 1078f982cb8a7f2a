import { waitFor } from '@route/fixtures';
import type { Mailboxes } from './dues.ts';
import type { TrafficLink } from './traffic-link.ts';
import { makeTrafficBlock, sharedNowMs } from './traffic-pdu.ts';

/** A link that takes part in the traffic: sends numbered PDUs and must get everybody else's. */
export interface Participant {
  readonly id: number;
  readonly link: TrafficLink;
  /** Whose place it has, and whose mailbox, if that is any. */
  readonly place: number | undefined;
  /** PDUs handed to the link; the sequence number of the last one. */
  written: number;
  /** Its node was killed, and with it what the node had read and not yet passed on to everybody. */
  nodeKilled: boolean;
}

/** What has become of the PDUs sent, summed over all receivers. */
export interface Totals {
  /** PDUs sent; each goes to every other link, or to one alone. */
  readonly sent: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** PDUs that came to where nothing of their sender should. */
  readonly unexpected: number;
  /**
   * Missing at the end of what a sender wrote whose link is gone, or anywhere where its node was killed: while
   * the bus is in trouble some of what was read just before has reached the others, some has not.
   */
  readonly cutOff: number;
}

/** All links that send and receive numbered PDUs, and what each must have got of the others. */
export class Traffic {
  /** Where directed traffic goes; none where all is for all. */
  readonly mailboxes: Mailboxes;
  readonly #participants: Participant[] = [];

  constructor(mailboxes: Mailboxes = []) {
    this.mailboxes = mailboxes;
  }

  /** All that ever took part. */
  get participants(): readonly Participant[] {
    return this.#participants;
  }

  /** Those whose links are open. */
  get open(): readonly Participant[] {
    return this.#participants.filter(({ link }) => link.state === 'open');
  }

  /**
   * A link takes part from now on. It must have been answered something before: that shows that its
   * node knows it and delivers to it. Its place is that of its mailbox, which it must have listed.
   */
  join(link: TrafficLink, place?: number): Participant {
    const joined: Participant = {
      id: this.#participants.length,
      ...{ link, place },
      written: 0,
      nodeKilled: false,
    };
    for (const other of this.#participants) {
      // Of a sender that is gone something may still be on its way.
      const written = (): number => other.written;
      joined.link.deliveries.expect(other.id, { required: other.written + 1, written });
      other.link.deliveries.expect(joined.id, { required: 1 });
    }
    this.#participants.push(joined);
    return joined;
  }

  /** Sends neighbouring PDUs in one write; false when more should wait. */
  send(from: Participant, count: number, pduBytes: number): boolean {
    const first = from.written + 1;
    from.written += count;
    const { mailboxes } = this;
    const fromUserId = mailboxes[from.place ?? mailboxes.length] ?? 0;
    const block = { sender: from.id, first, count, pduBytes, sentAtMs: sharedNowMs() };
    return from.link.write(makeTrafficBlock({ ...block, mailboxes, fromUserId }));
  }

  /** What has become of everything so far, at the receivers for which `counts` holds. */
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
   * Waits until every open link has got something that each of the others has sent from now on.
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

  /** Waits until nothing is missing any more, or the deadline passes; returns what it came to. */
  async settle(deadlineMs: number): Promise<Totals> {
    const complete = (): boolean => this.totals().lost === 0;
    await waitFor(complete, { deadlineMs, what: 'all PDUs' }).catch(() => {
      // What is missing is in the totals, which the test judges.
    });
    return this.totals();
  }
}
