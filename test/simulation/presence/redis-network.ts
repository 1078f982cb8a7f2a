import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { type Connection, SimulatedRedis } from '@route/fixtures/simulated-redis';
import type { SimProcess, Task, VirtualTime } from '../world/virtual-time.ts';

/** State of the network between a node and Redis. */
export class RedisPath {
  latencyMs = 0.4;
  /**
   * Sent data waits and arrives when this ends, even on connections that were abandoned meanwhile.
   */
  darkOut = false;
  darkIn = false;
}

/** A machine with a Redis server. */
export class RedisHost {
  readonly redis: SimulatedRedis;
  /** up; down: connections are refused; vanished: nothing answers, and no connection is reset. */
  state: 'up' | 'down' | 'vanished' = 'up';
  readonly sockets = new Set<RedisSocket>();
  #demoted = false;

  constructor(redis: SimulatedRedis) {
    this.redis = redis;
  }

  /** Ends the server's process: connections are reset. */
  stop(): void {
    this.state = 'down';
    for (const socket of [...this.sockets]) socket.reset();
  }

  /** The machine disappears silently. */
  vanish(): void {
    this.state = 'vanished';
  }

  /** Refuses writes from now on, as a replica. */
  demote(): void {
    this.#demoted = true;
    this.redis.refusal = 'readonly';
  }

  /** Ends what it refuses for a time. */
  endRefusal(): void {
    this.redis.refusal = this.#demoted ? 'readonly' : undefined;
  }

  /** Starts the server (again): earlier connections are reset at their next data. */
  start(): void {
    if (this.state === 'up') return;
    this.state = 'up';
    for (const socket of [...this.sockets]) socket.forgotten();
  }
}

interface WireOptions {
  readonly time: VirtualTime;
  /** Process that handles what arrives; undefined for the server. */
  readonly process: SimProcess | undefined;
  latencyMs(): number;
  isDark(): boolean;
}

/** One direction of a connection, in order. */
class Wire {
  readonly #options: WireOptions;
  readonly #queue: (() => void)[] = [];
  #lastAt = 0;
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
    this.#lastAt = Math.max(this.#lastAt, time.now + latencyMs());
    time.after(this.#lastAt - time.now, this.#arrive, process);
  }

  readonly #arrive = (): void => {
    if (this.#options.isDark()) this.#kept++;
    else this.#queue.shift()?.();
  };
}

function socketError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** A client's socket, with the functions that the Redis client uses. */
export class RedisSocket extends EventEmitter {
  connecting = true;
  destroyed = false;
  writable = true;
  readonly remoteAddress = '10.0.0.1';
  readonly remotePort = 6379;
  readonly #network: RedisNetwork;
  readonly #process: SimProcess | undefined;
  readonly #path: RedisPath;
  readonly #out: Wire;
  readonly #in: Wire;
  #host: RedisHost | undefined;
  #connection: Connection | undefined;
  #timeout: Task | undefined;
  #ended = false;

  constructor(network: RedisNetwork, path: RedisPath) {
    super();
    this.#network = network;
    const { time } = network;
    this.#process = time.current;
    this.#path = path;
    const latencyMs = (): number => path.latencyMs * network.jitter();
    this.#out = new Wire({ time, process: undefined, latencyMs, isDark: () => path.darkOut });
    this.#in = new Wire({ time, process: this.#process, latencyMs, isDark: () => path.darkIn });
    this.#out.send(() => this.#arrived());
  }

  /** Whether it leads to another server than new connections do. */
  get isElsewhere(): boolean {
    return !this.destroyed && this.#host !== undefined && this.#host !== this.#network.target;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  pause(): this {
    return this;
  }

  cork(): void {}

  uncork(): void {}

  setTimeout(ms: number, listener?: () => void): this {
    if (this.#timeout !== undefined) this.#timeout.cancelled = true;
    this.#timeout = undefined;
    if (ms > 0) {
      if (listener !== undefined) this.once('timeout', listener);
      const run = (): void => void this.emit('timeout');
      this.#timeout = this.#network.time.after(ms, run, this.#process);
    } else if (listener !== undefined) {
      this.off('timeout', listener);
    }
    return this;
  }

  write(data: string | Buffer): boolean {
    if (this.destroyed || this.#ended) return false;
    const bytes =
      typeof data === 'string' ? Buffer.from(data).toString('latin1') : data.toString('latin1');
    this.#out.send(() => this.#deliver(bytes));
    return true;
  }

  end(): this {
    if (this.#ended) return this;
    this.#ended = true;
    this.writable = false;
    // The other side closes as well; if it does not answer, the client destroys the socket.
    this.#out.send(() => {
      this.#leave();
      this.#in.send(() => this.#close());
    });
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.#out.send(() => this.#leave());
    if (error !== undefined) this.#fail(error);
    else this.#close();
    return this;
  }

  /** Delivers what was delayed. */
  pathChanged(): void {
    if (!this.#path.darkOut) this.#out.release();
    if (!this.#path.darkIn) this.#in.release();
  }

  /** The server, or a device on the path, resets the connection. */
  reset(): void {
    this.#leave();
    this.#in.send(() => this.#fail(socketError('ECONNRESET', 'read')));
  }

  /** The server no longer knows the connection. */
  forgotten(): void {
    this.#connection?.closed();
    this.#connection = undefined;
  }

  /** The process of the client is gone. */
  abandon(): void {
    this.destroyed = true;
    this.#out.send(() => this.#leave());
  }

  #arrived(): void {
    const { target } = this.#network;
    if (target.state === 'vanished') return;
    if (target.state === 'down') {
      this.#in.send(() => this.#fail(socketError('ECONNREFUSED', 'connect')));
      return;
    }
    this.#host = target;
    target.sockets.add(this);
    this.#connection = target.redis.connect({
      write: (bytes) => this.#reply(bytes),
      end: () => this.reset(),
    });
    this.#in.send(() => {
      if (this.destroyed) return;
      this.connecting = false;
      this.emit('connect');
    });
  }

  #deliver(bytes: string): void {
    const host = this.#host;
    if (host === undefined || host.state === 'vanished') return;
    if (host.state === 'down' || this.#connection === undefined) {
      this.#in.send(() => this.#fail(socketError('ECONNRESET', 'read')));
      return;
    }
    this.#connection.receive(bytes);
  }

  #reply(bytes: string): void {
    if (this.#host?.state !== 'up') return;
    const data = Buffer.from(bytes, 'latin1');
    this.#in.send(() => {
      if (!this.destroyed) this.emit('data', data);
    });
  }

  #leave(): void {
    this.#host?.sockets.delete(this);
    this.#connection?.closed();
    this.#connection = undefined;
  }

  #fail(error: Error): void {
    if (this.destroyed) return;
    this.emit('error', error);
    this.#close();
  }

  #close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    this.setTimeout(0);
    process.nextTick(() => this.emit('close'));
    this.#network.closed(this);
  }
}

/** Connections of all nodes to the one name of Redis. */
export class RedisNetwork {
  readonly time: VirtualTime;
  /** Host behind the name of Redis at present. */
  target: RedisHost;
  readonly #random: () => number;
  readonly #paths = new Map<SimProcess, RedisPath>();
  readonly #sockets = new Map<SimProcess, Set<RedisSocket>>();

  constructor(time: VirtualTime, random: () => number) {
    this.time = time;
    this.#random = random;
    this.target = this.makeHost();
  }

  makeHost(): RedisHost {
    const { time } = this;
    const random = this.#random;
    return new RedisHost(
      new SimulatedRedis({ nowMicros: () => EPOCH_MICROS + Math.floor(time.now * 1000), random }),
    );
  }

  /** From 0.8 to 1.5. */
  jitter(): number {
    return 0.8 + 0.7 * this.#random();
  }

  pathOf(process: SimProcess): RedisPath {
    const known = this.#paths.get(process);
    if (known !== undefined) return known;
    const path = new RedisPath();
    this.#paths.set(process, path);
    return path;
  }

  /** Changes a node's path to Redis: latency, dark directions. */
  changePath(
    process: SimProcess,
    change: Partial<Pick<RedisPath, 'latencyMs' | 'darkIn' | 'darkOut'>>,
  ): void {
    Object.assign(this.pathOf(process), change);
    for (const socket of [...(this.#sockets.get(process) ?? [])]) socket.pathChanged();
  }

  /** Whether a node still uses a server that was replaced. */
  isElsewhere(process: SimProcess): boolean {
    return [...(this.#sockets.get(process) ?? [])].some((socket) => socket.isElsewhere);
  }

  /** Resets a node's connections, as a device on the path may. */
  cut(process: SimProcess): void {
    for (const socket of [...(this.#sockets.get(process) ?? [])]) socket.reset();
  }

  /** Ends a node's connections with its process; data that it had sent still arrives. */
  processGone(process: SimProcess): void {
    for (const socket of [...(this.#sockets.get(process) ?? [])]) socket.abandon();
    this.#sockets.delete(process);
  }

  connect(): RedisSocket {
    const { current } = this.time;
    if (current === undefined) throw new Error('only a node connects to Redis');
    const socket = new RedisSocket(this, this.pathOf(current));
    const sockets = this.#sockets.get(current) ?? new Set();
    sockets.add(socket);
    this.#sockets.set(current, sockets);
    return socket;
  }

  /** Forgets a closed socket, but not while its path is dark: its sent data still waits there. */
  closed(socket: RedisSocket): void {
    for (const [process, sockets] of this.#sockets) {
      const { darkIn, darkOut } = this.pathOf(process);
      if (!darkIn && !darkOut) sockets.delete(socket);
    }
  }

  /** Replaces the parts of `node:net` that nodes use. @returns a function that undoes it. */
  install(): () => void {
    const { connect, createConnection } = net;
    const make = (): RedisSocket => this.connect();
    Object.assign(net, { connect: make, createConnection: make });
    syncBuiltinESMExports();
    return () => {
      Object.assign(net, { connect, createConnection });
      syncBuiltinESMExports();
    };
  }
}

/** 2026-01-01, as in VirtualTime. */
const EPOCH_MICROS = 1_767_225_600_000_000;
