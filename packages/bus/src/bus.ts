import { ADDRESSED_KIND, readAddressed } from './addressed.ts';
import { Announcer } from './announcer.ts';
import { type Cancel, type Clock, systemClock } from './clock.ts';
import { type BusCounters, zeroCounters } from './counters.ts';
import { Echo } from './echo.ts';
import { encodeLeave, type Pieces } from './frame.ts';
import { isNodeId, MAX_NODE_ID_BYTES, readHeader } from './header.ts';
import { Hearing } from './hearing.ts';
import { type BusEvents, type BusLimits, type BusOptions, DEFAULT_LIMITS } from './options.ts';
import { Peers } from './peers.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import type { Arrived, StreamEvents } from './stream.ts';
import type { BusTransport } from './transport.ts';

const MAX_KIND = 126;

/** How far another node is behind, in frames. */
export interface PeerLag {
  readonly node: string;
  /** Frames sent here that it has not got yet. */
  readonly behind: number;
  /** Frames sent here for which its links have not had room yet. */
  readonly untaken: number;
  /** Whether frames of it are missing here. */
  readonly hole: boolean;
}

/** How well it is known what another node had sent, and when. */
export interface Confirmed {
  /** When another node sent this one's announcement of that number had reached it; 0 for none. */
  readonly word: number;
  /** All that it had sent by then is here. When that was learned, by the bus's clock, in ms. */
  readonly at: number;
}

/**
 * Carries entries from this node to all others, or to one: in their sender's order, exactly once, over a transport
 * that may lose them. What cannot be carried is told, never dropped in silence.
 */
export class Bus {
  readonly #nodeId: string;
  readonly #transport: BusTransport;
  readonly #events: BusEvents;
  readonly #limits: BusLimits;
  readonly #clock: Clock;
  readonly #counters = zeroCounters();
  readonly #hearing: Hearing;
  readonly #echo = new Echo();
  readonly #peers: Peers;
  readonly #sender: Sender;
  readonly #announcer: Announcer;
  readonly #receiver: Receiver;
  #running = false;
  /** Whether this node's own lease was seen to live. */
  #listed = false;
  #met = false;
  #closed = false;
  #flushScheduled = false;
  #cancelTick: Cancel = () => {};

  /** @throws Error when the node id cannot travel. */
  constructor(options: BusOptions) {
    const { nodeId, transport, events, mergeable = [], clock = systemClock } = options;
    if (!isNodeId(nodeId)) {
      throw new Error(
        `node id is ${JSON.stringify(nodeId)}, expected 1 to ${MAX_NODE_ID_BYTES} ASCII characters without spaces`,
      );
    }
    this.#nodeId = nodeId;
    this.#transport = transport;
    this.#events = events;
    this.#clock = clock;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#hearing = new Hearing(this.#limits.deafMs, clock.now(), (hearing) =>
      events.onHearing(hearing),
    );
    const { windowBytes, reportBytes } = this.#limits;
    const peerLimits = {
      ...this.#limits,
      keepMs: this.#limits.heldMs,
      maxParkedBytes: windowBytes,
    };
    this.#peers = new Peers(peerLimits, (node) => this.#streamEvents(node), {
      known: (node) => events.onKnown?.(node),
      gone: (node) => {
        this.#sender.forget(node);
        events.onGone?.(node);
      },
    });
    this.#sender = new Sender({
      nodeId,
      clock,
      limits: this.#limits,
      mergeable: new Set(mergeable),
      counters: this.#counters,
      publish: (frame, to) => this.#publish(frame, to ?? this.#onlyOther()),
      knowsAll: () => this.knowsAll,
      peers: () => this.#peers.all(),
      progress: (tail) => this.#peers.progress(this.#hearing.timeMs, tail),
      onFull: (full) => events.onFull(full),
      onGivenUp: ({ frames }) => events.onLost({ sender: nodeId, frames, reason: 'given-up' }),
    });
    this.#announcer = new Announcer({
      nodeId,
      clock,
      peers: this.#peers,
      sender: this.#sender,
      reportBytes,
      hearsOwn: () => this.#transport.hearsOwn,
      publish: (frame) => this.#publishStatus(frame),
    });
    this.#receiver = new Receiver({
      ...{ nodeId, clock, hearing: this.#hearing, counters: this.#counters },
      ...{ peers: this.#peers, sender: this.#sender, announcer: this.#announcer },
      spoken: () => this.#judgeMet(),
    });
  }

  /** Whether the node hears itself: what it sends goes out, and what others send comes in. */
  get hearing(): boolean {
    return this.#hearing.hearing;
  }

  /** Whether this node has met the others, see {@link BusEvents.onMet}. */
  get met(): boolean {
    return this.#met;
  }

  /** Whether what waits for the others has reached its bound: nothing more should be read to be sent. */
  get full(): boolean {
    return this.#sender.full;
  }

  /**
   * Whether every node that may take links is known: what is sent to each that is known reaches all. A node
   * that starts must be known by the time that it takes links. It takes them `meetMs` after it was first
   * heard, or once all that have a lease have spoken to it: this one must have a lease, and must have heard
   * what was said up to less than `meetMs` ago.
   */
  get knowsAll(): boolean {
    const heardMs = this.#clock.now() - this.#echo.backSentAt;
    // Less a tenth, as no two clocks run alike.
    return this.#listed && heardMs < this.#limits.meetMs * 0.9;
  }

  /** The number of this node's last announcement. */
  get word(): number {
    return this.#announcer.word;
  }

  /** Every frame up to this one has come to all nodes that it was for and that are waited for. */
  get got(): number {
    return this.#peers.progress(this.#hearing.timeMs, this.#sender.tail).got;
  }

  /** Publishes what is queued; returns the number of the last frame sent, 0 for none. */
  mark(): number {
    if (this.#running) this.#sender.publishBatch();
    return this.#sender.tail;
  }

  /** Announces soon, and asks the others to answer at once; see {@link Bus.confirmed}. */
  askWord(): void {
    this.#announcer.askWord();
  }

  /** How well it is known what a node has sent; undefined where it is not known, or does not hear its own. */
  confirmed(node: string): Confirmed | undefined {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.left || !peer.hearsOwn) return undefined;
    return { word: peer.confirmed, at: peer.confirmedAt };
  }

  /** How long its last announcement took to come back to this node, in ms; undefined before the first. */
  get echoMs(): number | undefined {
    return this.#echo.lastMs;
  }

  /** How far each other node that has not left is behind this one. */
  get peers(): readonly PeerLag[] {
    const { tail } = this.#sender;
    return [...this.#peers.all()]
      .filter(({ left }) => !left)
      .map(({ node, got, taken, stream }) => ({
        node,
        behind: tail - got,
        untaken: tail - taken,
        hole: stream.hasHole,
      }));
  }

  /** What has happened so far. */
  get counters(): Readonly<BusCounters> {
    return this.#counters;
  }

  /** Connects. Resolves when that has been tried once, whatever came of it: it keeps trying. */
  async start(): Promise<void> {
    this.#running = true;
    this.#scheduleTick();
    this.#sender.publishBatch();
    await this.#transport.open({
      onFrame: (frame) => this.#onFrame(frame),
      onUp: (up) => this.#onUp(up),
      onError: (error) => this.#events.onError(error),
    });
  }

  /**
   * Queues an entry for all other nodes, or for one that is known and hears its own; everything queued in
   * one tick of the event loop travels together. The bytes must not be changed any more. Before the start
   * entries wait for it; after the close they go nowhere.
   * @throws RangeError when the kind is not an integer from 0 to 126.
   */
  send(kind: number, bytes: Buffer, to?: string): void {
    if (!Number.isInteger(kind) || kind < 0 || kind > MAX_KIND) {
      throw new RangeError(`entry kind is ${kind}, expected an integer from 0 to ${MAX_KIND}`);
    }
    if (this.#closed) return;
    this.#sender.send(kind, bytes, to);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#clock.soon(() => {
      this.#flushScheduled = false;
      if (this.#running) this.#sender.publishBatch();
    });
  }

  /**
   * The nodes whose lease lives, as last read; this node's own id may be among them. While the leases
   * cannot be read it is not to be called. Before the first call every node that is heard counts.
   */
  setLiveNodes(ids: readonly string[]): void {
    const others = ids.filter((id) => id !== this.#nodeId);
    this.#listed = others.length < ids.length;
    this.#peers.setListed(others, this.#hearing.timeMs, this.#sender.tail);
    this.#sender.settle();
  }

  /**
   * Whether this node's links have room. While they have none, entries still come, but the others are
   * not told that there was room for them, and slow down when their windows are full.
   */
  setRoom(hasRoom: boolean): void {
    this.#announcer.setRoom(hasRoom);
  }

  /**
   * Resolves true when all live nodes have everything queued so far, false when that has taken
   * longer than `flushMs`.
   */
  async flush(): Promise<boolean> {
    this.#sender.publishBatch();
    const arrived = Promise.all([this.#sender.delivered(), this.#transport.settled()]);
    return await this.#within(this.#limits.flushMs, arrived);
  }

  /** Says goodbye, so that nobody waits for this node, and ends it for good. Flush before. */
  async close(): Promise<void> {
    if (!this.#running) return;
    this.#sender.publishBatch();
    const { tail: sequence } = this.#sender;
    const befores = this.#sender.befores();
    this.#publish([encodeLeave({ sender: this.#nodeId, sequence, befores })]);
    this.#running = false;
    this.#closed = true;
    this.#cancelTick();
    this.#hearing.down();
    await this.#within(this.#limits.flushMs, this.#transport.settled());
    await this.#transport.close();
  }

  #within(ms: number, done: Promise<unknown>): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => resolve(false));
      done.then(() => resolve(true), reject).finally(cancel);
    });
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#limits.announceMs, () => {
      this.#scheduleTick();
      this.#tick();
    });
  }

  #tick(): void {
    // First of all: a process that was stopped for long must not repeat what it should have given up.
    this.#sender.tick();
    if (this.#hearing.tick(this.#clock.now())) {
      this.#counters.reopened += 1;
      this.#transport.reopen();
    }
    this.#peers.sweep(this.#hearing.timeMs);
    this.#sender.settle();
    this.#announcer.announce();
    this.#judgeMet();
  }

  #onUp(up: boolean): void {
    if (!this.#running) return;
    this.#echo.reset();
    // Being up is only believed when the node hears itself; being down is believed at once.
    if (up) this.#announcer.announce();
    else this.#hearing.down();
  }

  #onFrame(frame: Buffer): void {
    if (!this.#running) return;
    const header = readHeader(frame);
    if (header?.sender === this.#nodeId) {
      this.#hearing.heard(this.#clock.now());
      if (header.type === 'status') this.#echo.heard(this.#clock.now());
      return;
    }
    this.#receiver.take(header, frame);
  }

  #judgeMet(): void {
    if (this.#met || !this.hearing || !this.#peers.hasMet(this.#hearing.timeMs)) return;
    this.#met = true;
    this.#events.onMet();
  }

  #streamEvents(sender: string): StreamEvents {
    return {
      onFrame: (frame) => this.#handOn(sender, frame),
      onSkipped: (frames) => {
        this.#counters.framesLost += frames;
        this.#events.onLost({ sender, frames, reason: 'skipped' });
      },
    };
  }

  #handOn(sender: string, { sequence, entries, bytes }: Arrived): void {
    this.#counters.framesReceived += 1;
    this.#counters.bytesReceived += bytes;
    this.#counters.entriesReceived += entries.length;
    for (const { kind, bytes: content } of entries) {
      if (kind === ADDRESSED_KIND) this.#handOnAddressed(sender, sequence, content);
      else this.#events.onEntry(kind, content, sender, sequence);
    }
  }

  #handOnAddressed(sender: string, sequence: number, content: Buffer): void {
    const read = readAddressed(content);
    if (read === undefined) this.#counters.malformed += 1;
    else if (read.to === this.#nodeId) {
      this.#events.onEntry(read.entry.kind, read.entry.bytes, sender, sequence);
    }
  }

  #publishStatus(frame: Buffer): void {
    if (!this.#running) return;
    this.#counters.statusesSent += 1;
    // Before it is: a transport in memory gives the frame back at once.
    this.#echo.sent(this.#clock.now());
    if (!this.#publish([frame])) this.#echo.notSent();
  }

  /** Where there is just one other node, what is for all goes to it alone and does not come back here. */
  #onlyOther(): string | undefined {
    if (!this.knowsAll) return undefined;
    const { only } = this.#peers;
    return only?.hearsOwn ? only.node : undefined;
  }

  #publish(frame: Pieces, to?: string): boolean {
    const published = this.#transport.publish(frame, to);
    if (!published) this.#counters.unsent += 1;
    return published;
  }
}
