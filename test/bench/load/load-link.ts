import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import type { LinkCount, LinkOrder } from './load-messages.ts';

/**
 * One buffer takes what any link reads: nobody looks at it, so reading allocates nothing, and one call
 * of the system takes as much as there is.
 */
const readBuffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** Bytes of one write when flat out. */
const BLOCK_BYTES = 256 * 1024;

/** A link of the load: writes prebuilt blocks of PDUs and counts the bytes that come. */
export class LoadLink {
  readonly id: number;
  readonly #socket: Socket;
  readonly #pdu: Buffer;
  readonly #block: Buffer;
  readonly #blockPdus: number;
  #receivedBytes = 0;
  #sentPdus = 0;
  #flooding = false;
  #open = true;
  readonly #write = (): void => {
    while (this.#flooding && this.#open) {
      this.#sentPdus += this.#blockPdus;
      if (!this.#socket.write(this.#block)) return;
    }
  };

  private constructor(id: number, socket: Socket, pdu: Buffer) {
    this.id = id;
    this.#socket = socket;
    this.#pdu = pdu;
    this.#blockPdus = Math.max(1, Math.floor(BLOCK_BYTES / pdu.length));
    this.#block = Buffer.concat(Array.from({ length: this.#blockPdus }, () => pdu));
    socket.setNoDelay(true);
    socket.on('drain', this.#write);
    socket.on('error', () => this.#socket.destroy()); // 'close' follows, and counts it
    socket.on('close', () => {
      this.#open = false;
    });
  }

  /** Connects and says what a link says first. `pdu` is as the dialect wraps it. */
  static async open(order: LinkOrder, dialect: Dialect, pdu: Buffer): Promise<LoadLink> {
    let link: LoadLink | undefined;
    const socket = connect({
      host: order.host,
      port: order.port,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          if (link !== undefined) link.#receivedBytes += bytes;
          return true;
        },
      },
    });
    await once(socket, 'connect');
    link = new LoadLink(order.id, socket, dialect.wrap(pdu));
    if (dialect.opening.length > 0) socket.write(dialect.opening);
    return link;
  }

  probe(): void {
    this.#sentPdus++;
    this.#socket.write(this.#pdu);
  }

  reset(): void {
    this.#sentPdus = 0;
    this.#receivedBytes = 0;
  }

  flood(): void {
    this.#flooding = true;
    this.#write();
  }

  /** Returns when the system has taken all that was written, or the link has ended. */
  async stop(): Promise<void> {
    this.#flooding = false;
    if (!this.#open) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.write('', () => resolve());
    });
  }

  count(): LinkCount {
    return {
      id: this.id,
      sentPdus: this.#sentPdus,
      receivedBytes: this.#receivedBytes,
      isOpen: this.#open,
    };
  }
}
