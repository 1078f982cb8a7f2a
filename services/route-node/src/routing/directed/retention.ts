import type { Counters } from '../../observability/counters.ts';
import { MESSAGE_TYPES, removalOf } from '../bus-messages.ts';
import type { DeliveryBus, Receiver } from '../delivery.ts';
import type { DeliveryTarget } from './delivery-target.ts';
import { RemoteNode } from './remote-node.ts';
import { type Deliver, type Receipts, type RecentPdu, ReplayBuffer } from './replay-buffer.ts';
import { RetentionRounds } from './retention-rounds.ts';

export interface RetentionOptions {
  readonly bus: DeliveryBus;
  readonly counters: Pick<Counters, 'retainedBytes'>;
  /** Limit in bytes. */
  readonly mostBytes: number;
  /**
   * Called with true when the limit is reached, so that the node stops reading, and with false at
   * half of it.
   */
  onFull(full: boolean): void;
  /** Sends a PDU to a node. */
  pass(node: RemoteNode, bytes: Buffer, start: number, end: number): void;
  /** Whether a node has interest in a user, as far as is known. */
  holds(node: RemoteNode, userId: number): boolean;
}

/**
 * Directed PDUs of this node, retained while another node or link may still gain interest in a
 * recipient and need them.
 */
export class Retention implements Receipts<RemoteNode | Receiver> {
  readonly #options: RetentionOptions;
  readonly #rounds: RetentionRounds;
  readonly #pdus = new ReplayBuffer<RemoteNode | Receiver>('two-ways', this);
  /**
   * Links that have stopped to receive, with the number of PDUs retained by then and the next
   * heartbeat.
   */
  readonly #stopped = new WeakMap<Receiver, { readonly added: number; readonly word: number }>();
  /** Closed links, with the next heartbeat. */
  readonly #closed = new WeakMap<Receiver, number>();
  #full = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#rounds = new RetentionRounds(options.bus);
  }

  /** The PDUs, each with the nodes and the links of this node that got it. */
  get pdus(): ReplayBuffer<RemoteNode | Receiver> {
    return this.#pdus;
  }

  /** Retained bytes as a part of the limit. */
  get part(): number {
    return this.#pdus.bytes / this.#options.mostBytes;
  }

  /** Retains a PDU, which went to these nodes and links. */
  add(
    nodes: Readonly<DeliveryTarget<RemoteNode>>,
    links: Readonly<DeliveryTarget<Receiver>>,
  ): void {
    this.#pdus.add(this.#rounds.use(), nodes, links);
    this.#options.counters.retainedBytes = this.#pdus.bytes;
  }

  /**
   * Replays PDUs of a user to a node that gains interest. `isLate`: the message of the node was
   * delayed.
   */
  begin(userId: number, node: RemoteNode, isLate: boolean): void {
    this.#pdus.begin(userId, node, this.#passTo(node), { skipsReceived: !isLate });
  }

  /**
   * Replays everything that a node has not got, because it may have any user. A silent or late node
   * may already have had users that other links have too: that the msg_servers of these links got a
   * PDU does not show that those of the node did.
   */
  replayAll(node: RemoteNode, isSilent: boolean): void {
    this.#pdus.replayAll(node, this.#passTo(node), { skipsReceived: !isSilent });
  }

  /**
   * Ends the round; all its PDUs must have been passed to the bus. `confirmed`: heartbeat of this
   * node that all others had received when they sent what has arrived from them.
   */
  endRound(confirmed: number): void {
    const { bus, counters, mostBytes, onFull } = this.#options;
    const letGo = this.#rounds.end(confirmed);
    if (letGo !== undefined) {
      this.#pdus.dropUpTo(letGo.upTo);
      bus.send(MESSAGE_TYPES.interestSync, removalOf(letGo.firstFrame));
    }
    counters.retainedBytes = this.#pdus.bytes;
    const full = this.#pdus.bytes >= (this.#full ? mostBytes / 2 : mostBytes);
    if (full === this.#full) return;
    this.#full = full;
    onFull(full);
  }

  /** Records that a link receives no more. */
  stop(link: Receiver): void {
    // Interest from a node that has received the next heartbeat may be that of this link's
    // msg_server.
    this.#stopped.set(link, { added: this.#pdus.added, word: this.#options.bus.heartbeatSeq + 1 });
    if (this.#pdus.bytes > 0) this.#options.bus.requestAcks();
  }

  /**
   * Records that a link has closed. PDUs that it sent before may be relayed only now: they waited
   * for presence.
   */
  close(link: Receiver): void {
    this.#closed.set(link, this.#options.bus.heartbeatSeq + 1);
    this.#options.bus.requestAcks();
  }

  /**
   * Whether the msg_server of `by` got or sent the PDU on another link. A msg_server that lost its
   * link or node reports its users again on another link. It must not get again what its old link
   * got, nor what it sent itself.
   */
  had(
    pdu: RecentPdu<RemoteNode | Receiver>,
    userId: number | undefined,
    by: RemoteNode | Receiver,
  ): boolean {
    const { first, second, got } = pdu;
    // In the links' set of additional targets, the sender comes first.
    const [from] = got[5]?.members ?? [];
    const isFromUser = userId === undefined || (userId === first && userId !== second);
    const isOwn =
      isFromUser &&
      from !== undefined &&
      (this.#hasClosed(from, by) || this.#hasStoppedSince(pdu, from, by));
    if (isOwn) return true;
    const isFirst = first === (userId ?? second);
    const sets = isFirst ? [got[0], got[3]] : [got[1], got[4]];
    return sets.some((set) => {
      return set?.members.some((holder) =>
        holder instanceof RemoteNode
          ? this.#isToldAfter(pdu.tag, by) &&
            this.#hasArrivedAt(holder, pdu.tag) &&
            this.#options.holds(holder, userId ?? second)
          : this.#hasStoppedSince(pdu, holder, by),
      );
    });
  }

  /**
   * Whether a link received when the PDU was retained, and had stopped before a node published its
   * interest, as far as is known.
   */
  #hasStoppedSince(
    { index }: { readonly index: number },
    link: RemoteNode | Receiver,
    by: RemoteNode | Receiver,
  ): boolean {
    const stopped = link instanceof RemoteNode ? undefined : this.#stopped.get(link);
    if (stopped === undefined || index >= stopped.added) return false;
    return this.#isToldSince(stopped.word, by);
  }

  /** Whether a link had closed before a node published its interest, as far as is known. */
  #hasClosed(link: RemoteNode | Receiver, by: RemoteNode | Receiver): boolean {
    const word = link instanceof RemoteNode ? undefined : this.#closed.get(link);
    return word !== undefined && this.#isToldSince(word, by);
  }

  /**
   * Whether a node had received a heartbeat of this one when it published its interest, as far as
   * is known.
   */
  #isToldSince(word: number, by: RemoteNode | Receiver): boolean {
    if (!(by instanceof RemoteNode)) return true;
    return (this.#options.bus.confirmed(by.id)?.heartbeatSeq ?? 0) >= word;
  }

  /**
   * Whether interest was published after a PDU was sent, as far as is known. Earlier interest is
   * not that of a msg_server that has changed its link since.
   */
  #isToldAfter(tag: number, by: RemoteNode | Receiver): boolean {
    if (!(by instanceof RemoteNode)) return true;
    const after = this.#rounds.heartbeatAfter(tag);
    return after !== undefined && this.#isToldSince(after, by);
  }

  /**
   * Whether a node has acknowledged all PDUs of a round. All interest that it published before is
   * here: a user that it still has was there when the PDU arrived, and the user's link got it.
   */
  #hasArrivedAt({ id }: RemoteNode, tag: number): boolean {
    const frame = this.#rounds.lastFrame(tag);
    const acknowledged = this.#options.bus.ackedBy(id);
    return frame !== undefined && acknowledged !== undefined && frame <= acknowledged;
  }

  #passTo(node: RemoteNode): Deliver {
    return (bytes, start, end, tag) => {
      this.#options.pass(node, bytes, start, end);
      this.#rounds.again(tag);
    };
  }
}
