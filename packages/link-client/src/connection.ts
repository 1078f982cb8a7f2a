import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HEARTBEAT_PDU, PduSplitter } from '@route/protocol';
import type { RouteAddress } from './address.ts';
import type { Cancel } from './clock.ts';
import type { Down, DownReason } from './events.ts';
import { IdleTimer } from './idle-timer.ts';
import type { ClientSettings } from './options.ts';

/**
 * Events of a Connection. `closed` is the last and occurs once, also for a connection that never
 * opened.
 */
export interface ConnectionEvents {
  up(): void;
  pdu(pdu: Buffer): void;
  /** There is room again after a write that returned `wait`. */
  drained(): void;
  closed(down: Down): void;
}

/** One TCP connection to one address, from the attempt to its end. */
export class Connection {
  readonly #settings: ClientSettings;
  readonly #events: ConnectionEvents;
  readonly #socket: Socket;
  readonly #splitter: PduSplitter;
  #cancelConnectTimeout: Cancel;
  #silence: IdleTimer | undefined;
  #heartbeats: IdleTimer | undefined;
  #state: 'connecting' | 'up' | 'closed' = 'connecting';
  #down: Down | undefined;

  constructor(address: RouteAddress, settings: ClientSettings, events: ConnectionEvents) {
    this.#settings = settings;
    this.#events = events;
    const { maxPduBytes, connectTimeoutMs, clock, tls } = settings;
    this.#splitter = new PduSplitter({ maxPduBytes, onPdu: (pdu) => this.#took(pdu) });
    this.#cancelConnectTimeout = clock.after(connectTimeoutMs, () => {
      this.#end('connect-timed-out', `no connection in ${connectTimeoutMs} ms`);
    });
    const { host, port } = address;
    const name = isIP(host) === 0 ? { servername: host } : {};
    this.#socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true })
        : connectTls({ ...name, ...tls, host, port }).setNoDelay(true);
    this.#socket
      .once(tls === undefined ? 'connect' : 'secureConnect', () => this.#connected())
      .on('data', (chunk: Buffer) => this.#read(chunk))
      .on('drain', () => this.#events.drained())
      .on('end', () => this.#note('closed-by-node'))
      .on('error', ({ message }) =>
        this.#note(this.#state === 'up' ? 'broken' : 'connect-failed', message),
      )
      .on('close', () => this.#closed());
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Whether more should wait. */
  get isFull(): boolean {
    return this.#socket.writableLength >= this.#settings.unsentBytes;
  }

  /** Sends whole PDUs, all of one tick in one write. Only while it is open. */
  write(bytes: Buffer): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
    this.#heartbeats?.touch();
  }

  /** Closes it in good order: written PDUs are sent first. */
  end(): void {
    if (this.#state !== 'up') {
      this.destroy();
      return;
    }
    this.#note('closed-here');
    this.#socket.end();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#end('closed-here');
  }

  #connected(): void {
    const { clock, timeoutMs, heartbeatMs } = this.#settings;
    this.#cancelConnectTimeout();
    this.#state = 'up';
    this.#silence = new IdleTimer({
      clock,
      idleMs: timeoutMs,
      onIdle: () => this.#end('timed-out', `no data received for ${timeoutMs} ms`),
    });
    this.#heartbeats = new IdleTimer({
      clock,
      idleMs: heartbeatMs,
      onIdle: () => this.write(HEARTBEAT_PDU),
    });
    this.#events.up();
  }

  #read(chunk: Buffer): void {
    this.#silence?.touch();
    const error = this.#splitter.push(chunk);
    if (error !== undefined) this.#end('broken-stream', error.message);
  }

  #took(pdu: Buffer): void {
    // A listener may have ended it amid a chunk.
    if (!this.#socket.destroyed) this.#events.pdu(pdu);
  }

  #end(reason: DownReason, detail?: string): void {
    this.#note(reason, detail);
    this.#socket.destroy();
  }

  /** The first reason is the cause, later ones are its consequences. */
  #note(reason: DownReason, detail: string | undefined = undefined): void {
    this.#down ??= { reason, detail };
  }

  #closed(): void {
    this.#cancelConnectTimeout();
    this.#silence?.stop();
    this.#heartbeats?.stop();
    this.#state = 'closed';
    this.#events.closed(this.#down ?? { reason: 'broken', detail: undefined });
  }
}
