import type { BusTransport, TransportEvents } from '@route/bus';
import type { Random } from '@route/random';
import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

/** What a node's Redis account may do. */
export interface Rights {
  publish: boolean;
  subscribe: boolean;
  /** Subscribe to the channel for this node alone. */
  subscribeOwn: boolean;
  keys: boolean;
}

/** How the network between a node and Redis is. */
export interface RedisPath {
  latencyMs: number;
  /** Nothing arrives, and neither side hears of it; it arrives when this ends, if the connection still stands. */
  darkOut: boolean;
  darkIn: boolean;
  /** No connection can be made, and those that there were are reset. */
  cut: boolean;
  /** Part of the frames that are lost without a sign, as the transport may. */
  loss: number;
}

/** Redis's default for a subscriber. */
export const OUTPUT_LIMIT_BYTES = 32 * 1024 * 1024;

/** Redis pub/sub, which keeps the order of a connection and forgets what nobody hears. */
export class PubSub {
  readonly time: VirtualTime;
  readonly random: Random;
  isUp = true;
  /** Some frames that were published last. */
  readonly recent: Buffer[] = [];
  frames = 0;
  frameBytes = 0;
  /** A subscriber that is so far behind is cut off. */
  outputLimitBytes = OUTPUT_LIMIT_BYTES;
  readonly members = new Map<string, SimTransport>();
  /** Sees each frame that is published: the checks do. */
  onPublish: (from: string, frame: Buffer, to: string | undefined) => void = () => {};

  constructor(time: VirtualTime, random: Random) {
    this.time = time;
    this.random = random;
  }

  /** Redis ends or comes back; what was connected is not any more. */
  setUp(isUp: boolean): void {
    this.isUp = isUp;
    if (!isUp) for (const member of this.members.values()) member.dropped();
  }

  /** Redis has got a frame. Also anybody who has Redis's address may send one. */
  publish(from: string, frame: Buffer, to: string | undefined): void {
    this.recent[this.frames % RECENT_FRAMES] = frame;
    this.frames++;
    this.frameBytes += frame.length;
    this.onPublish(from, frame, to);
    for (const member of this.members.values()) member.pushed(frame, to);
  }
}

interface WireOptions {
  readonly time: VirtualTime;
  /** In which process what arrives is handled; undefined for Redis itself. */
  readonly process: SimProcess | undefined;
  latencyMs(): number;
  isDark(): boolean;
}

/** Bytes on their way in one direction of one connection: in order. */
class Wire {
  closed = false;
  queuedBytes = 0;
  readonly #options: WireOptions;
  readonly #queue: (() => void)[] = [];
  #last = 0;
  /** What has fallen due while the path was dark. */
  #kept = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  send(arrive: () => void): void {
    this.#queue.push(arrive);
    this.#schedule();
  }

  /** The path is open again. */
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

/** A node's two connections to Redis, as RedisTransport has them. */
export class SimTransport implements BusTransport {
  readonly rights: Rights = { publish: true, subscribe: true, subscribeOwn: true, keys: true };
  readonly path: RedisPath = { latencyMs: 0.3, darkOut: false, darkIn: false, cut: false, loss: 0 };
  readonly #pubSub: PubSub;
  readonly #node: string;
  readonly #process: SimProcess;
  #events: TransportEvents | undefined;
  #out: Wire | undefined;
  #in: Wire | undefined;
  #subscribed = false;
  #hearsOwn = false;
  #up = false;
  #unanswered = 0;
  #waiting: (() => void)[] = [];
  #retry: Task | undefined;
  #attempt = 0;

  constructor(pubSub: PubSub, node: string, process: SimProcess) {
    this.#pubSub = pubSub;
    this.#node = node;
    this.#process = process;
    pubSub.members.set(node, this);
  }

  get hearsOwn(): boolean {
    return this.#hearsOwn;
  }

  /** Bytes that Redis keeps for this subscriber. */
  get queuedBytes(): number {
    return this.#in?.queuedBytes ?? 0;
  }

  async open(events: TransportEvents): Promise<void> {
    this.#events = events;
    await new Promise<void>((resolve) => this.#connect(resolve));
  }

  reopen(): void {
    // What the old connection has sent may still arrive, behind what a new one sends.
    this.#forget({ keepsSent: this.#pubSub.random.chance(0.3) });
    this.#connect();
  }

  publish(pieces: readonly Buffer[], to?: string): boolean {
    const wire = this.#out;
    if (wire === undefined) return false;
    const frame = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    this.#unanswered++;
    wire.send(() => this.#received(frame, to));
    return true;
  }

  async settled(): Promise<void> {
    if (this.#unanswered === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    this.#events = undefined;
    this.#forget({ keepsSent: true });
    this.gone();
  }

  /** The node's process is gone: so are its connections. */
  gone(): void {
    this.#forget({ keepsSent: true });
    this.#events = undefined;
    this.#pubSub.members.delete(this.#node);
  }

  /** The path has changed: what waited for it goes on, or is gone. */
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

  /** Redis pushes a frame to those that hear its channel. */
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
      if (wire === this.#in) this.#events?.onFrame(frame);
    });
  }

  #received(frame: Buffer, to: string | undefined): void {
    const { time } = this.#pubSub;
    if (!this.#pubSub.isUp) return;
    const answered = (): void => {
      this.#answered();
      if (!this.rights.publish) {
        this.#events?.onError(new Error('NOPERM this user has no permissions to publish'));
      }
    };
    time.after(this.path.latencyMs, answered, this.#process);
    if (this.rights.publish) this.#pubSub.publish(this.#node, frame, to);
  }

  #answered(): void {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    if (this.#unanswered === 0) for (const resolve of this.#waiting.splice(0)) resolve();
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
    this.#unanswered = 0;
    this.#answered();
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
