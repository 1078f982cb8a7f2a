import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { Pipe } from './pipe.ts';
import type { SimProcess, VirtualTime } from './virtual-time.ts';

/** State of a link's network. */
export interface LinkNetwork {
  readonly latencyMs: number;
  readonly capacityBytes: number;
  readonly pieceBytes: number;
}

/** A node's side of a connection, in place of that of `node:net`. */
export class SimSocket extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes passed to the code under test. */
  handedBytes = 0;
  onHanded: (bytes: number) => void = () => {};
  /** The node closes the socket, whether or not everything is sent. */
  onDestroy: () => void = () => {};
  readonly #connection: Connection;

  constructor(connection: Connection, port: number) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.remoteAddress = '10.1.0.1';
    this.remotePort = port;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const [chunk] = args;
    if (event === 'data' && Buffer.isBuffer(chunk)) {
      this.handedBytes += chunk.length;
      this.onHanded(this.handedBytes);
    }
    return super.emit(event, ...args);
  }

  override _read(): void {
    this.#connection.toNode.readOn();
  }

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.#connection.toClient.write(chunk, taken);
  }

  override _writev(chunks: { chunk: Buffer }[], taken: () => void): void {
    this.#connection.toClient.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), taken);
  }

  override _final(done: () => void): void {
    this.#connection.toClient.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.onDestroy();
    this.#connection.closedByNode();
    done(error);
  }
}

/** What a msg_server sees of a connection. */
export interface ClientEvents {
  data(bytes: Buffer): boolean;
  /** No more data: the node has closed the connection, or is gone. */
  ended(): void;
}

/** A TCP connection between a msg_server and a node. */
export class Connection {
  readonly toNode: Pipe;
  readonly toClient: Pipe;
  readonly socket: SimSocket;
  readonly #time: VirtualTime;
  readonly #node: SimProcess;
  readonly #latencyMs: number;

  constructor(
    time: VirtualTime,
    sides: { readonly client: SimProcess; readonly node: SimProcess; readonly port: number },
    network: LinkNetwork,
  ) {
    const { client, node, port } = sides;
    this.#time = time;
    this.#node = node;
    this.#latencyMs = network.latencyMs;
    this.toNode = new Pipe({ time, from: client, to: node, ...network });
    this.toClient = new Pipe({ time, from: node, to: client, ...network });
    this.socket = new SimSocket(this, port);
    this.toNode.onData = (piece) => this.socket.push(piece);
    this.toNode.onEnd = () => void this.socket.push(null);
  }

  connectClient(events: ClientEvents): void {
    this.toClient.onData = (bytes) => events.data(bytes);
    this.toClient.onEnd = () => events.ended();
  }

  /** The msg_server's process or machine resets the connection. */
  reset(): void {
    this.toNode.break(false);
    this.toClient.break(false);
    const cut = (): void => {
      const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      this.socket.destroy(error);
    };
    this.#time.after(this.#latencyMs, cut, this.#node);
  }

  /** From now on neither side receives anything from the other. */
  vanish(): void {
    this.toNode.silent = true;
    this.toClient.silent = true;
  }

  /** The node's process is gone; its kernel still sends the bytes that it has accepted. */
  nodeDied(): void {
    this.toNode.break(false);
    this.toClient.break(true);
  }

  closedByNode(): void {
    this.toNode.break(false);
    this.toClient.break(true);
  }
}

/** The part of `node:net` with which a node accepts connections. */
export class SimServer extends EventEmitter {
  listening = false;
  readonly #accept: (socket: SimSocket) => void;

  constructor(accept: (socket: SimSocket) => void) {
    super();
    this.#accept = accept;
  }

  listen(_port: number, _host: string, done?: () => void): this {
    this.listening = true;
    if (done !== undefined) process.nextTick(done);
    return this;
  }

  close(done?: () => void): this {
    this.listening = false;
    if (done !== undefined) process.nextTick(done);
    return this;
  }

  getConnections(done: (error: Error | null, count: number) => void): void {
    process.nextTick(done, null, 0);
  }

  address(): { readonly port: number } {
    return { port: 8200 };
  }

  accept(connection: Connection): void {
    this.#accept(connection.socket);
  }
}

/** File descriptors of the process: simulated sockets use none. */
export async function readDescriptors(): Promise<undefined> {
  return undefined;
}

/** The servers created so far, in order; the start of a node takes its own. */
const made: SimServer[] = [];

export function createServer(_options: object, accept: (socket: SimSocket) => void): SimServer {
  const server = new SimServer(accept);
  made.push(server);
  return server;
}

/** Returns the last created server. @throws Error if there is none. */
export function takeServer(): SimServer {
  const server = made.pop();
  made.length = 0;
  if (server === undefined) throw new Error('the node has made no server: is node:net replaced?');
  return server;
}
