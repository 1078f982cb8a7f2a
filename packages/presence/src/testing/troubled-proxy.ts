import { connect, createServer, type Server, type Socket } from 'node:net';

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly heldRequests: Buffer[];
  readonly heldReplies: Buffer[];
}

/** A proxy between a node and its Redis that produces TCP connection faults. */
export class TroubledProxy implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #requestsFlow = true;
  #repliesFlow = true;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    this.url = `redis://127.0.0.1:${address.port}`;
    server.on('connection', (client) => this.#join(client, target));
  }

  static async to(url: string): Promise<TroubledProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TroubledProxy(server, new URL(url));
  }

  /** Accepts requests and does not forward them. */
  holdRequests(): void {
    this.#requestsFlow = false;
  }

  /** Forwards requests and withholds the replies. */
  holdReplies(): void {
    this.#repliesFlow = false;
  }

  /** Forwards everything withheld, even for a client that has abandoned the connection. */
  flow(): void {
    this.#requestsFlow = true;
    this.#repliesFlow = true;
    for (const { client, server, heldRequests, heldReplies } of this.#connections) {
      for (const chunk of heldRequests.splice(0)) server.write(chunk);
      for (const chunk of heldReplies.splice(0)) client.write(chunk);
      if (client.destroyed) server.end();
    }
  }

  /** Closes the clients' connections. Data withheld for the server stays withheld. */
  cut(): void {
    for (const { client } of this.#connections) client.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.#connections) {
      client.destroy();
      server.destroy();
    }
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, target: URL): void {
    const server = connect(Number(target.port), target.hostname);
    const connection = { client, server, heldRequests: [], heldReplies: [] };
    this.#connections.add(connection);
    pass(client, server, () => (this.#requestsFlow ? undefined : connection.heldRequests));
    pass(server, client, () => (this.#repliesFlow ? undefined : connection.heldReplies));
    client.on('close', () => {
      if (this.#requestsFlow) server.end();
    });
    server.on('close', () => {
      this.#connections.delete(connection);
      client.destroy();
    });
  }
}

function pass(from: Socket, to: Socket, held: () => Buffer[] | undefined): void {
  from.on('data', (chunk: Buffer) => {
    const holding = held();
    if (holding !== undefined) holding.push(chunk);
    else if (!to.destroyed) to.write(chunk);
  });
  from.on('error', () => from.destroy());
}
