import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FloodWindow, Waiter } from '../load/flood-window.ts';
import type { PacedSender } from '../load/pacer.ts';
import { type Latencies, sharedNowUs } from '../load/stamps.ts';
import { MASTER_PDU, snapshotPdu } from '../presence/pdus.ts';
import { Arrivals } from './arrivals.ts';
import { MESSAGE_BYTES, messagePdu, STAMP_BYTES } from './message-pdu.ts';
import type { ServerCounts, ServerOrder } from './msg-server-messages.ts';
import { PduWalk } from './pdu-walk.ts';
import { CYCLE_MESSAGES, SINGLE_SHARE, type Traffic } from './traffic.ts';

/** One buffer for all reads: its contents are used up before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(1024 * 1024);

/** Messages per write at full speed: 64,000 bytes, as much as a node reads at once. */
const BLOCK_MESSAGES = 400;
const BLOCK_BYTES = BLOCK_MESSAGES * MESSAGE_BYTES;

export interface MsgServerOptions {
  readonly traffic: Traffic;
  readonly window: FloodWindow;
  /** Receives the stamps of messages; without it they are not read. */
  readonly latencies: Latencies | undefined;
}

/** The routing part of a msg_server: its users, their messages, and the messages for them. */
export class MsgServer implements Waiter, PacedSender {
  readonly #order: ServerOrder;
  readonly #socket: Socket;
  readonly #window: FloodWindow;
  readonly #arrivals: Arrivals;
  readonly #cycle: Buffer;
  #sent = 0;
  #flooding = false;
  #open = true;
  readonly #write = (): void => {
    while (this.#flooding && this.#open) {
      if (!this.#window.take(BLOCK_MESSAGES * SINGLE_SHARE, this)) return;
      const at = (this.#sent % CYCLE_MESSAGES) * MESSAGE_BYTES;
      this.#sent += BLOCK_MESSAGES;
      if (!this.#socket.write(this.#cycle.subarray(at, at + BLOCK_BYTES))) return;
    }
  };

  private constructor(
    order: ServerOrder,
    connection: { socket: Socket; arrivals: Arrivals },
    { traffic, window }: MsgServerOptions,
  ) {
    this.#order = order;
    this.#socket = connection.socket;
    this.#arrivals = connection.arrivals;
    this.#window = window;
    const messages = traffic.sends(order.id) ? traffic.messagesOf(order.id) : [];
    this.#cycle = Buffer.concat(messages.map(messagePdu));
    this.#socket.setNoDelay(true);
    this.#socket.on('drain', this.#write);
    this.#socket.on('error', () => this.#socket.destroy()); // 'close' follows, and counts it
    this.#socket.on('close', () => {
      this.#open = false;
    });
    this.#socket.write(MASTER_PDU);
    const users = traffic.usersOf(order.id);
    this.#socket.write(snapshotPdu(users, { status: 'online', clientType: 'windows' }));
  }

  /** Connects, and lists its users. */
  static async open(order: ServerOrder, options: MsgServerOptions): Promise<MsgServer> {
    const { traffic, window, latencies } = options;
    const arrivals = new Arrivals(order.id, traffic);
    const walk = new PduWalk(arrivals);
    const socket = connect({
      host: order.host,
      port: order.port,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          const before = arrivals.singles;
          if (latencies !== undefined) arrivals.readAt(sharedNowUs(), latencies);
          walk.take(readBuffer, bytes);
          if (arrivals.singles > before) window.received(arrivals.singles - before);
          return true;
        },
      },
    });
    await once(socket, 'connect');
    return new MsgServer(order, { socket, arrivals }, options);
  }

  flood(): void {
    this.#flooding = true;
    this.#write();
  }

  /** Called when the window has room again. */
  goOn(): void {
    if (!this.#socket.writableNeedDrain) this.#write();
  }

  /** Sends one message stamped with its due time. */
  sendStamped(dueUs: number): void {
    const at = (this.#sent % CYCLE_MESSAGES) * MESSAGE_BYTES;
    const pdu = Buffer.from(this.#cycle.subarray(at, at + MESSAGE_BYTES));
    pdu.writeDoubleBE(dueUs, MESSAGE_BYTES - STAMP_BYTES);
    this.#sent++;
    this.#socket.write(pdu);
  }

  /** Resolves when the system has accepted everything written, or the connection has ended. */
  async stop(): Promise<void> {
    this.#flooding = false;
    if (!this.#open) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.write('', () => resolve());
    });
  }

  /** Counts of messages sent and received so far. */
  get counts(): ServerCounts {
    const { deliveries, singles, groups } = this.#arrivals;
    return { id: this.#order.id, sent: this.#sent, deliveries, singles, groups };
  }

  get arrivals(): Arrivals {
    return this.#arrivals;
  }

  get isOpen(): boolean {
    return this.#open;
  }
}
