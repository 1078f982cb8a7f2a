import { type Clock, systemClock } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import { ConcernedUsers, type RelayHandling } from '@route/protocol';
import type { Counters } from '../../observability/counters.ts';
import { BatchWriter, SMALL_BYTES } from '../batch-writer.ts';
import {
  countPdus,
  INTEREST_BYTES,
  INTEREST_SYNC,
  type InterestChange,
  MESSAGE_TYPES,
  sumOf,
  writeInterestChange,
} from '../bus-messages.ts';
import { CoalescingBuffer } from '../coalescing-buffer.ts';
import type { Delivery, DeliveryBus, Receiver, Receivers } from '../delivery.ts';
import { DeliveryTarget, type Pass } from './delivery-target.ts';
import { LocalInterest } from './local-interest.ts';
import { RemoteInterest } from './remote-interest.ts';
import type { RemoteNode } from './remote-node.ts';
import type { Deliver, ReplayBuffer } from './replay-buffer.ts';
import { Retention } from './retention.ts';

export interface DirectedOptions {
  readonly receivers: Receivers;
  /** Undefined for a single node. */
  readonly bus: DeliveryBus | undefined;
  readonly counters: Pick<
    Counters,
    'directedPdus' | 'broadcastPdus' | 'doubtfulPdus' | 'linksReached' | 'retainedBytes'
  >;
  readonly clock?: Clock;
  /** Limit of retained directed PDUs in bytes. */
  readonly mostKeptBytes: number;
  /**
   * Called with true when the limit is reached, so that the node stops reading, and with false at
   * half of it.
   */
  onFull(full: boolean): void;
}

/** How often the node checks which interest of other nodes is up to date. */
const JUDGE_MS = 100;

/** How often a node publishes the checksum of its interest. */
const SUM_MS = 2000;

/** Above this part of the limit, the node requests acknowledgements every PRESS_MS. */
const PRESS_PART = 1 / 8;
const PRESS_MS = 5;

/**
 * Sends PDUs that name their recipients only to the links that have these users. Each node knows
 * the interest of its own links and sends every change of it to all other nodes, in one order with
 * everything else. So a node that has everything from another one knows that node's interest, and
 * the receiver of a PDU selects among its own links.
 *
 * A user may move while a PDU is on its way. The PDU is therefore retained for as long as that can
 * matter ({@link Retention}) and replayed to a node or link that gains interest in the user
 * meanwhile.
 */
export class Directed implements Delivery {
  readonly #receivers: Receivers;
  readonly #clock: Clock;
  readonly #bus: DeliveryBus | undefined;
  readonly #counters: DirectedOptions['counters'];
  readonly #users = new ConcernedUsers();
  readonly #links: LocalInterest;
  readonly #forAll: BatchWriter;
  /** Undefined for a single node. */
  readonly #nodes: RemoteInterest | undefined;
  readonly #retention: Retention | undefined;
  readonly #toNodes = new DeliveryTarget<RemoteNode>(this.#users);
  readonly #toLinks = new DeliveryTarget<Receiver>(this.#users);
  readonly #giveTo: Pass<Receiver> = (link, bytes, start, end) => {
    this.#deliver(link, bytes, start, end);
  };
  readonly #passTo: Pass<RemoteNode> = ({ run }, bytes, start, end) =>
    run.append(bytes, start, end);
  readonly #changes: CoalescingBuffer<InterestChange>;
  #gathered = false;
  #pressedAt = Number.NEGATIVE_INFINITY;
  #summedAt = Number.NEGATIVE_INFINITY;
  readonly #handOutSoon = (): void => this.flush();

  constructor(options: DirectedOptions) {
    const { receivers, bus, counters, clock = systemClock } = options;
    this.#receivers = receivers;
    this.#forAll = new BatchWriter(receivers);
    this.#bus = bus;
    this.#counters = counters;
    this.#clock = clock;
    this.#changes = new CoalescingBuffer(writeInterestChange, INTEREST_BYTES, (changes) => {
      bus?.send(MESSAGE_TYPES.interestChange, changes);
    });
    this.#links = new LocalInterest({
      receivers,
      clock,
      changed: (change) => this.#tell(change),
      begins: (userId, link) =>
        this.#replay(link, (recent, give) => recent.begin(userId, link, give)),
    });
    if (bus === undefined) return;
    const { mostKeptBytes: mostBytes, onFull } = options;
    const pass = this.#passLate.bind(this);
    const holds = (node: RemoteNode, userId: number): boolean =>
      this.#nodes?.of(userId).has(node) === true;
    this.#retention = new Retention({ bus, counters, mostBytes, onFull, pass, holds });
    this.#nodes = this.#remoteNodes(bus, this.#retention);
    this.#judgeLater();
  }

  get interestObserver(): InterestObserver {
    return this.#links;
  }

  opened(link: Receiver): void {
    this.#links.open(link);
  }

  closed(id: LinkId): void {
    const link = this.#links.close(id);
    if (link !== undefined) this.#retention?.close(link);
  }

  /**
   * PDUs of other nodes from before the link received are not replayed to it: its own msg_server
   * may have sent them.
   */
  setReceiving(link: Receiver, receives: boolean): void {
    if (!receives) this.#retention?.stop(link);
    for (const { recent } of this.#nodes?.all ?? []) {
      if (receives) recent.join(link);
      else recent.leave(link);
    }
  }

  setImporting(link: Receiver, lists: boolean): void {
    const wantedAll = !this.#links.listing.isEmpty;
    if (!this.#links.setImporting(link, lists)) return;
    if (lists) this.#replay(link, (recent, give) => recent.replayAll(link, give));
    const wantsAll = !this.#links.listing.isEmpty;
    if (wantsAll === wantedAll) return;
    // After the changes: by then the other nodes know the link's interest.
    this.flush();
    this.#bus?.send(
      MESSAGE_TYPES.interestSync,
      wantsAll ? INTEREST_SYNC.wantsAll : INTEREST_SYNC.wantsItsOwn,
    );
  }

  relay(from: Receiver, handling: RelayHandling, run: Buffer): void {
    const mayDirect = handling === 'relay-to-others';
    const besides = mayDirect ? from : undefined;
    // Some nodes may be unknown, so that everything must be broadcast.
    const inDoubt = this.#bus !== undefined && !this.#bus.membershipComplete;
    this.#forAll.addedBy(besides);
    const all = this.#receivers.size - (mayDirect && this.#receivers.has(from) ? 1 : 0);
    let broadcastFrom = 0;
    for (let at = 0; at < run.length; ) {
      const end = at + run.readUInt32BE(at);
      const concernsUsers = mayDirect && this.#users.read(run, at, end);
      if (concernsUsers && !inDoubt) {
        if (broadcastFrom < at) this.#broadcast(besides, run, broadcastFrom, at);
        this.#direct(from, run, at, end);
        broadcastFrom = end;
      } else {
        this.#counters.linksReached += all;
        if (concernsUsers) this.#counters.doubtfulPdus++;
        else this.#counters.broadcastPdus++;
      }
      at = end;
    }
    if (inDoubt) {
      this.#deliverAll(besides, run, 0, run.length);
      this.flush();
      this.#bus?.send(MESSAGE_TYPES.batch, run);
    } else if (broadcastFrom < run.length) {
      this.#broadcast(besides, run, broadcastFrom, run.length);
    }
    this.#forAll.addedBy(undefined);
  }

  flush(): void {
    if (!this.#gathered) return;
    this.#gathered = false;
    this.#forAll.flush();
    if (this.#nodes === undefined) return;
    for (const node of this.#nodes.all) node.run.flush();
    this.#changes.flush();
    if ((this.#retention?.part ?? 0) > PRESS_PART) this.#press(this.#nodes);
  }

  entry(
    kind: number,
    bytes: Buffer,
    from: { readonly node: string; readonly frame: number },
  ): void {
    const node = this.#nodes?.get(from.node);
    switch (kind) {
      case MESSAGE_TYPES.batch:
        this.#counters.linksReached += countPdus(bytes) * this.#receivers.size;
        this.#deliverAll(undefined, bytes, 0, bytes.length);
        break;
      case MESSAGE_TYPES.directed:
        this.#receive(bytes, node, from.frame);
        break;
      case MESSAGE_TYPES.interestChange:
        if (node !== undefined) this.#nodes?.changed(node, bytes);
        break;
      case MESSAGE_TYPES.interestSync:
        if (node !== undefined) this.#nodes?.listed(node, bytes);
        break;
    }
  }

  nodeKnown(id: string): void {
    this.#nodes?.known(id);
  }

  nodeGone(id: string): void {
    this.#nodes?.gone(id);
  }

  nodeMissed(id: string): void {
    this.#nodes?.missed(id);
  }

  #remoteNodes(bus: DeliveryBus, kept: Retention): RemoteInterest {
    return new RemoteInterest({
      bus,
      clock: this.#clock,
      usersOf: (shard) => {
        this.#changes.flush();
        return this.#links.usersOf(shard);
      },
      wantsAll: () => !this.#links.listing.isEmpty,
      begins: (userId, node, isLate) => kept.begin(userId, node, isLate),
      unsure: (node, isSilent) => kept.replayAll(node, isSilent),
      confirmed: (word) => {
        this.flush();
        kept.endRound(word);
      },
    });
  }

  /** Sends neighbouring PDUs to every link but the sender, and to all nodes. */
  #broadcast(from: Receiver | undefined, run: Buffer, start: number, end: number): void {
    this.#deliverAll(from, run, start, end);
    const nodes = this.#nodes;
    if (nodes === undefined) return;
    // A few PDUs between directed ones would split the traffic of each node into many small
    // messages.
    if (end - start < SMALL_BYTES && !nodes.isEmpty) {
      this.#gather();
      for (const node of nodes.all) node.run.append(run, start, end);
      return;
    }
    this.flush();
    this.#bus?.send(MESSAGE_TYPES.batch, run.subarray(start, end));
  }

  #direct(from: Receiver, bytes: Buffer, start: number, end: number): void {
    const { isKick, first } = this.#users;
    const links = this.#toLinks;
    links.aim(this.#links, bytes, start, end);
    links.others = this.#links.besides(from);
    links.from = from;
    const [kept, remote] = [this.#retention, this.#nodes];
    if (kept === undefined || remote === undefined || remote.isEmpty) {
      this.#counters.directedPdus++;
      this.#bus?.passBy();
    } else {
      const nodes = this.#toNodes;
      nodes.aim(remote, bytes, start, end);
      // A kick goes to every node at once, because the user may be on any: it must not reach a
      // client that logs in there later.
      nodes.others = isKick ? remote.everybody : remote.unsure;
      if (remote.unsure.isEmpty) this.#counters.directedPdus++;
      else this.#counters.doubtfulPdus++;
      // Also if no node seems to have these users: a message that adds interest may be on its way.
      kept.add(nodes, links);
      this.#gather();
      if (nodes.isEmpty) this.#bus?.passBy();
      else nodes.passOn(this.#passTo);
    }
    links.passOn(this.#giveTo);
    if (isKick) this.#supersedeKicks(first, from);
  }

  #receive(run: Buffer, from: RemoteNode | undefined, frame: number): void {
    const links = this.#toLinks;
    for (let at = 0; at < run.length; ) {
      const end = at + run.readUInt32BE(at);
      if (this.#users.read(run, at, end)) {
        links.aim(this.#links, run, at, end);
        links.others = this.#links.listing;
        links.from = undefined;
        const { first, second } = this.#users;
        const hasBoth =
          this.#links.receivesAny(links.first) &&
          (second === first || this.#links.receivesAny(links.second));
        if (!hasBoth || this.#users.isKick) from?.recent.add(frame, links);
        links.passOn(this.#giveTo);
      } else {
        this.#counters.linksReached += this.#receivers.size;
        this.#deliverAll(undefined, run, at, end);
      }
      at = end;
    }
  }

  /** Delivers neighbouring PDUs to every link but the sender. */
  #deliverAll(from: Receiver | undefined, bytes: Buffer, start: number, end: number): void {
    if (this.#forAll.write(from, bytes, start, end) === 'joined') this.#gather();
  }

  #deliver(link: Receiver, bytes: Buffer, start: number, end: number): void {
    if (!this.#receivers.has(link)) return;
    this.#forAll.writeTo(link);
    link.sendPart(bytes, start, end);
    this.#counters.linksReached++;
  }

  /**
   * Drops earlier kicks of a user for a link that has the user kicked: the user now logs in there,
   * and earlier kicks are not meant for that new client. (Protocol: at a login the kick is sent
   * before the user.)
   */
  #supersedeKicks(userId: number, link: Receiver): void {
    for (const recent of this.#recent()) recent.supersedeKicks(userId, link);
  }

  /** Replays recent PDUs to a link that has not got them. */
  #replay(
    link: Receiver,
    giveOf: (recent: ReplayBuffer<Receiver | RemoteNode>, give: Deliver) => void,
  ): void {
    const give: Deliver = (bytes, start, end) => this.#deliver(link, bytes, start, end);
    for (const recent of this.#recent()) giveOf(recent, give);
  }

  /** Recent PDUs: those of this node's own links, and those of each other node. */
  *#recent(): Generator<ReplayBuffer<Receiver | RemoteNode>> {
    if (this.#retention !== undefined) yield this.#retention.pdus;
    for (const { recent } of this.#nodes?.all ?? []) yield recent;
  }

  #tell(change: InterestChange): void {
    if (this.#nodes === undefined || this.#nodes.isEmpty) return;
    this.#gather();
    this.#changes.append(change);
  }

  /** Schedules a flush at the end of everything that one read has brought. */
  #gather(): void {
    if (this.#gathered) return;
    this.#gathered = true;
    process.nextTick(this.#handOutSoon);
  }

  #passLate(node: RemoteNode, bytes: Buffer, start: number, end: number): void {
    this.#gather();
    node.run.append(bytes, start, end);
  }

  /** Much is retained: requests acknowledgements instead of waiting for the next heartbeats. */
  #press(nodes: RemoteInterest): void {
    const now = this.#clock.now();
    if (now - this.#pressedAt < PRESS_MS) return;
    this.#pressedAt = now;
    nodes.judge();
    this.#bus?.requestAcks();
  }

  #judgeLater(): void {
    this.#clock.after(JUDGE_MS, () => {
      this.#nodes?.judge();
      this.#sumUp();
      this.#judgeLater();
    });
  }

  /**
   * Publishes the checksum of this node's interest. Forged frames may have replaced its own: the
   * other nodes notice and request the list.
   */
  #sumUp(): void {
    const now = this.#clock.now();
    const { isEmpty = true, areListedTo = false } = this.#nodes ?? {};
    if (now - this.#summedAt < SUM_MS || isEmpty || areListedTo) return;
    this.#summedAt = now;
    this.flush();
    this.#bus?.send(MESSAGE_TYPES.interestSync, sumOf(this.#links.told));
  }
}
