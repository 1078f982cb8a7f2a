import type { BusTransport, TransportEvents } from '@route/bus';
import type { Random } from '@route/random';
import { frameText } from './frame-text.ts';
import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

/** Rights of a node's Redis account. */
export interface Rights {
  publish: boolean;
  subscribe: boolean;
  /** Subscribe to the channel of this node. */
  subscribeOwn: boolean;
  keys: boolean;
}

/** State of the network between a node and Redis. */
interface PathState {
  readonly latencyMs: number;
  /**
   * Nothing arrives, and neither side notices. It arrives when this ends, if the connection still
   * exists.
   */
  readonly darkOut: boolean;
  readonly darkIn: boolean;
  /** No connection can be made, and existing ones are reset. */
  readonly cut: boolean;
  /** Part of the frames that are lost silently, as the transport may. */
  readonly loss: number;
}

/** The network between a node and Redis, with all its active faults combined. */
export class RedisPath implements PathState {
  latencyMs = 0;
  darkOut = false;
  darkIn = false;
  cut = false;
  loss = 0;
  readonly #wrong = new Set<Partial<PathState>>();

  constructor(latencyMs: number) {
    this.worsen({ latencyMs });
  }

  /** Adds a fault; latencies add up. @returns a function that removes it. */
  worsen(wrong: Partial<PathState>): () => void {
    this.#wrong.add(wrong);
    this.#judge();
    return () => {
      this.#wrong.delete(wrong);
      this.#judge();
    };
  }

  #judge(): void {
    const all = [...this.#wrong];
    this.latencyMs = all.reduce((sum, { latencyMs = 0 }) => sum + latencyMs, 0);
    this.loss = Math.max(...all.map(({ loss = 0 }) => loss));
    this.darkOut = all.some(({ darkOut }) => darkOut);
    this.darkIn = all.some(({ darkIn }) => darkIn);
    this.cut = all.some(({ cut }) => cut);
  }
}

/** Redis pub/sub: keeps the order of a connection and drops frames without a subscriber. */
export class PubSub {
  readonly time: VirtualTime;
  readonly random: Random;
  isUp = true;
  /** Some recently published frames. */
  readonly recent: Buffer[] = [];
  frames = 0;
  frameBytes = 0;
  /** A subscriber with a backlog above the smallest of these is disconnected. */
  readonly outputLimits = new Set([32 * 1024 * 1024]);
  readonly members = new Map<string, SimTransport>();
  /** Called for each published frame, for the checks. */
  onPublish: (from: string, frame: Buffer, to: string | undefined) => void = () => {};
  /** Called with a line of text for each frame that is published or arrives; undefined for none. */
  trace: ((line: string) => void) | undefined;

  constructor(time: VirtualTime, random: Random) {
    this.time = time;
    this.random = random;
  }

  get outputLimitBytes(): number {
    return Math.min(...this.outputLimits);
  }

  /** Stops or starts Redis; existing connections are lost. */
  setUp(isUp: boolean): void {
    this.isUp = isUp;
    if (!isUp) for (const member of this.members.values()) member.dropped();
  }

  /** Redis has received a frame. Anyone with access to Redis may also send one. */
  publish(from: string, frame: Buffer, to: string | undefined): void {
    this.recent[this.frames % RECENT_FRAMES] = frame;
    this.frames++;
    this.frameBytes += frame.length;
    this.onPublish(from, frame, to);
    this.trace?.(`published to ${to ?? 'all'}: ${frameText(frame, to ?? '')}`);
    for (const member of this.members.values()) member.pushed(frame, to);
  }
}

interface WireOptions {
  readonly time: VirtualTime;
  /** Process that handles what arrives; undefined for Redis itself. */
  readonly process: SimProcess | undefined;
  latencyMs(): number;
  isDark(): boolean;
}

/** One direction of a connection: bytes in flight, in order. */
class Wire {
  closed = false;
  queuedBytes = 0;
  readonly #options: WireOptions;
  readonly #queue: (() => void)[] = [];
  #last = 0;
  /** Number of arrivals that fell due while the path was dark. */
  #kept = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  send(arrive: () => void): void {
    this.#queue.push(arrive);
    this.#schedule();
  }

  /** Delivers what was delayed, because the path is open again. */
  release(): void {
    const kept = this.#kept;
    this.#kept = 0;
    for (let i = 0; i < kept; i++) this.#schedule();
  }

  #schedule(): void {
    const { time, process, latencyMs } = this.#options;
    this.#last = Math.max(this.#last, time.now + latencyMs());
    time.after(this.#last - time.now, this.#arrive, process);
  }

  readonly #arrive = (): void => {
    if (this.closed) return;
    if (this.#options.isDark()) this.#kept++;
    else this.#queue.shift()?.();
  };
}

const RECENT_FRAMES = 32;
const CONNECT_TIMEOUT_MS = 2000;

/** A node's two connections to Redis, as in RedisTransport. */
export class SimTransport implements BusTransport {
  readonly rights: Rights = { publish: true, subscribe: true, subscribeOwn: true, keys: true };
  readonly path: RedisPath;
  readonly #pubSub: PubSub;
  readonly #node: string;
  readonly #process: SimProcess;
  #events: TransportEvents | undefined;
  #out: Wire | undefined;
  #in: Wire | undefined;
  #subscribed = false;
  #hearsOwn = false;
  #up = false;
  /** Frames that Redis has not received, and when the reply to the last received one arrives. */
  #unreceived = 0;
  #answeredAt = 0;
  #waiting: (() => void)[] = [];
  #retry: Task | undefined;
  #attempt = 0;

  constructor(
    pubSub: PubSub,
    { node, process, latencyMs }: { node: string; process: SimProcess; latencyMs: number },
  ) {
    this.path = new RedisPath(latencyMs);
    this.#pubSub = pubSub;
    this.#node = node;
    this.#process = process;
    pubSub.members.set(node, this);
  }

  get hearsOwn(): boolean {
    return this.#hearsOwn;
  }

  /** Output buffer of Redis for this subscriber. */
  get queuedBytes(): number {
    return this.#in?.queuedBytes ?? 0;
  }

  async open(events: TransportEvents): Promise<void> {
    this.#events = events;
    await new Promise<void>((resolve) => this.#connect(resolve));
  }

  reopen(): void {
    // Data of the old connection may still arrive, after data of a new one.
    this.#forget({ keepsSent: this.#pubSub.random.chance(0.3) });
    this.#connect();
  }

  publish(pieces: readonly Buffer[], to?: string): boolean {
    const wire = this.#out;
    if (wire === undefined) return false;
    const frame = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    this.#unreceived++;
    wire.send(() => this.#received(frame, to));
    return true;
  }

  async settled(): Promise<void> {
    if (this.#unreceived === 0 && this.#pubSub.time.now >= this.#answeredAt) return;
    this.#answerLater();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#events = undefined;
    this.#forget({ keepsSent: true });
    this.gone();
  }

  /** Ends the connections, because the node's process is gone. */
  gone(): void {
    this.#forget({ keepsSent: true });
    this.#events = undefined;
    this.#pubSub.members.delete(this.#node);
  }

  /** Applies a changed path: delayed data continues, or is lost. */
  pathChanged(): void {
    if (this.path.cut) this.dropped();
    if (!this.path.darkOut) this.#out?.release();
    if (!this.path.darkIn) this.#in?.release();
  }

  /** Redis or the network has closed the connections. */
  dropped(): void {
    if (this.#out === undefined && this.#in === undefined) return;
    this.#out = close(this.#out);
    this.#in = close(this.#in);
    const { time } = this.#pubSub;
    time.after(this.path.latencyMs, () => this.#lost(), this.#process);
  }

  /** Redis pushes a frame to the subscribers of its channel. */
  pushed(frame: Buffer, to: string | undefined): void {
    const { time, outputLimitBytes, random } = this.#pubSub;
    const wire = this.#in;
    if (wire === undefined || !this.#subscribed) return;
    if (to !== undefined && (to !== this.#node || !this.#hearsOwn)) return;
    if (this.path.loss > 0 && random.chance(this.path.loss)) return;
    wire.queuedBytes += frame.length;
    if (wire.queuedBytes > outputLimitBytes) {
      this.#in = close(this.#in);
      time.after(this.path.latencyMs, () => this.#lost(), this.#process);
      return;
    }
    wire.send(() => {
      wire.queuedBytes -= frame.length;
      if (wire !== this.#in) return;
      this.#pubSub.trace?.(`arrived at ${this.#node}: ${frameText(frame, this.#node)}`);
      this.#events?.onFrame(frame);
    });
  }

  #received(frame: Buffer, to: string | undefined): void {
    const { time } = this.#pubSub;
    if (!this.#pubSub.isUp) return;
    this.#unreceived = Math.max(0, this.#unreceived - 1);
    this.#answeredAt = time.now + this.path.latencyMs;
    if (this.#waiting.length > 0) this.#answerLater();
    if (this.rights.publish) this.#pubSub.publish(this.#node, frame, to);
    else {
      const error = new Error('NOPERM this user has no permissions to publish');
      time.after(this.path.latencyMs, () => this.#events?.onError(error), this.#process);
    }
  }

  /**
   * Resolves waiting calls when Redis has replied to everything: a task per frame would be a fifth
   * of all tasks.
   */
  #answerLater(): void {
    if (this.#unreceived > 0) return;
    const { time } = this.#pubSub;
    const answered = (): void => {
      if (this.#unreceived === 0) this.#answerWaiting();
    };
    time.after(Math.max(0, this.#answeredAt - time.now), answered, this.#process);
  }

  #answerWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #lost(): void {
    this.#forget({ keepsSent: false });
    this.#retryLater();
  }

  #forget({ keepsSent }: { keepsSent: boolean }): void {
    if (!keepsSent) close(this.#out);
    this.#out = undefined;
    this.#in = close(this.#in);
    this.#subscribed = false;
    this.#hearsOwn = false;
    this.#unreceived = 0;
    this.#answeredAt = 0;
    this.#answerWaiting();
    this.#tellState();
  }

  #retryLater(): void {
    if (this.#retry !== undefined) this.#retry.cancelled = true;
    if (this.#events === undefined) return;
    this.#attempt++;
    const ms = Math.min(500, 50 * 2 ** this.#attempt) * this.#pubSub.random.between(0.75, 1.25);
    this.#retry = this.#pubSub.time.after(ms, () => this.#connect(), this.#process);
  }

  #connect(tried: () => void = () => {}): void {
    if (this.#retry !== undefined) this.#retry.cancelled = true;
    if (this.#events === undefined) {
      tried();
      return;
    }
    const { time, isUp } = this.#pubSub;
    const { cut, darkIn, darkOut, latencyMs } = this.path;
    if (!isUp || cut || darkIn || darkOut) {
      const ms = isUp && !cut ? CONNECT_TIMEOUT_MS : latencyMs;
      const failed = (): void => {
        this.#events?.onError(new Error('connect ECONNREFUSED'));
        tried();
        this.#retryLater();
      };
      this.#retry = time.after(ms, failed, this.#process);
      return;
    }
    const latency = (): number => this.path.latencyMs;
    const out = new Wire({
      ...{ time, process: undefined, latencyMs: latency },
      isDark: () => this.path.darkOut,
    });
    const into = new Wire({
      ...{ time, process: this.#process, latencyMs: latency },
      isDark: () => this.path.darkIn,
    });
    const connected = (): void => {
      if (!this.#pubSub.isUp || this.path.cut) {
        tried();
        this.#retryLater();
        return;
      }
      this.#attempt = 0;
      this.#out = out;
      this.#in = into;
      this.#subscribe(into, tried);
    };
    this.#retry = time.after(4 * latencyMs, connected, this.#process);
  }

  #subscribe(wire: Wire, tried: () => void): void {
    const { rights, path } = this;
    const subscribed = (): void => {
      if (wire !== this.#in) {
        tried();
        return;
      }
      if (!rights.subscribeOwn) this.#events?.onError(new Error('NOPERM channel of the node'));
      if (rights.subscribe) this.#subscribed = true;
      else this.#events?.onError(new Error('NOPERM channel of all nodes'));
      this.#hearsOwn = rights.subscribeOwn;
      this.#tellState();
      tried();
    };
    this.#pubSub.time.after(4 * path.latencyMs, subscribed, this.#process);
  }

  #tellState(): void {
    const up = this.#subscribed && this.#out !== undefined;
    if (up === this.#up) return;
    this.#up = up;
    this.#events?.onUp(up);
  }
}

function close(wire: Wire | undefined): undefined {
  if (wire !== undefined) wire.closed = true;
  return undefined;
}
