import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import type { FloodWindow, Waiter } from './flood-window.ts';
import type { LinkCount, LinkOrder } from './load-messages.ts';
import { type Latencies, StampReader, writeStamp } from './stamps.ts';

/**
 * One buffer for the reads of all links: the bytes are not used later, so reading allocates
 * nothing, and one system call takes all available bytes.
 */
const readBuffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** Bytes per write at full speed. */
const BLOCK_BYTES = 256 * 1024;

export interface LoadLinkOptions {
  readonly dialect: Dialect;
  readonly pdu: Buffer;
  readonly window: FloodWindow;
  /** Receives the stamps of received PDUs; without it the stamps are not read. */
  readonly latencies?: Latencies;
}

/** A link of the load: writes prebuilt blocks of PDUs and counts received bytes. */
export class LoadLink implements Waiter {
  readonly id: number;
  readonly #socket: Socket;
  readonly #window: FloodWindow;
  readonly #pdu: Buffer;
  readonly #stampAt: number;
  readonly #block: Buffer;
  readonly #blockPdus: number;
  #receivedBytes = 0;
  #sentPdus = 0;
  #flooding = false;
  #open = true;
  readonly #write = (): void => {
    while (this.#flooding && this.#open) {
      if (!this.#window.take(this.#blockPdus, this)) return;
      this.#sentPdus += this.#blockPdus;
      if (!this.#socket.write(this.#block)) return;
    }
  };

  private constructor(id: number, socket: Socket, { dialect, pdu, window }: LoadLinkOptions) {
    this.#window = window;
    const wrapped = dialect.wrap(pdu);
    this.id = id;
    this.#socket = socket;
    this.#pdu = wrapped;
    this.#stampAt = dialect.wrappedPduAt(pdu.length);
    this.#blockPdus = Math.max(1, Math.floor(BLOCK_BYTES / wrapped.length));
    this.#block = Buffer.concat(Array.from({ length: this.#blockPdus }, () => wrapped));
    socket.setNoDelay(true);
    socket.on('drain', this.#write);
    socket.on('error', () => this.#socket.destroy()); // 'close' follows, and counts it
    socket.on('close', () => {
      this.#open = false;
    });
  }

  /** Connects and sends the protocol's greeting. */
  static async open(order: LinkOrder, options: LoadLinkOptions): Promise<LoadLink> {
    const { dialect, window, latencies } = options;
    const stamps = latencies === undefined ? undefined : new StampReader(dialect, latencies);
    let link: LoadLink | undefined;
    const socket = connect({
      host: order.host,
      port: order.port,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          if (link !== undefined) link.#receivedBytes += bytes;
          window.received(bytes);
          stamps?.read(readBuffer.subarray(0, bytes));
          return true;
        },
      },
    });
    await once(socket, 'connect');
    link = new LoadLink(order.id, socket, options);
    if (dialect.opening.length > 0) socket.write(dialect.opening);
    return link;
  }

  probe(): void {
    this.#sentPdus++;
    this.#socket.write(this.#pdu);
  }

  /** Sends one PDU stamped with its due time. */
  sendStamped(dueUs: number): void {
    const pdu = Buffer.from(this.#pdu);
    writeStamp(pdu, this.#stampAt, dueUs);
    this.#sentPdus++;
    this.#socket.write(pdu);
  }

  reset(): void {
    this.#sentPdus = 0;
    this.#receivedBytes = 0;
  }

  flood(): void {
    this.#flooding = true;
    this.#write();
  }

  /** Called when the window has room again. */
  goOn(): void {
    if (!this.#socket.writableNeedDrain) this.#write();
  }

  /** Resolves when the system has accepted everything written, or the link has ended. */
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
