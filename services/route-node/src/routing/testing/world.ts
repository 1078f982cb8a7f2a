import { Bus, type Cancel, type Clock, MemoryHub } from '@route/bus';
import { CLIENT_TYPE, decodeMessage, encodeMessage, MSG_TYPE } from '@route/protocol';
import { Counters } from '../../observability/counters.ts';
import { MESSAGE_TYPES } from '../bus-messages.ts';
import type { Receiver } from '../delivery.ts';
import { Directed } from '../directed/directed.ts';

const BODY = Buffer.from('the body of a message');

/** Retention limit of a node; a few hundred messages reach it. */
export const MOST_KEPT_BYTES = 32 * 1024;

/** Time that only a test advances. */
export class SteppedClock implements Clock {
  #now = 0;
  #tasks: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  after(ms: number, run: () => void): Cancel {
    const task = { at: this.#now + ms, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  /** Advances time in steps of a millisecond, and runs what is due at the end of each read. */
  async pass(ms: number): Promise<void> {
    // Earlier actions had their own end of a read.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    for (const end = this.#now + ms; ; this.#now++) {
      for (let rounds = 0; rounds < 20; rounds++) {
        const due = this.#tasks.filter(({ at }) => at <= this.#now);
        if (due.length === 0) break;
        this.#tasks = this.#tasks.filter(({ at }) => at > this.#now);
        for (const { run } of due) {
          run();
          await new Promise<void>((resolve) => process.nextTick(resolve));
        }
      }
      if (this.#now >= end) return;
    }
  }
}

/** A link that records the messages that it gets. */
export class HeardLink implements Receiver {
  readonly id: string;
  readonly node: TestNode;
  readonly heard: number[] = [];
  /** Users of the kicks that it got. */
  readonly kicks: number[] = [];

  constructor(id: string, node: TestNode) {
    this.id = id;
    this.node = node;
  }

  send(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
      this.sendPart(bytes, at, at + bytes.readUInt32BE(at));
    }
  }

  sendPart(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += bytes.readUInt32BE(at)) {
      const pdu = decodeMessage(bytes.subarray(at, at + bytes.readUInt32BE(at)));
      if (pdu?.command === 'msg_data') this.heard.push(pdu.fields.msgId);
      else if (pdu?.command === 'server_kick_user') this.kicks.push(pdu.fields.userId);
      else throw new Error('a link was given what nobody sent');
    }
  }
}

/** A node: its bus, delivery and links. */
export interface TestNode {
  readonly name: string;
  readonly bus: Bus;
  readonly delivery: Directed;
  readonly receivers: Set<Receiver>;
  readonly counters: Counters;
  /** Each change of whether it should stop reading. */
  readonly full: boolean[];
  /** Received messages with directed PDUs. */
  directedEntries: number;
}

/** Nodes with directed delivery, joined by one hub and one clock, each with some links. */
export class DeliveryWorld {
  readonly clock = new SteppedClock();
  readonly hub = new MemoryHub(this.clock);
  readonly nodes: TestNode[] = [];
  readonly links: HeardLink[] = [];
  /** The links that have each user. */
  readonly held = new Map<number, Set<HeardLink>>();
  /** Recipients of each message; empty for a broadcast. */
  readonly concerns: (readonly number[])[] = [];
  readonly from: HeardLink[] = [];
  /**
   * For each message and recipient who has been online ever since: the links that have had the
   * user.
   */
  readonly since: Map<number, Set<HeardLink>>[] = [];
  /** Snapshots that are being imported. */
  readonly #listing = new Map<HeardLink, ReadonlySet<number>>();

  static async of(nodeCount: number, linksEach: number): Promise<DeliveryWorld> {
    const world = new DeliveryWorld();
    for (let i = 0; i < nodeCount; i++) await world.addNode(`n${i}`, linksEach);
    const names = world.nodes.map(({ name }) => name);
    for (const { bus } of world.nodes) bus.setLiveNodes(names);
    await world.clock.pass(1500);
    return world;
  }

  async addNode(name: string, linksEach: number): Promise<TestNode> {
    const { clock, hub } = this;
    const receivers = new Set<Receiver>();
    const counters = new Counters();
    const bus: Bus = new Bus({
      ...{ nodeId: name, transport: hub.join(name), clock, mergeable: [1, 3, 4] },
      events: {
        onEntry: (kind, bytes, from, frame) => {
          if (kind === MESSAGE_TYPES.directed) node.directedEntries++;
          delivery.entry(kind, bytes, { node: from, frame });
        },
        onKnown: (node) => delivery.nodeKnown(node),
        onGone: (node) => delivery.nodeGone(node),
        onLost: ({ sender, reason }) => {
          if (reason === 'skipped') delivery.nodeMissed(sender);
        },
        ...{ onResponsive: () => {}, onJoined: () => {}, onFull: () => {}, onError: () => {} },
      },
    });
    const delivery = new Directed({
      ...{ receivers, bus, counters, clock, mostKeptBytes: MOST_KEPT_BYTES },
      onFull: (full) => node.full.push(full),
    });
    const node: TestNode = {
      name,
      bus,
      delivery,
      receivers,
      counters,
      full: [],
      directedEntries: 0,
    };
    this.nodes.push(node);
    for (let i = 0; i < linksEach; i++) {
      const link = new HeardLink(`${name}.${i}`, node);
      delivery.opened(link);
      receivers.add(link);
      delivery.setReceiving(link, true);
      this.links.push(link);
    }
    await bus.start();
    return node;
  }

  holds(user: number, link: HeardLink): void {
    // Updates behind a snapshot wait for the end of its import.
    this.listed(link);
    if (this.#holds(user, link)) link.node.delivery.interestObserver.added(link.id, user);
  }

  drops(user: number, link: HeardLink): void {
    this.listed(link);
    if (this.#drops(user, link)) link.node.delivery.interestObserver.removed(link.id, user);
  }

  #drops(user: number, link: HeardLink): boolean {
    const links = this.held.get(user);
    const did = links?.delete(link) ?? false;
    // No delivery is promised to an offline user.
    if (links?.size === 0) for (const since of this.since) since.delete(user);
    return did;
  }

  #holds(user: number, link: HeardLink): boolean {
    const links = this.held.get(user) ?? new Set();
    this.held.set(user, links);
    if (links.has(link)) return false;
    links.add(link);
    for (const since of this.since) since.get(user)?.add(link);
    return true;
  }

  /** A link sends a snapshot, which is imported until {@link DeliveryWorld.listed}. */
  lists(link: HeardLink, users: readonly number[]): void {
    if (this.#listing.has(link)) this.listed(link);
    this.#listing.set(link, new Set(users));
    link.node.delivery.setImporting(link, true);
    for (const user of users) this.#holds(user, link);
  }

  /** Ends the import of a link's snapshot. */
  listed(link: HeardLink): void {
    for (const user of this.#listing.get(link) ?? []) {
      link.node.delivery.interestObserver.added(link.id, user);
    }
    if (this.#listing.delete(link)) link.node.delivery.setImporting(link, false);
  }

  /** Removes all users of a link. */
  releases(link: HeardLink): void {
    this.listed(link);
    for (const user of this.held.keys()) this.#drops(user, link);
    link.node.delivery.interestObserver.cleared(link.id);
  }

  /** A link kicks a user. */
  kicks(link: HeardLink, userId: number): void {
    const kick = encodeMessage('server_kick_user', {
      ...{ userId, clientType: CLIENT_TYPE.windows, reason: 1 },
    });
    link.node.delivery.relay(link, 'relay-to-others', kick);
  }

  /** Drops every frame to some nodes that contains a message; delays all others. */
  losesMessagesTo(names: readonly string[], { delayMs = 0 } = {}): void {
    this.hub.setFaults(({ frame, to }) =>
      names.includes(to) && frame.includes(BODY) ? [] : [delayMs],
    );
  }

  /** A link sends messages in one read: each from one user to another, or to all. */
  sends(link: HeardLink, messages: readonly (readonly [from: number, to: number] | 'all')[]): void {
    const pdus = messages.map((message) => {
      const msgId = this.concerns.length;
      const [from, to] = message === 'all' ? [0, 0] : message;
      this.concerns.push(message === 'all' ? [] : message);
      this.from.push(link);
      const concerned = message === 'all' ? [] : message;
      const held = concerned.filter((user) => (this.held.get(user)?.size ?? 0) > 0);
      this.since.push(new Map(held.map((user) => [user, new Set(this.held.get(user))])));
      return encodeMessage('msg_data', {
        ...{ fromUserId: from, toSessionId: to, msgId, createTime: 1, msgData: BODY },
        msgType: message === 'all' ? MSG_TYPE.groupText : MSG_TYPE.singleText,
      });
    });
    link.node.delivery.relay(link, 'relay-to-others', Buffer.concat(pdus));
  }
}
