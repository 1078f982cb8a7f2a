import type { Counters } from '../counters.ts';
import { ENTRY_KINDS, letGoOf } from '../entries.ts';
import type { DeliveryBus, Receiver } from './delivery.ts';
import type { PassedPdu } from './passed-pdu.ts';
import { type Give, RecentPdus } from './recent-pdus.ts';
import type { RemoteNode } from './remote-node.ts';
import { Rounds } from './rounds.ts';

export interface KeptPdusOptions {
  readonly bus: DeliveryBus;
  readonly counters: Pick<Counters, 'keptBytes'>;
  /** So many bytes may be kept. */
  readonly mostBytes: number;
  /** What is kept has reached that, or half of it again: the node is to read no more, or on. */
  onFull(full: boolean): void;
  /** Passes a PDU on to a node. */
  pass(node: RemoteNode, bytes: Buffer, start: number, end: number): void;
}

/** What this node has directed, for as long as somebody may begin to hold a user of it who lacks it. */
export class KeptPdus {
  readonly #options: KeptPdusOptions;
  readonly #rounds: Rounds;
  /** By the nodes that got it. */
  readonly #sent = new RecentPdus<RemoteNode>();
  /** The same, by the links of this node that got it. */
  readonly #given = new RecentPdus<Receiver>();
  #full = false;

  constructor(options: KeptPdusOptions) {
    this.#options = options;
    this.#rounds = new Rounds(options.bus);
  }

  /** The same by this node's links: who begins to hold a user here lacks what is in it. */
  get given(): RecentPdus<Receiver> {
    return this.#given;
  }

  /** Which part is kept of what may be. */
  get part(): number {
    return this.#sent.bytes / this.#options.mostBytes;
  }

  /** Keeps a PDU, which went to these nodes and to these links. */
  add(nodes: Readonly<PassedPdu<RemoteNode>>, links: Readonly<PassedPdu<Receiver>>): void {
    const tag = this.#rounds.use();
    this.#sent.add(nodes, tag);
    this.#given.add(links, tag);
  }

  /** A node begins to hold a user: passes on to it what concerns him and it lacks. */
  begin(userId: number, node: RemoteNode): void {
    this.#sent.begin(userId, node, this.#passTo(node));
  }

  /** A node may hold anybody: passes on to it all that it lacks. */
  passAll(node: RemoteNode): void {
    this.#sent.giveAll(node, this.#passTo(node));
  }

  /**
   * Ends the round; all that was directed must be with the bus. `confirmed`: the announcement of this node that all
   * others had heard when they sent what is here of them.
   */
  endRound(confirmed: number): void {
    const { bus, counters, mostBytes, onFull } = this.#options;
    const letGo = this.#rounds.end(confirmed);
    if (letGo !== undefined) {
      this.#sent.dropUpTo(letGo.upTo);
      this.#given.dropUpTo(letGo.upTo);
      bus.send(ENTRY_KINDS.listing, letGoOf(letGo.firstFrame));
    }
    counters.keptBytes = this.#sent.bytes;
    const full = this.#sent.bytes >= (this.#full ? mostBytes / 2 : mostBytes);
    if (full === this.#full) return;
    this.#full = full;
    onFull(full);
  }

  #passTo(node: RemoteNode): Give {
    return (bytes, start, end, tag) => {
      this.#options.pass(node, bytes, start, end);
      this.#rounds.again(tag);
    };
  }
}
