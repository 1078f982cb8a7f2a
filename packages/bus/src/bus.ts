import { Batch } from './batch.ts';
import { type Cancel, type Clock, systemClock } from './clock.ts';
import { type BusCounters, zeroCounters } from './counters.ts';
import { type DataFrame, decodeData, encodeData } from './frame.ts';
import { isNodeId, MAX_NODE_ID_BYTES, readHeader } from './header.ts';
import { type BusEvents, type BusLimits, type BusOptions, DEFAULT_LIMITS } from './options.ts';
import { decodeStatus, encodeStatus, type Status } from './status.ts';
import type { BusTransport } from './transport.ts';

const MAX_KIND = 127;

/** Carries entries from this node to all others, in order. */
export class Bus {
  readonly #nodeId: string;
  readonly #transport: BusTransport;
  readonly #events: BusEvents;
  readonly #limits: BusLimits;
  readonly #clock: Clock;
  readonly #mergeable: ReadonlySet<number>;
  readonly #counters = zeroCounters();
  readonly #batch: Batch;
  /** For each other node the number of the frame that comes next. */
  readonly #next = new Map<string, number>();
  #tail = 0;
  #flushScheduled = false;
  #running = false;
  #hearing = false;
  #heardSelfAt = 0;
  #tickedAt = 0;
  #cancelTick: Cancel = () => {};

  /** @throws Error when the node id cannot travel. */
  constructor(options: BusOptions) {
    if (!isNodeId(options.nodeId)) {
      throw new Error(
        `node id is ${JSON.stringify(options.nodeId)}, expected 1 to ${MAX_NODE_ID_BYTES} ASCII characters without spaces`,
      );
    }
    this.#nodeId = options.nodeId;
    this.#transport = options.transport;
    this.#events = options.events;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#mergeable = new Set(options.mergeable);
    this.#batch = new Batch(this.#limits.maxFrameBytes);
  }

  /** Whether the node hears itself: what it sends goes out, and what others send comes in. */
  get hearing(): boolean {
    return this.#hearing;
  }

  /** What has happened so far. */
  get counters(): Readonly<BusCounters> {
    return this.#counters;
  }

  /** Connects. Resolves when that has been tried once, whatever came of it: it keeps trying. */
  async start(): Promise<void> {
    this.#running = true;
    this.#heardSelfAt = this.#clock.now();
    this.#tickedAt = this.#clock.now();
    this.#scheduleTick();
    await this.#transport.open({
      onFrame: (frame) => this.#onFrame(frame),
      onUp: (up) => this.#onUp(up),
      onError: (error) => this.#events.onError(error),
    });
  }

  /**
   * Queues an entry for all other nodes; everything queued in one tick of the event loop travels
   * together. The bytes must not be changed before the next tick.
   * @throws RangeError when the kind is not an integer from 0 to 127.
   */
  send(kind: number, bytes: Buffer): void {
    if (!Number.isInteger(kind) || kind < 0 || kind > MAX_KIND) {
      throw new RangeError(`entry kind is ${kind}, expected an integer from 0 to ${MAX_KIND}`);
    }
    this.#batch.add({ kind, bytes });
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#clock.soon(() => {
      this.#flushScheduled = false;
      this.#publishBatch();
    });
  }

  /** Resolves when everything queued so far is with Redis, or when that has taken too long. */
  async flush(): Promise<void> {
    this.#publishBatch();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(this.#limits.flushMs, resolve);
      void this.#transport.settled().then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Ends it for good. What must still arrive is flushed before. */
  async close(): Promise<void> {
    this.#running = false;
    this.#cancelTick();
    this.#setHearing(false);
    await this.#transport.close();
  }

  #publishBatch(): void {
    if (!this.#running) return;
    for (const entries of this.#batch.take()) {
      this.#tail += 1;
      const origin = { sender: this.#nodeId, sequence: this.#tail };
      const frame = encodeData(origin, entries, this.#mergeable);
      this.#counters.framesSent += 1;
      this.#counters.bytesSent += frame.length;
      this.#publish(frame);
    }
  }

  #publish(frame: Buffer): void {
    if (!this.#transport.publish(frame)) this.#counters.unsent += 1;
  }

  #publishStatus(): void {
    const peers = [...this.#next].map(([node, next]) => ({
      node,
      owed: this.#tail + 1,
      got: next - 1,
      taken: next - 1,
      missing: [],
    }));
    const base = this.#tail + 1;
    this.#publish(encodeStatus({ sender: this.#nodeId, tail: this.#tail, base, peers }));
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#limits.announceMs, () => {
      this.#scheduleTick();
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    const paused = now - this.#tickedAt > this.#limits.deafMs / 2;
    this.#tickedAt = now;
    // A process that was itself stopped has yet to read what came meanwhile: that is not deafness.
    if (paused) this.#heardSelfAt = now;
    if (now - this.#heardSelfAt > this.#limits.deafMs) {
      this.#heardSelfAt = now;
      this.#counters.reopened += 1;
      this.#setHearing(false);
      this.#transport.reopen();
    }
    this.#publishStatus();
  }

  #onUp(up: boolean): void {
    if (!this.#running) return;
    // Being up is only believed when the node hears itself; being down is believed at once.
    if (up) this.#publishStatus();
    else this.#setHearing(false);
  }

  #setHearing(hearing: boolean): void {
    if (hearing === this.#hearing) return;
    this.#hearing = hearing;
    this.#events.onHearing(hearing);
  }

  #onFrame(frame: Buffer): void {
    if (!this.#running) return;
    if (readHeader(frame)?.sender === this.#nodeId) {
      this.#heardSelfAt = this.#clock.now();
      this.#setHearing(true);
      return;
    }
    const read = decodeData(frame) ?? decodeStatus(frame);
    if (read === undefined) {
      this.#counters.malformed += 1;
    } else if (read.type === 'data') {
      this.#onData(read, frame.length);
    } else {
      this.#onStatus(read);
    }
  }

  #onData({ sender, sequence, entries }: DataFrame, bytes: number): void {
    const next = this.#next.get(sender) ?? sequence;
    if (sequence < next) {
      this.#counters.duplicates += 1;
      return;
    }
    this.#next.set(sender, sequence + 1);
    if (sequence > next) this.#lose(sender, sequence - next);
    this.#counters.framesReceived += 1;
    this.#counters.bytesReceived += bytes;
    this.#counters.entriesReceived += entries.length;
    for (const entry of entries) this.#events.onEntry(entry.kind, entry.bytes, sender);
  }

  #onStatus({ sender, tail }: Status): void {
    const next = this.#next.get(sender) ?? tail + 1;
    this.#next.set(sender, Math.max(next, tail + 1));
    if (tail >= next) this.#lose(sender, tail + 1 - next);
  }

  #lose(sender: string, frames: number): void {
    this.#counters.framesLost += frames;
    this.#events.onLost({ sender, frames, reason: 'skipped' });
  }
}
