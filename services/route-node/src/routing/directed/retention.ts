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
  /** So many bytes may be kept. */
  readonly mostBytes: number;
  /** What is kept has reached that, or half of it again: the node is to read no more, or on. */
  onFull(full: boolean): void;
  /** Passes a PDU on to a node. */
  pass(node: RemoteNode, bytes: Buffer, start: number, end: number): void;
  /** Whether a node holds a user, as far as is known. */
  holds(node: RemoteNode, userId: number): boolean;
}

/** What this node has directed, for as long as somebody may begin to hold a user of it who lacks it. */
export class Retention implements Receipts<RemoteNode | Receiver> {
  readonly #options: RetentionOptions;
  readonly #rounds: RetentionRounds;
  readonly #pdus = new ReplayBuffer<RemoteNode | Receiver>('two-ways', this);
  /** Of links that have stopped to receive, how many PDUs had been kept by then. */
  readonly #stopped = new WeakMap<Receiver, { readonly added: number; readonly word: number }>();
  /** Of links that have ended, the heartbeat after that. */
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

  /** Which part is kept of what may be. */
  get part(): number {
    return this.#pdus.bytes / this.#options.mostBytes;
  }

  /** Keeps a PDU, which went to these nodes and to these links. */
  add(
    nodes: Readonly<DeliveryTarget<RemoteNode>>,
    links: Readonly<DeliveryTarget<Receiver>>,
  ): void {
    this.#pdus.add(this.#rounds.use(), nodes, links);
    this.#options.counters.retainedBytes = this.#pdus.bytes;
  }

  /** A node begins to hold a user: passes on to it what concerns him and it lacks. `isLate`: it said so long ago. */
  begin(userId: number, node: RemoteNode, isLate: boolean): void {
    this.#pdus.begin(userId, node, this.#passTo(node), { heedsReceipts: !isLate });
  }

  /**
   * A node may hold anybody: passes on to it all that it lacks. One that is silent, or whose word is late, may have held
   * users before whom others hold too: what the msg_servers of these others have had says nothing of its own.
   */
  replayAll(node: RemoteNode, isSilent: boolean): void {
    this.#pdus.replayAll(node, this.#passTo(node), { heedsReceipts: !isSilent });
  }

  /**
   * Ends the round; all that was directed must be with the bus. `confirmed`: the announcement of this node that all
   * others had heard when they sent what is here of them.
   */
  endRound(confirmed: number): void {
    const { bus, counters, mostBytes, onFull } = this.#options;
    const letGo = this.#rounds.end(confirmed);
    if (letGo !== undefined) {
      this.#pdus.dropUpTo(letGo.upTo);
      bus.send(MESSAGE_TYPES.listing, removalOf(letGo.firstFrame));
    }
    counters.retainedBytes = this.#pdus.bytes;
    const full = this.#pdus.bytes >= (this.#full ? mostBytes / 2 : mostBytes);
    if (full === this.#full) return;
    this.#full = full;
    onFull(full);
  }

  /** A link receives no more. */
  stop(link: Receiver): void {
    // A node that has heard the next heartbeat when it tells of users may tell of this link's msg_server.
    this.#stopped.set(link, { added: this.#pdus.added, word: this.#options.bus.heartbeatSeq + 1 });
    if (this.#pdus.bytes > 0) this.#options.bus.requestAcks();
  }

  /** A link has ended. What it had sent before may be relayed only after that: it waits for presence. */
  close(link: Receiver): void {
    this.#closed.set(link, this.#options.bus.heartbeatSeq + 1);
    this.#options.bus.requestAcks();
  }

  /**
   * A msg_server whose link or node has gone lists its users anew on another link. It has had what its old link was
   * given, and what it has sent itself: neither is given again for the sake of users who come with it.
   */
  had(
    pdu: RecentPdu<RemoteNode | Receiver>,
    userId: number | undefined,
    by: RemoteNode | Receiver,
  ): boolean {
    const { first, second, got } = pdu;
    // With directed PDUs, the sender stands first among those that get it besides.
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

  /** Whether a link received when a PDU was kept, and had ceased to before a node told of users, as far as is known. */
  #hasStoppedSince(
    { index }: { readonly index: number },
    link: RemoteNode | Receiver,
    by: RemoteNode | Receiver,
  ): boolean {
    const stopped = link instanceof RemoteNode ? undefined : this.#stopped.get(link);
    if (stopped === undefined || index >= stopped.added) return false;
    return this.#isToldSince(stopped.word, by);
  }

  /** Whether a link had ended before a node told of users, as far as is known. */
  #hasClosed(link: RemoteNode | Receiver, by: RemoteNode | Receiver): boolean {
    const word = link instanceof RemoteNode ? undefined : this.#closed.get(link);
    return word !== undefined && this.#isToldSince(word, by);
  }

  /** Whether a node had heard a heartbeat of this one when it told of users, as far as is known. */
  #isToldSince(word: number, by: RemoteNode | Receiver): boolean {
    if (!(by instanceof RemoteNode)) return true;
    return (this.#options.bus.confirmed(by.id)?.heartbeatSeq ?? 0) >= word;
  }

  /** Whether what is told of users was told after a PDU was sent, as far as is known: earlier holders had no other link. */
  #isToldAfter(tag: number, by: RemoteNode | Receiver): boolean {
    if (!(by instanceof RemoteNode)) return true;
    const after = this.#rounds.heartbeatAfter(tag);
    return after !== undefined && this.#isToldSince(after, by);
  }

  /**
   * Whether a node has acknowledged what a round has passed on. All that the node had said of users by then is here: a
   * user whom it still holds was held when the PDU came, and the user's link has got it.
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
