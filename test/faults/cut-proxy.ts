import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What is cut: everything, or what goes to Redis alone, or what comes from it alone. */
export type Cut = 'both' | 'to-redis' | 'from-redis';

const CONNECT_MS = 250;

/** One connection through the proxy: what is read from `from` is written to `to`. */
interface Way {
  readonly direction: Exclude<Cut, 'both'>;
  readonly from: Socket;
  readonly to: Socket;
}

/**
 * The network between one node and Redis. Cut, it passes nothing on and closes nothing: both ends
 * believe in their connections until they find out for themselves. Mended, it delivers late what was
 * on its way, as TCP does after a partition.
 */
export class CutProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #ways = new Set<Way>();
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  /** What the cut has kept from happening. */
  #afterwards: (() => void)[] = [];

  private constructor(server: Server, url: string) {
    const { hostname, port } = new URL(url);
    this.#server = server;
    this.#target = { host: hostname, port: Number(port || 6379) };
    server.on('connection', (near) => this.#accept(near));
  }

  /** Listens on a free port of the loopback. */
  static async to(url: string): Promise<CutProxy> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CutProxy(server, url);
  }

  /** Where the node finds Redis. */
  get url(): string {
    return `redis://127.0.0.1:${addressOf(this.#server).port}`;
  }

  cut(cut: Cut): void {
    this.#cut = cut;
    for (const way of this.#ways) if (this.#isCut(way)) way.from.pause();
  }

  mend(): void {
    this.#cut = undefined;
    for (const happen of this.#afterwards.splice(0)) happen();
    for (const { from } of this.#ways) from.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(near: Socket): void {
    this.#hold(near);
    // The handshake of a cut network does not come to an end; here it does, and then nothing answers.
    this.#whenMended(() => {
      if (near.destroyed) return;
      const far = connect({ ...this.#target, allowHalfOpen: true });
      this.#hold(far);
      // Nobody there: to be told so soon, as by a host whose port is closed.
      const unanswered = setTimeout(() => far.destroy(), CONNECT_MS);
      far.on('connect', () => clearTimeout(unanswered));
      this.#join({ direction: 'to-redis', from: near, to: far });
      this.#join({ direction: 'from-redis', from: far, to: near });
    });
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #join(way: Way): void {
    const { from, to } = way;
    this.#ways.add(way);
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#isCut(way)) from.resume();
    });
    from.on('end', () => to.end());
    from.on('close', () => {
      this.#ways.delete(way);
      this.#whenMended(() => to.destroy());
    });
    if (this.#isCut(way)) from.pause();
    else from.resume();
  }

  #isCut({ direction }: Way): boolean {
    return this.#cut === 'both' || this.#cut === direction;
  }

  #whenMended(happen: () => void): void {
    if (this.#cut === undefined) happen();
    else this.#afterwards.push(happen);
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address;
}
