import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { waitFor } from '@route/fixtures';
import { type DecodedMessage, decodeMessage, PduSplitter } from '@route/protocol';

/** One link as its route server sees it. */
export interface TakenLink {
  readonly socket: Socket;
  /** Received PDUs, decoded, in order. */
  readonly received: DecodedMessage[];
  readonly commands: () => string[];
}

/**
 * The route server's end of links, controlled by a test: accepts them and sends no answer by
 * itself.
 */
export class RouteEnd implements AsyncDisposable {
  /** In the order of arrival. */
  readonly links: TakenLink[] = [];
  readonly #server: Server;

  private constructor(server: Server, event: 'connection' | 'secureConnection') {
    this.#server = server;
    server.on(event, (socket: Socket) => this.#take(socket));
  }

  /** Listens on a free port of loopback, or on one that was had before. */
  static async listen({ port = 0, tls }: { port?: number; tls?: TlsOptions } = {}) {
    const end =
      tls === undefined
        ? new RouteEnd(createServer(), 'connection')
        : new RouteEnd(createTlsServer(tls), 'secureConnection');
    end.#server.listen(port, '127.0.0.1');
    await once(end.#server, 'listening');
    return end;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Waits for the link with this index, from 0. */
  async link(index: number): Promise<TakenLink> {
    return await waitFor(() => this.links[index], { what: `link ${index}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.links) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(socket: Socket): void {
    const received: DecodedMessage[] = [];
    const splitter = new PduSplitter({
      maxPduBytes: 1 << 24,
      onPdu: (pdu) => {
        const message = decodeMessage(pdu);
        if (message !== undefined) received.push(message);
      },
    });
    socket.on('data', (chunk: Buffer) => splitter.push(chunk));
    // Some tests cut links on purpose.
    socket.on('error', () => {});
    this.links.push({ socket, received, commands: () => received.map(({ command }) => command) });
  }
}
