import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A way to Redis that a test can block: connections through it are cut, and new ones end at once.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  /** Listens on a free port of the loopback, and passes on to where `url` points. */
  static async to(url: string): Promise<TcpProxy> {
    const target = new URL(url);
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, { host: target.hostname, port: Number(target.port || 6379) });
  }

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    server.on('connection', (near) => {
      if (this.#cut) near.destroy();
      else this.#join(near, connect(target));
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return `redis://127.0.0.1:${address.port}`;
  }

  /** Cuts every connection, what is under way in it included, and lets none through. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets connections through again. */
  mend(): void {
    this.#cut = false;
  }

  /** Stops reading in both directions, so that everything hangs and nothing is told. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
