import { Announcer } from './announcer.ts';
import { type Cancel, type Clock, systemClock } from './clock.ts';
import { type BusCounters, zeroCounters } from './counters.ts';
import { Echo } from './echo.ts';
import { type DataFrame, decodeData, type Pieces } from './frame.ts';
import { type Header, isNodeId, MAX_NODE_ID_BYTES, readHeader, writeHeader } from './header.ts';
import { Hearing } from './hearing.ts';
import { type BusEvents, type BusLimits, type BusOptions, DEFAULT_LIMITS } from './options.ts';
import { type Peer, Peers } from './peers.ts';
import { Sender } from './sender.ts';
import { decodeStatus, type Status } from './status.ts';
import type { Arrived, StreamEvents } from './stream.ts';
import type { BusTransport } from './transport.ts';

const MAX_KIND = 127;

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

/**
 * Carries entries from this node to all others: in their sender's order, exactly once, over a transport
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
  #running = false;
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
    this.#peers = new Peers(peerLimits, (node) => this.#streamEvents(node));
    this.#sender = new Sender({
      nodeId,
      clock,
      limits: this.#limits,
      mergeable: new Set(mergeable),
      counters: this.#counters,
      publish: (frame) => this.#publish(frame),
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
      publish: (frame) => this.#publishStatus(frame),
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
   * Queues an entry for all other nodes; everything queued in one tick of the event loop travels
   * together. The bytes must not be changed any more. Before the start entries wait for it;
   * after the close they go nowhere.
   * @throws RangeError when the kind is not an integer from 0 to 127.
   */
  send(kind: number, bytes: Buffer): void {
    if (!Number.isInteger(kind) || kind < 0 || kind > MAX_KIND) {
      throw new RangeError(`entry kind is ${kind}, expected an integer from 0 to ${MAX_KIND}`);
    }
    if (this.#closed) return;
    this.#sender.send(kind, bytes);
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
    const origin = { sender: this.#nodeId, sequence: this.#sender.tail };
    this.#publish([writeHeader('leave', origin, 0).frame]);
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
    if (header?.type === 'leave') {
      this.#onLeave(header);
      return;
    }
    const read = decodeData(frame) ?? decodeStatus(frame);
    if (read?.type === 'data') this.#onData(read, frame.length);
    else if (read?.type === 'status') this.#onStatus(read);
    else this.#counters.malformed += 1;
  }

  #onData({ sender, sequence, entries }: DataFrame, bytes: number): void {
    const peer = this.#heard(sender);
    const { next } = peer.stream;
    if (!peer.stream.take({ sequence, entries, bytes })) this.#counters.duplicates += 1;
    this.#announcer.took(peer, bytes);
    // Asks at once for what is missing, and again for the rest whenever some of it has come.
    const asks = peer.stream.hasHole && (sequence !== next || peer.stream.next !== sequence + 1);
    if (asks || next === null) this.#announcer.ask();
  }

  #onStatus({ sender, tail, base, peers }: Status): void {
    const peer = this.#heard(sender);
    const { stream } = peer;
    const aboutMe = peers.find(({ node }) => node === this.#nodeId);
    if (aboutMe !== undefined) stream.begin(aboutMe.owed);
    stream.skipTo(base);
    const knewHole = stream.hasHole;
    stream.learn(tail);
    if (aboutMe !== undefined && aboutMe.got !== null) {
      const got = Math.min(aboutMe.got, this.#sender.tail);
      peer.got = Math.max(peer.got, got);
      peer.taken = Math.max(peer.taken, Math.min(aboutMe.taken, got));
      this.#sender.repeat(aboutMe.missing);
      this.#sender.settle();
    }
    const strangers = stream.next === null || aboutMe === undefined || aboutMe.got === null;
    if (strangers || (!knewHole && stream.hasHole)) this.#announcer.ask();
    this.#judgeMet();
  }

  #judgeMet(): void {
    if (this.#met || !this.hearing || !this.#peers.hasMet(this.#hearing.timeMs)) return;
    this.#met = true;
    this.#events.onMet();
  }

  #onLeave({ sender, sequence }: Header): void {
    const peer = this.#heard(sender);
    peer.left = true;
    peer.stream.learn(sequence);
    peer.stream.end();
    this.#sender.settle();
  }

  #heard(sender: string): Peer {
    const peer = this.#peers.heard(sender, this.#hearing.timeMs, this.#sender.tail);
    // From here on it is owed everything, also what is sent before it has said a word about this node.
    if (this.#sender.alone) this.#sender.settle();
    return peer;
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

  #handOn(sender: string, { entries, bytes }: Arrived): void {
    this.#counters.framesReceived += 1;
    this.#counters.bytesReceived += bytes;
    this.#counters.entriesReceived += entries.length;
    for (const entry of entries) this.#events.onEntry(entry.kind, entry.bytes, sender);
  }

  #publishStatus(frame: Buffer): void {
    if (!this.#running) return;
    this.#counters.statusesSent += 1;
    // Before it is: a transport in memory gives the frame back at once.
    this.#echo.sent(this.#clock.now());
    if (!this.#publish([frame])) this.#echo.notSent();
  }

  #publish(frame: Pieces): boolean {
    const published = this.#transport.publish(frame);
    if (!published) this.#counters.unsent += 1;
    return published;
  }
}
