import { type Cancel, type Clock, systemClock } from './clock.ts';
import { type BusCounters, zeroCounters } from './counters.ts';
import { Completeness } from './membership/completeness.ts';
import { NodeHeartbeat } from './membership/heartbeat.ts';
import { type Confirmed, type PeerLag, Peers } from './membership/peers.ts';
import { type BusEvents, type BusLimits, type BusOptions, DEFAULT_LIMITS } from './options.ts';
import { Receiver } from './receiving/receiver.ts';
import { Acks } from './sending/acks.ts';
import { HeartbeatSender } from './sending/heartbeat-sender.ts';
import { Sender } from './sending/sender.ts';
import type { BusTransport } from './transport/transport.ts';
import { decodeEnvelope, encodeEnvelope } from './wire/addressed.ts';
import { encodeLeave, type Pieces } from './wire/data-frame.ts';
import { isNodeId, MAX_NODE_ID_BYTES, readForeign, readHeader } from './wire/header.ts';
import { decodeHeartbeat } from './wire/heartbeat-frame.ts';
import { Inbox } from './wire/inbox.ts';

const MAX_KIND = 126;

/** Interval at which a flush checks its extra condition. */
const FLUSH_POLL_MS = 10;

/**
 * Carries entries from this node to all others, or to one: in the sender's order, exactly once,
 * over a transport that may lose them. Undeliverable entries are reported, never dropped silently.
 */
export class Bus {
  readonly #nodeId: string;
  readonly #transport: BusTransport;
  readonly #events: BusEvents;
  readonly #limits: BusLimits;
  readonly #clock: Clock;
  readonly #counters = zeroCounters();
  readonly #heartbeat: NodeHeartbeat;
  readonly #completeness: Completeness;
  readonly #peers: Peers;
  readonly #sender: Sender;
  readonly #acks: Acks;
  readonly #heartbeats: HeartbeatSender;
  readonly #receiver: Receiver;
  #running = false;
  #joined = false;
  /** When this node had joined. */
  #joinedAt = 0;
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
    this.#heartbeat = new NodeHeartbeat(this.#limits.probeTimeoutMs, clock.now(), (hearing) => {
      if (!hearing) this.#completeness.becameUnresponsive();
      events.onResponsive(hearing);
    });
    this.#completeness = new Completeness(this.#limits, this.#heartbeat);
    const { windowBytes, maxEntryBytes, heartbeatMs, probeTimeoutMs, leaveMs } = this.#limits;
    const counters = this.#counters;
    const inbox = (sender: string): Inbox =>
      new Inbox({ nodeId, sender, maxEntryBytes, counters, events });
    this.#peers = new Peers({ ...this.#limits, maxReorderBytes: windowBytes }, inbox, {
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
      counters,
      publish: (frame, to) => this.#publish(frame, to ?? this.#onlyOther()),
      membershipCompleteUntil: () => this.#completeness.until,
      peers: () => this.#peers.all(),
      sentTo: (peer, tail) => this.#peers.sentTo(peer, this.#heartbeat.timeMs, tail),
      progress: (tail) => this.#peers.progress(this.#heartbeat.timeMs, tail),
      onFull: (full) => {
        if (full) this.requestAcks();
        events.onFull(full);
      },
      onDropped: ({ frames }) => events.onLost({ sender: nodeId, frames, reason: 'dropped' }),
    });
    this.#acks = new Acks({
      ...{ nodeId, clock, counters, heartbeat: this.#heartbeat },
      ...{ peers: this.#peers, sender: this.#sender, silentMs: heartbeatMs, leaveMs },
      publish: (frame, to) => {
        if (this.#running) this.#publish([frame], to);
      },
    });
    this.#heartbeats = new HeartbeatSender({
      ...{ nodeId, clock, counters, heartbeat: this.#heartbeat, sender: this.#sender },
      isRunning: () => this.#running,
      hearsOwn: () => transport.hearsOwn,
      publish: (frame) => this.#publish([frame]),
    });
    this.#receiver = new Receiver({
      ...{ nodeId, clock, counters, probeTimeoutMs, heartbeat: this.#heartbeat },
      ...{ peers: this.#peers, sender: this.#sender, acks: this.#acks },
      servingSince: () => (this.#joined ? this.#joinedAt : Number.POSITIVE_INFINITY),
      onPeerHeard: () => this.#updateJoined(),
    });
  }

  /** Whether the node receives its own frames, so both directions of the transport work. */
  get responsive(): boolean {
    return this.#heartbeat.responsive;
  }

  /** Whether this node has joined, see {@link BusEvents.onJoined}. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Whether unacknowledged bytes have reached the limit: read nothing more that must be sent. */
  get full(): boolean {
    return this.#sender.full;
  }

  /** Whether every node that may accept links is known, so that frames to all known nodes reach all. */
  get membershipComplete(): boolean {
    return this.#clock.now() < this.#completeness.until;
  }

  /** The number of this node's last heartbeat. */
  get heartbeatSeq(): number {
    return this.#heartbeat.seq;
  }

  /** All awaited nodes have every frame for them up to this one. */
  get ackedByAll(): number {
    return this.#peers.progress(this.#heartbeat.timeMs, this.#sender.tail).acked;
  }

  /**
   * Publishes the queue. Returns the number of its last frame, which may have to wait for room, or
   * 0.
   */
  flushBatch(): number {
    return this.#running ? this.#sender.publishBatch() : this.#sender.tail;
  }

  /** Soon publishes a heartbeat that requests acks at once; see {@link Bus.confirmed}. */
  requestAcks(): void {
    this.#heartbeats.requestAcks();
  }

  /**
   * How far the frames of a node are confirmed. Undefined for a node that is unknown or was never
   * heard. While this is read at least once a second, each heartbeat requests confirmations.
   */
  confirmed(node: string): Confirmed | undefined {
    this.#heartbeats.requestConfirmations();
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.hasLeft || peer.heartbeat === 0) return undefined;
    return { heartbeatSeq: peer.confirmed, at: peer.confirmedAt };
  }

  /**
   * The last frame up to which a node has acknowledged all frames for it. Undefined if the node is
   * unknown, or frames that it had sent by then are missing here.
   */
  ackedBy(node: string): number | undefined {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.stream.hasGap) return undefined;
    return peer.acked < peer.last ? peer.acked : this.#sender.tail;
  }

  /** Round-trip time of the last returned heartbeat, in ms. Undefined before the first. */
  get rttMs(): number | undefined {
    return this.#heartbeat.rttMs;
  }

  /** How far each other node that has not left is behind. */
  get peers(): readonly PeerLag[] {
    return this.#peers.lags(this.#sender.tail);
  }

  /** Counters since the start. */
  get counters(): Readonly<BusCounters> {
    return this.#counters;
  }

  /** Connects. Resolves after the first attempt, even a failed one, and keeps trying. */
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
   * Queues an entry for all other nodes, or for one known node that receives its own channel.
   * Entries of one event-loop tick travel together. The bytes must not change afterwards. Before
   * the start entries are queued; after the close they are dropped.
   * @throws RangeError when the kind is not an integer from 0 to 126.
   */
  send(kind: number, bytes: Buffer, to?: string): void {
    if (!Number.isInteger(kind) || kind < 0 || kind > MAX_KIND) {
      throw new RangeError(`entry kind is ${kind}, expected an integer from 0 to ${MAX_KIND}`);
    }
    if (this.#closed) return;
    this.#sender.send(kind, bytes, to);
    this.#scheduleFlush();
  }

  /**
   * Call when an entry is sent to no node, because none needs it. A node that was forgotten while
   * it stood still, and comes back, then counts a loss.
   */
  passBy(): void {
    if (this.#closed || !this.#peers.haveForgotten) return;
    this.#sender.passBy();
    this.#scheduleFlush();
  }

  /**
   * Sets the nodes that had a live lease at the last read. May include this node, whose lease then
   * lives at least until `ownUntil`, by the bus's clock. Do not call it while the leases cannot be
   * read. Before the first call every node that is heard counts.
   */
  setLiveNodes(ids: readonly string[], ownUntil = Number.POSITIVE_INFINITY): void {
    // An invalid id would damage the acks that name it.
    const others = ids.filter((id) => id !== this.#nodeId && isNodeId(id));
    const isListed = ids.includes(this.#nodeId) && (this.responsive || !this.#joined);
    this.#completeness.leasesRead(isListed, ownUntil, this.#clock.now());
    this.#peers.setLeases(others, this.#heartbeat.timeMs, this.#sender);
    this.#sender.settle();
  }

  /**
   * Sets whether this node's links have room. Without room, entries still arrive but are not
   * credited, so the other nodes slow down when their windows are full.
   */
  setRoom(hasRoom: boolean): void {
    this.#acks.setRoom(hasRoom);
  }

  /**
   * Resolves true when all live nodes have everything queued until then and `isDone` holds, false
   * after `withinMs`.
   */
  async flush(withinMs = this.#limits.flushMs, isDone = (): boolean => true): Promise<boolean> {
    const endsAt = this.#clock.now() + withinMs;
    for (;;) {
      const arrived = this.#transport.settled().then(() => this.#sender.delivered());
      this.requestAcks();
      if (!(await this.#within(endsAt - this.#clock.now(), arrived))) return false;
      if (isDone()) return true;
      if (this.#clock.now() >= endsAt) return false;
      await new Promise<void>((resolve) => this.#clock.after(FLUSH_POLL_MS, resolve));
    }
  }

  /**
   * Publishes a leave frame, so that no node waits for this one, and closes the bus for good. Flush
   * before: frames that some live node lacks are lost and reported by `onLost`.
   */
  async close(): Promise<void> {
    if (!this.#running) return;
    this.#sender.publishBatch();
    this.#sender.abandon();
    const { tail: sequence } = this.#sender;
    const prevSeqs = this.#sender.prevSeqs();
    this.#publish([encodeLeave({ sender: this.#nodeId, sequence, prevSeqs })]);
    this.#running = false;
    this.#closed = true;
    this.#cancelTick();
    this.#heartbeat.disconnected();
    await this.#within(this.#limits.flushMs, this.#transport.settled());
    await this.#transport.close();
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#clock.soon(() => {
      this.#flushScheduled = false;
      if (this.#running) this.#sender.publishBatch();
    });
  }

  #within(ms: number, done: Promise<unknown>): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => resolve(false));
      done.then(() => resolve(true), reject).finally(cancel);
    });
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#limits.heartbeatMs, () => {
      this.#scheduleTick();
      this.#tick();
    });
  }

  #tick(): void {
    // First, so that a process that was stopped for long does not redeliver frames it should have
    // dropped.
    this.#sender.tick();
    if (this.#heartbeat.tick(this.#clock.now())) {
      this.#counters.reopened += 1;
      this.#transport.reopen();
    }
    this.#peers.sweep(this.#heartbeat.timeMs);
    this.#sender.settle();
    this.#acks.tick();
    this.#heartbeats.send();
    this.#updateJoined();
  }

  #onUp(up: boolean): void {
    if (!this.#running) return;
    // An 'up' counts only once the node receives its own frames. A 'down' counts at once.
    if (up) this.#heartbeats.send();
    else this.#heartbeat.disconnected();
  }

  #onFrame(frame: Buffer): void {
    if (!this.#running) return;
    const header = readHeader(frame);
    if (header === undefined) this.#onUnread(frame);
    else if (header.sender === this.#nodeId) {
      const now = this.#clock.now();
      if (header.type !== 'heartbeat') this.#heartbeat.ownFrameReceived(now);
      else this.#heartbeat.probeReturned(decodeHeartbeat(header, frame)?.seq ?? 0, now);
    } else if (header.type === 'envelope') {
      const inner = decodeEnvelope(header, frame, this.#nodeId);
      const innerHeader = inner && readHeader(inner);
      if (inner === undefined || innerHeader === undefined) return;
      if (!this.#receiver.receive(innerHeader, inner)) this.#counters.malformed += 1;
    } else if (!this.#receiver.receive(header, frame)) this.#counters.malformed += 1;
  }

  #onUnread(frame: Buffer): void {
    const foreign = readForeign(frame);
    if (foreign?.sender === undefined) {
      this.#counters.malformed += 1;
      return;
    }
    this.#counters.foreign += 1;
    this.#events.onForeign?.(foreign);
  }

  #updateJoined(): void {
    if (this.#joined || !this.responsive || !this.#peers.hasJoined(this.#heartbeat.timeMs)) return;
    this.#joined = true;
    this.#joinedAt = this.#clock.now();
    this.#events.onJoined();
  }

  /** If only one other node exists, frames for all go to its channel and do not come back here. */
  #onlyOther(): string | undefined {
    if (!this.membershipComplete) return undefined;
    const { only } = this.#peers;
    return only?.hearsOwn && only.heartbeat > 0 ? only.node : undefined;
  }

  #publish(frame: Pieces, to?: string): void {
    const hearsOwn = to === undefined || this.#peers.get(to)?.hearsOwn !== false;
    const published = hearsOwn
      ? this.#transport.publish(frame, to)
      : this.#transport.publish(encodeEnvelope(this.#nodeId, to, frame));
    if (!published) this.#counters.unsent += 1;
  }
}
