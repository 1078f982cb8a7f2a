import type { Clock } from '@route/bus';
import {
  type HoldingsSum,
  INTEREST_BYTES,
  INTEREST_SYNC,
  readRemoval,
  readSum,
} from '../bus-messages.ts';
import type { DeliveryBus } from '../delivery.ts';
import { InterestCleanup } from './interest-cleanup.ts';
import { InterestSync } from './interest-sync.ts';
import { InterestSet, InterestTable } from './interest-table.ts';
import { RemoteNode } from './remote-node.ts';

export interface RemoteInterestOptions {
  readonly bus: DeliveryBus;
  readonly clock: Clock;
  /** Current users of a shard on this node's links, after all earlier changes have been sent. */
  usersOf(shard: number): readonly number[];
  /** Whether a link of this node needs every PDU. */
  wantsAll(): boolean;
  /** Called when a node gains interest in a user. */
  begins(userId: number, node: RemoteNode, isLate: boolean): void;
  /** Called when the interest of a node is not known, or no longer. */
  unsure(node: RemoteNode, isSilent: boolean): void;
  /**
   * Called with the heartbeat of this node that all nodes with known interest had received when
   * they sent what has arrived from them.
   */
  confirmed(word: number): void;
}

/** A node silent for this long may have any user: it is sent everything. */
const SURE_MS = 1000;

/**
 * A node confirms each heartbeat. After this long without a confirmation, its messages are late.
 */
const LATE_MS = 400;

/** Time in which a node that stood still reads what waited in its sockets. */
const READING_MS = 100;

/** The other nodes: their interest, and whether it is up to date. */
export class RemoteInterest {
  readonly #options: RemoteInterestOptions;
  readonly #nodes = new Map<string, RemoteNode>();
  readonly #holders = new InterestTable<RemoteNode>();
  readonly #forgetting: InterestCleanup<RemoteNode>;
  #judgedAt: number;
  #readingUntil = Number.NEGATIVE_INFINITY;
  #unsure = new InterestSet<RemoteNode>([]);
  #everybody = new InterestSet<RemoteNode>([]);

  constructor(options: RemoteInterestOptions) {
    this.#options = options;
    this.#judgedAt = options.clock.now();
    this.#forgetting = new InterestCleanup(this.#holders, options.clock, () => {});
  }

  get all(): Iterable<RemoteNode> {
    return this.#nodes.values();
  }

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  /** All known nodes. */
  get everybody(): InterestSet<RemoteNode> {
    return this.#everybody;
  }

  /** Whether this node is sending its full interest to any of them. */
  get areListedTo(): boolean {
    for (const { listing } of this.#nodes.values()) if (listing.isUnderWay) return true;
    return false;
  }

  /** Nodes that may have any user, because their interest is not up to date. */
  get unsure(): InterestSet<RemoteNode> {
    return this.#unsure;
  }

  get(id: string): RemoteNode | undefined {
    return this.#nodes.get(id);
  }

  /** Nodes with interest in a user. */
  of(userId: number): InterestSet<RemoteNode> {
    return this.#holders.of(userId);
  }

  known(id: string): void {
    const { bus, usersOf, wantsAll, clock } = this.#options;
    const listing = new InterestSync(id, { bus, usersOf, wantsAll, clock });
    const node = new RemoteNode(id, { bus, listing });
    this.#nodes.set(id, node);
    // A user may move to it while a message is on its way to another node.
    this.#options.unsure(node, false);
    this.judge();
  }

  gone(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    node.leave();
    this.#forgetting.begin(node);
    this.judge();
  }

  /** Records that some frames of a node are missing for good. */
  missed(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    node.isWhole = false;
    this.judge();
    node.askForList(this.#options.clock.now());
  }

  /** Applies interest changes of a node. */
  changed(node: RemoteNode, changes: Buffer): void {
    const { bus, clock, begins } = this.#options;
    const confirmedAt = bus.confirmed(node.id)?.at ?? Number.NEGATIVE_INFINITY;
    const now = clock.now();
    const isLate =
      now - Math.min(confirmedAt, this.#judgedAt) > LATE_MS || now < this.#readingUntil;
    for (let at = 0; at + INTEREST_BYTES <= changes.length; at += INTEREST_BYTES) {
      const userId = changes.readUInt32BE(at + 1);
      if (changes[at] === 0) {
        this.#holders.remove(userId, node);
      } else {
        this.#holders.add(userId, node);
        begins(userId, node, isLate);
      }
    }
  }

  /** Handles an interest sync message of a node. */
  listed(node: RemoteNode, what: Buffer): void {
    if (what.equals(INTEREST_SYNC.asked)) {
      node.listing.start();
    } else if (what.equals(INTEREST_SYNC.begins)) {
      node.isWhole = false;
      node.isListing = true;
      this.judge();
    } else if (what.equals(INTEREST_SYNC.ends)) {
      node.isWhole = true;
      node.isListing = false;
    } else if (what.equals(INTEREST_SYNC.wantsAll)) {
      node.wantsAll = true;
      this.judge();
    } else if (what.equals(INTEREST_SYNC.wantsItsOwn)) {
      node.wantsAll = false;
    } else if (what[0] === INTEREST_SYNC.shard[0]) {
      // Its earlier interest in this shard may be out of date.
      this.#holders.forget(node, what[1] ?? 0);
    } else {
      const [frame, sum] = [readRemoval(what), readSum(what)];
      if (frame !== undefined) node.recent.dropUpTo(frame - 1);
      if (sum !== undefined) this.#compare(node, sum);
    }
  }

  /**
   * Compares the checksum that a node publishes with the interest known here. If they differ,
   * forged frames have replaced the node's own, and its list is requested.
   */
  #compare(node: RemoteNode, { wantsAll, sum }: HoldingsSum): void {
    const isRight = node.isWhole && this.#holders.sumOf(node) === sum;
    if (isRight && node.wantsAll === wantsAll) return;
    node.wantsAll = wantsAll;
    node.isListing = false;
    if (!isRight) node.isWhole = false;
    this.judge();
  }

  /**
   * Determines the nodes with up-to-date interest, and the heartbeat that all of these have
   * confirmed.
   */
  judge(): void {
    const { bus, clock, unsure, confirmed: confirmedByAll } = this.#options;
    const now = clock.now();
    // This node stood still: what it reads now was waiting in its sockets.
    if (now - this.#judgedAt > LATE_MS) this.#readingUntil = now + READING_MS;
    this.#judgedAt = now;
    const unsureNodes: RemoteNode[] = [];
    let word = Number.POSITIVE_INFINITY;
    for (const node of this.#nodes.values()) {
      const confirmed = bus.confirmed(node.id);
      if (confirmed !== undefined) node.heard(now);
      const isHeard = confirmed !== undefined && now - confirmed.at < SURE_MS;
      const isSure = isHeard && node.isWhole && !node.wantsAll;
      if (node.isSure && !isSure) unsure(node, !isHeard);
      node.isSure = isSure;
      if (isSure) word = Math.min(word, confirmed.heartbeatSeq);
      else unsureNodes.push(node);
    }
    this.#unsure = new InterestSet(unsureNodes);
    this.#everybody = new InterestSet([...this.#nodes.values()]);
    confirmedByAll(word);
  }
}
