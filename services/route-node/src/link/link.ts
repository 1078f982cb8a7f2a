import type { Socket } from 'node:net';
import type { LinkEnd, LinkId } from '@route/presence';
import { Framer, type FramingError, HEARTBEAT_PDU } from '@route/protocol';
import type { Admitted } from '../admission/admission.ts';
import { type CloseReason, isReadToTheEnd, linkEndOf } from './close-reasons.ts';
import { DrainTimeout } from './drain-timeout.ts';
import { LinkWriter, type TickFlusher } from './link-writer.ts';
import { type OwnLink, ProtocolHandler, type ProtocolHost } from './protocol-handler.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import type { Halfway } from './slow-consumers.ts';

/** Bounds of a link, from the node's settings. */
export interface LinkLimits {
  readonly maxPduBytes: number;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly pendingPdus: number;
  readonly pendingBytes: number;
  readonly highWaterMarkBytes: number;
  readonly queueMaxBytes: number;
  readonly drainTimeoutMs: number;
}

/** What a link needs of its node. */
export interface LinkHost extends ProtocolHost {
  readonly limits: LinkLimits;
  readonly flusher: TickFlusher;
  readonly readScheduler: ReadScheduler;
  /** The link has sent something for the first time. */
  spoken(link: Link): void;
  /** The link has begun to end; it does not receive any more. */
  ending(link: Link, reason: CloseReason, error: FramingError | undefined): void;
  /** The link's connection is gone. */
  gone(link: Link): void;
  /** The link's unsent bytes have gone over the mark, or back under half of it. */
  overMark(link: Link, over: boolean): void;
  /** A link whose unsent bytes are over the mark was given more. */
  grownOverMark(link: Link): void;
}

/** How long the end of a connection may take before it is cut. */
const END_MS = 2000;

/** A PDU of which more than this has come, and not all, is read on in turn with other links' ones. */
const LARGE_PDU_BYTES = 64 * 1024;

/** One TCP connection of a msg_server, from its opening to its end. */
export class Link implements OwnLink {
  readonly id: LinkId;
  /** The msg_server's address and port. */
  readonly peer: string;
  readonly openedAtMs = performance.now();
  readonly protocol: ProtocolHandler;
  readonly #socket: Socket;
  readonly #host: LinkHost;
  readonly #framer: Framer;
  readonly #writer: LinkWriter;
  readonly #drainTimeout: DrainTimeout;
  #ending: CloseReason | undefined;
  /** It has passed a limit inside a call, and is closed at once when the call is over. */
  #isCut = false;
  #cutTimer: NodeJS.Timeout | undefined;
  #finished = false;
  #lastReceivedMs = performance.now();
  #halfway: Halfway | undefined;
  #receivedBytes = 0;
  #paused = false;
  #waits = false;
  /** Not read until it is its turn. */
  #paced = false;
  readonly #readOn = (): void => {
    this.#paced = false;
    this.#readOrNot();
  };

  constructor(id: LinkId, { socket, peer }: Admitted, host: LinkHost) {
    this.id = id;
    this.peer = peer;
    this.#socket = socket;
    this.#host = host;
    const { highWaterMarkBytes: markBytes, drainTimeoutMs } = host.limits;
    this.#drainTimeout = new DrainTimeout({ markBytes, drainTimeoutMs: drainTimeoutMs });
    this.#writer = new LinkWriter({
      socket,
      flusher: host.flusher,
      counters: host.counters,
      progressed: () => this.#checkUnsent(),
    });
    this.protocol = new ProtocolHandler(id, this, host);
    this.#framer = new Framer({
      maxPduBytes: host.limits.maxPduBytes,
      sink: this.protocol,
      received: host.counters.received,
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.end('peer-closed'));
    socket.on('error', () => this.end('connection-failed'));
    socket.on('close', () => {
      this.end('peer-closed');
      // It holds on to the link, and to what has come of its last PDU.
      clearTimeout(this.#cutTimer);
      this.#finish();
      this.protocol.end(this.#afterwards);
      // What came behind an update is still to be relayed: until then the node may not stop.
      this.protocol.whenSettled(() => host.gone(this));
    });
  }

  /** Bytes that wait to be sent. */
  get unsentBytes(): number {
    return this.#writer.unsentBytes;
  }

  /** Bytes that were sent. */
  get takenBytes(): number {
    return this.#writer.takenBytes;
  }

  /** Bytes that were received. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether it has begun to end. */
  get isEnding(): boolean {
    return this.#isCut || this.#ending !== undefined;
  }

  /** Whether the node reads it, and if not, why. */
  get reading(): 'reading' | 'held' | 'waits-for-presence' {
    if (!this.#socket.isPaused()) return 'reading';
    if (this.#paused) return 'held';
    return this.#waits ? 'waits-for-presence' : 'reading';
  }

  /** For how long nothing has come, in ms. */
  get silentMs(): number {
    return performance.now() - this.#lastReceivedMs;
  }

  get halfway(): Halfway | undefined {
    return this.#halfway;
  }

  send(bytes: Buffer): void {
    if (this.#finished || this.#isCut) return;
    this.#writer.write(bytes);
    this.#grown();
  }

  sendPart(bytes: Buffer, start: number, end: number): void {
    if (this.#finished || this.#isCut) return;
    this.#writer.writePart(bytes, start, end);
    this.#grown();
  }

  /** A link that was not read for what it had waiting is read again as soon as half of it is done. */
  progressed(): void {
    if (this.#waits) this.#checkWaiting();
  }

  /** Holds the link back (the node does not read it), or lets it go on. */
  pause(held: boolean): void {
    this.#paused = held;
    this.#readOrNot();
  }

  /** Called every now and then: heartbeat, time-out, stuck, and whether what waits has shrunk. */
  tick(nowMs: number): void {
    if (this.isEnding) return;
    const { heartbeatMs, timeoutMs } = this.#host.limits;
    // While the node itself does not read the link, silence says nothing.
    if (this.#socket.isPaused()) this.#lastReceivedMs = nowMs;
    if (nowMs - this.#lastReceivedMs >= timeoutMs) {
      this.#cut('timed-out');
    } else if (this.#drainTimeout.isStuck(nowMs)) {
      this.#cut('unsent-for-too-long');
    } else if (this.unsentBytes === 0 && nowMs - this.#writer.handedAtMs >= heartbeatMs) {
      // What waits to be sent says as much as a heartbeat, which would only wait behind it.
      this.#host.counters.heartbeatsSent++;
      this.send(HEARTBEAT_PDU);
    }
  }

  /**
   * Ends the link in good order: what it still waits for is answered, what its own PDUs bring about and what was
   * queued is sent, then the connection is closed. Where it is asked to return, what it has sent before it notices
   * is still read; otherwise the link counts no longer. Not to be called from inside a delivery: see #cut.
   */
  end(reason: CloseReason): void {
    this.#begin(reason, undefined);
  }

  #begin(reason: CloseReason, error: FramingError | undefined): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    this.#halfway = undefined;
    this.#drainTimeout.back();
    this.#host.overMark(this, false);
    this.#host.ending(this, reason, error);
    if (!isReadToTheEnd(reason)) this.protocol.end(this.#afterwards);
    this.#readOrNot();
    this.protocol.whenSettled(() => {
      this.#finish();
      this.#writer.end();
    });
    this.#cutTimer = setTimeout(() => this.#socket.destroy(), END_MS).unref();
  }

  /** Nothing is sent to it any more. Until here a link that ends receives: its own PDUs may still be answered. */
  #finish(): void {
    this.#host.hub.setReceiving(this, false);
    this.#finished = true;
  }

  /**
   * Closes the link at once: there is no use in sending what waits. A limit is passed inside a call that may be in
   * the midst of passing PDUs on, or of importing this link's own list: the link is only marked there, gets nothing
   * more, and is closed from here alone, when the call is over. What is read of it until then is carried out.
   */
  #cut(reason: CloseReason): void {
    if (this.#isCut) return;
    this.#isCut = true;
    process.nextTick(() => {
      this.#finish();
      this.end(reason);
      this.#socket.destroy();
    });
  }

  get #afterwards(): LinkEnd {
    return this.#ending === undefined ? 'release' : linkEndOf(this.#ending);
  }

  #received(chunk: Buffer): void {
    this.#lastReceivedMs = performance.now();
    this.#host.counters.receivedBytes += chunk.length;
    const isFirst = this.#receivedBytes === 0;
    this.#receivedBytes += chunk.length;
    if (isFirst && this.#ending === undefined) this.#host.spoken(this);
    if (this.#ending !== undefined && !isReadToTheEnd(this.#ending)) return;
    const error = this.#framer.push(chunk);
    if (error !== undefined) this.#begin(error.code, error);
    this.#pace();
    this.#checkWaiting();
  }

  #pace(): void {
    if (this.#paced || this.#framer.bufferedBytes <= LARGE_PDU_BYTES) return;
    this.#paced = true;
    this.#host.readScheduler.schedule(this.#readOn);
  }

  #checkWaiting(): void {
    const { pendingPdus, pendingBytes } = this.#host.limits;
    const { protocol } = this;
    const part = this.#waits ? 0.5 : 1;
    this.#waits =
      protocol.pendingPdus > pendingPdus * part || protocol.pendingBytes > pendingBytes * part;
    this.#readOrNot();
  }

  #readOrNot(): void {
    const suppressed = this.#paused || this.#waits;
    const read = this.#ending !== undefined || !(suppressed || this.#paced);
    if (read === !this.#socket.isPaused()) return;
    if (read) {
      this.#lastReceivedMs = performance.now();
      this.#socket.resume();
    } else {
      if (suppressed) this.#host.counters.pauses++;
      this.#socket.pause();
    }
  }

  /** More waits to be sent. Called a PDU: of a link with little to send nothing else has to be judged. */
  #grown(): void {
    const isLittle = this.unsentBytes <= this.#host.limits.highWaterMarkBytes / 2;
    if (isLittle && this.#halfway === undefined && !this.#drainTimeout.isOver) return;
    this.#checkUnsent();
  }

  #checkUnsent(): void {
    if (this.#isCut) return;
    const { highWaterMarkBytes, queueMaxBytes } = this.#host.limits;
    // What only waits for the tick's end says nothing of the msg_server.
    if (this.unsentBytes > highWaterMarkBytes) this.#writer.flush();
    const unsent = this.unsentBytes;
    const over = this.#drainTimeout.isOver;
    // A link that ends slows no other; its time is short.
    if (this.#ending !== undefined) {
      if (unsent > queueMaxBytes) this.#cut(this.#ending);
      return;
    }
    if (unsent <= highWaterMarkBytes / 2) this.#halfway = undefined;
    else this.#halfway ??= { atMs: performance.now(), takenBytes: this.takenBytes };
    if (unsent > queueMaxBytes) {
      this.#cut('unsent-over-limit');
    } else if (!over && unsent > highWaterMarkBytes) {
      this.#drainTimeout.over(unsent, performance.now());
      this.#host.overMark(this, true);
    } else if (over && unsent > highWaterMarkBytes / 2) {
      this.#drainTimeout.over(unsent, performance.now());
      this.#host.grownOverMark(this);
    } else if (over) {
      this.#drainTimeout.back();
      this.#host.overMark(this, false);
    }
  }
}
