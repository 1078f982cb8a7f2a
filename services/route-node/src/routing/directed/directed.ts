import { type Clock, systemClock } from '@route/bus';
import type { InterestObserver, LinkId } from '@route/presence';
import { ConcernedUsers, type RelayHandling } from '@route/protocol';
import type { Counters } from '../../observability/counters.ts';
import { BatchWriter } from '../batch-writer.ts';
import {
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
  /** Undefined for a node that is alone. */
  readonly bus: DeliveryBus | undefined;
  readonly counters: Pick<
    Counters,
    'directedPdus' | 'broadcastPdus' | 'doubtfulPdus' | 'linksReached' | 'retainedBytes'
  >;
  readonly clock?: Clock;
  /** So many bytes of what was directed may be kept until all others have spoken. */
  readonly mostKeptBytes: number;
  /** What is kept has reached that, or half of it again: the node is to read no more, or on. */
  onFull(full: boolean): void;
}

/** How often it is judged whose word is known. */
const JUDGE_MS = 100;

/** How often a node tells what all comes to that it has told of its users. */
const SUM_MS = 2000;

/** From this part of what may be kept on, the other nodes are asked for their word every so often. */
const PRESS_PART = 1 / 8;
const PRESS_MS = 5;

/** To so few links what is for all is given at once, not copied (with one link 1.24 in place of 1.64 µs a message). */
const FEW_LINKS = 2;

/** Of a PDU smaller than this a copy costs each link less than a slice. */
const COPIED_BYTES = 1024;

/**
 * What concerns certain users goes to the links that hold them, and to no other. Each node knows whom its own
 * links hold, and tells all others whom it begins to hold and whom it holds no longer, in one order with all
 * that it sends. So a node that has everything another one has sent knows whom that one held; and who
 * receives a PDU chooses among its own links.
 *
 * A user may move while a PDU is on its way: it is kept for as long as that can matter ({@link Retention}), and
 * a node or a link that begins to hold him meanwhile gets it late.
 */
export class Directed implements Delivery {
  readonly #receivers: Receivers;
  readonly #clock: Clock;
  readonly #bus: DeliveryBus | undefined;
  readonly #counters: DirectedOptions['counters'];
  readonly #users = new ConcernedUsers();
  readonly #links: LocalInterest;
  readonly #forAll: BatchWriter;
  /** Undefined for a node that is alone. */
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
      bus?.send(MESSAGE_TYPES.holdings, changes);
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

  /** What came from other nodes before a link received is not given to it late: it may be its msg_server's own. */
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
    // Behind the changes: by then the others know whom the link holds.
    this.flush();
    this.#bus?.send(
      MESSAGE_TYPES.listing,
      wantsAll ? INTEREST_SYNC.wantsAll : INTEREST_SYNC.wantsItsOwn,
    );
  }

  relay(from: Receiver, handling: RelayHandling, run: Buffer): void {
    const mayDirect = handling === 'relay-to-others';
    const besides = mayDirect ? from : undefined;
    // There may be nodes that are not known: all of it has to go to all.
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
      this.#bus?.send(MESSAGE_TYPES.run, run);
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
      case MESSAGE_TYPES.run:
        this.#counters.linksReached += pdusIn(bytes) * this.#receivers.size;
        this.#deliverAll(undefined, bytes, 0, bytes.length);
        break;
      case MESSAGE_TYPES.directed:
        this.#receive(bytes, node, from.frame);
        break;
      case MESSAGE_TYPES.holdings:
        if (node !== undefined) this.#nodes?.changed(node, bytes);
        break;
      case MESSAGE_TYPES.listing:
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

  /** Passes on neighbouring PDUs to all but the link that has sent them. */
  #broadcast(from: Receiver | undefined, run: Buffer, start: number, end: number): void {
    this.#deliverAll(from, run, start, end);
    const nodes = this.#nodes;
    if (nodes === undefined) return;
    // A few between those that are directed would cut what goes to each node into many small entries.
    if (end - start < COPIED_BYTES) {
      this.#gather();
      for (const node of nodes.all) node.run.append(run, start, end);
      return;
    }
    this.flush();
    this.#bus?.send(MESSAGE_TYPES.run, run.subarray(start, end));
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
    } else {
      const nodes = this.#toNodes;
      nodes.aim(remote, bytes, start, end);
      // A kick goes wherever its user may be by now: it must not follow one who comes there later.
      nodes.others = isKick ? remote.everybody : remote.unsure;
      if (remote.unsure.isEmpty) this.#counters.directedPdus++;
      else this.#counters.doubtfulPdus++;
      // Also where nobody seems to hold them: a node's word that it does may be on its way.
      kept.add(nodes, links);
      this.#gather();
      nodes.passOn(this.#passTo);
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

  /** Gives neighbouring PDUs to all links but the one that has sent them. */
  #deliverAll(from: Receiver | undefined, bytes: Buffer, start: number, end: number): void {
    const areFew = this.#receivers.size <= FEW_LINKS;
    if (end - start < COPIED_BYTES && !areFew) {
      this.#gather();
      this.#forAll.append(bytes, start, end);
      return;
    }
    this.#forAll.flush();
    const pdus = areFew ? undefined : bytes.subarray(start, end);
    for (const link of this.#receivers) {
      if (link === from) continue;
      if (pdus === undefined) link.sendPart(bytes, start, end);
      else link.send(pdus);
    }
  }

  #deliver(link: Receiver, bytes: Buffer, start: number, end: number): void {
    if (!this.#receivers.has(link)) return;
    this.#forAll.writeTo(link);
    link.sendPart(bytes, start, end);
    this.#counters.linksReached++;
  }

  /**
   * A link that has a user kicked is where he logs in now: what had him kicked before is not meant for the
   * client with which he comes there. (Protocol: at a login comes the kick, then the user.)
   */
  #supersedeKicks(userId: number, link: Receiver): void {
    for (const recent of this.#recent()) recent.supersedeKicks(userId, link);
  }

  /** Gives a link what was passed on a short while ago and that it lacks. */
  #replay(
    link: Receiver,
    giveOf: (recent: ReplayBuffer<Receiver | RemoteNode>, give: Deliver) => void,
  ): void {
    const give: Deliver = (bytes, start, end) => this.#deliver(link, bytes, start, end);
    for (const recent of this.#recent()) giveOf(recent, give);
  }

  /** What was passed on a short while ago: of this node's own links, and of each other node's. */
  *#recent(): Generator<ReplayBuffer<Receiver | RemoteNode>> {
    if (this.#retention !== undefined) yield this.#retention.pdus;
    for (const { recent } of this.#nodes?.all ?? []) yield recent;
  }

  #tell(change: InterestChange): void {
    if (this.#nodes === undefined || this.#nodes.isEmpty) return;
    this.#gather();
    this.#changes.append(change);
  }

  /** What gathers goes out when all that one read has brought is done with. */
  #gather(): void {
    if (this.#gathered) return;
    this.#gathered = true;
    process.nextTick(this.#handOutSoon);
  }

  #passLate(node: RemoteNode, bytes: Buffer, start: number, end: number): void {
    this.#gather();
    node.run.append(bytes, start, end);
  }

  /** Much is kept: does not wait for the others to speak of themselves. */
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

  /** Forged frames may have stood in the place of this node's own: the others find out, and ask for its list. */
  #sumUp(): void {
    const now = this.#clock.now();
    const { isEmpty = true, areListedTo = false } = this.#nodes ?? {};
    if (now - this.#summedAt < SUM_MS || isEmpty || areListedTo) return;
    this.#summedAt = now;
    this.flush();
    this.#bus?.send(MESSAGE_TYPES.listing, sumOf(this.#links.told));
  }
}

function pdusIn(run: Buffer): number {
  let pdus = 0;
  for (let at = 0; at < run.length; at += run.readUInt32BE(at)) pdus++;
  return pdus;
}
