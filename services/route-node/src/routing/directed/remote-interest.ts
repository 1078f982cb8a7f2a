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
  /** The users of a shard whom this node's links hold, all earlier changes being on their way. */
  usersOf(shard: number): readonly number[];
  /** Whether a link of this node is to get everything. */
  wantsAll(): boolean;
  /** A node begins to hold a user. */
  begins(userId: number, node: RemoteNode, isLate: boolean): void;
  /** It is not known, or not any more, whom a node holds. */
  unsure(node: RemoteNode, isSilent: boolean): void;
  /** All other nodes had heard this announcement of this one when they sent what is here of them. */
  confirmed(word: number): void;
}

/** A node of which nothing was heard for so long may hold anybody: it is sent everything. */
const SURE_MS = 1000;

/** What a node says that has confirmed nothing for so long comes late: it confirms each heartbeat. */
const LATE_MS = 400;

/** A node that stood still has read what waited in its sockets after so long. */
const READING_MS = 100;

/** The other nodes: whom each of them holds, and how well that is known. */
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

  /** All of these. */
  get everybody(): InterestSet<RemoteNode> {
    return this.#everybody;
  }

  /** Whether this node lists its users to one of these just now. */
  get areListedTo(): boolean {
    for (const { listing } of this.#nodes.values()) if (listing.isUnderWay) return true;
    return false;
  }

  /** Nodes that may hold anybody. */
  get unsure(): InterestSet<RemoteNode> {
    return this.#unsure;
  }

  get(id: string): RemoteNode | undefined {
    return this.#nodes.get(id);
  }

  /** The nodes that hold a user. */
  of(userId: number): InterestSet<RemoteNode> {
    return this.#holders.of(userId);
  }

  known(id: string): void {
    const { bus, usersOf, wantsAll, clock } = this.#options;
    const listing = new InterestSync(id, { bus, usersOf, wantsAll, clock });
    const node = new RemoteNode(id, { bus, listing });
    this.#nodes.set(id, node);
    // Somebody may go to it whose message is on its way to another node.
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

  /** Some of what a node had sent will never come. */
  missed(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    node.isWhole = false;
    this.judge();
    node.askForList(this.#options.clock.now());
  }

  /** A node has told whom it holds now and whom not. */
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

  /** A node tells how far it is with its list, or asks for this node's. */
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
      // What it said of this shard before may be out of date.
      this.#holders.forget(node, what[1] ?? 0);
    } else {
      const [frame, sum] = [readRemoval(what), readSum(what)];
      if (frame !== undefined) node.recent.dropUpTo(frame - 1);
      if (sum !== undefined) this.#compare(node, sum);
    }
  }

  /**
   * A node tells what all comes to that it has told, and that it is not listing its users: where that is not what
   * has come, forged frames have stood in the place of its own. It is asked for its list.
   */
  #compare(node: RemoteNode, { wantsAll, sum }: HoldingsSum): void {
    const isRight = node.isWhole && this.#holders.sumOf(node) === sum;
    if (isRight && node.wantsAll === wantsAll) return;
    node.wantsAll = wantsAll;
    node.isListing = false;
    if (!isRight) node.isWhole = false;
    this.judge();
  }

  /** Judges whose word is known, and what nobody can lack any more. */
  judge(): void {
    const { bus, clock, unsure, confirmed: confirmedByAll } = this.#options;
    const now = clock.now();
    // This node stood still: what it reads now has waited.
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
