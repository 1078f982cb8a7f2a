import type { Socket } from 'node:net';
import type { LinkEnd, LinkId } from '@route/presence';
import { Framer, type FramingError, HEARTBEAT_PDU } from '@route/protocol';
import type { Admitted } from '../admission/admission.ts';
import { type CloseReason, isReadToTheEnd, linkEndOf } from './close-reasons.ts';
import { DrainTimeout } from './drain-timeout.ts';
import { LinkWriter, type TickFlusher } from './link-writer.ts';
import { PduProgress } from './pdu-progress.ts';
import { type OwnLink, ProtocolHandler, type ProtocolHost } from './protocol-handler.ts';
import type { LargePduReader, ReadScheduler } from './read-scheduler.ts';
import type { Halfway } from './slow-consumers.ts';

/** Limits of a link, from the node's settings. */
export interface LinkLimits {
  readonly maxPduBytes: number;
  readonly minBytesPerSecond: number;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  readonly pendingPdus: number;
  readonly pendingBytes: number;
  readonly highWaterMarkBytes: number;
  readonly queueMaxBytes: number;
  readonly drainTimeoutMs: number;
}

/** What a link needs from its node. */
export interface LinkHost extends ProtocolHost {
  readonly limits: LinkLimits;
  readonly flusher: TickFlusher;
  readonly readScheduler: ReadScheduler;
  /** Called when the link has sent something for the first time. */
  spoken(link: Link): void;
  /** Called when the link starts to close. */
  ending(link: Link, reason: CloseReason, error: FramingError | undefined): void;
  /** Called when the link's connection is gone. */
  gone(link: Link): void;
  /** Called when unsent bytes rise above the high-water mark, or fall below half of it. */
  overMark(link: Link, over: boolean): void;
  /** Called when more is queued for a link over the mark. */
  grownOverMark(link: Link): void;
}

/** Time that the close of a connection may take before it is destroyed. */
const END_MS = 2000;

/** How far a large PDU may lag behind the minimum rate while others wait for room. */
const CONTENDED_LAG_MS = 2000;

/** Links inside a PDU of which more than this has arrived take turns reading on. */
const LARGE_PDU_BYTES = 64 * 1024;

/** One TCP connection of a msg_server, from open to close. */
export class Link implements OwnLink, LargePduReader {
  readonly id: LinkId;
  /** Address and port of the msg_server. */
  readonly peer: string;
  readonly openedAtMs = performance.now();
  readonly protocol: ProtocolHandler;
  readonly #socket: Socket;
  readonly #host: LinkHost;
  readonly #framer: Framer;
  readonly #writer: LinkWriter;
  readonly #drainTimeout: DrainTimeout;
  readonly #progress: PduProgress;
  #ending: CloseReason | undefined;
  /** The link has exceeded a limit inside a call, and is closed when the call is over. */
  #isCut = false;
  #cutTimer: NodeJS.Timeout | undefined;
  #finished = false;
  #lastReceivedMs = performance.now();
  /** Start of the time without reading that is not yet left out. Undefined while the node reads. */
  #unreadSinceMs: number | undefined;
  #halfway: Halfway | undefined;
  #receivedBytes = 0;
  #paused = false;
  #waits = false;
  /** Not read until the read scheduler selects it. */
  #paced = false;
  /** Inside a large PDU, and so registered with the read scheduler. */
  #isLarge = false;

  constructor(id: LinkId, { socket, peer }: Admitted, host: LinkHost) {
    this.id = id;
    this.peer = peer;
    this.#socket = socket;
    this.#host = host;
    const { highWaterMarkBytes: markBytes, drainTimeoutMs } = host.limits;
    this.#drainTimeout = new DrainTimeout({ markBytes, drainTimeoutMs });
    this.#progress = new PduProgress(host.limits.minBytesPerSecond);
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
      // The timer would keep the link, and results of its last PDU, in memory.
      clearTimeout(this.#cutTimer);
      host.readScheduler.leave(this);
      this.#finish();
      this.protocol.end(this.#afterwards);
      // PDUs behind an update are still to be relayed: until then the node must not stop.
      this.protocol.whenSettled(() => host.gone(this));
    });
  }

  /** Bytes that wait to be sent. */
  get unsentBytes(): number {
    return this.#writer.unsentBytes;
  }

  /** Bytes that were sent. */
  get sentBytes(): number {
    return this.#writer.sentBytes;
  }

  /** Bytes that were received. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get pduBytes(): number {
    return this.#framer.claimedBytes ?? 0;
  }

  /** Describes the incomplete PDU for the log: the bytes that arrived, and the expected rate. */
  get lateness(): string {
    const { bufferedBytes, claimedBytes = 'unknown' } = this.#framer;
    const expected = `${this.#host.limits.minBytesPerSecond} bytes/s, at most ${this.#maxLagMs / 1000} s behind`;
    const condition = this.#isContended ? ' while large PDUs wait' : '';
    return `${bufferedBytes} bytes of a PDU have arrived, its length is ${claimedBytes}; expected ${expected}${condition}`;
  }

  /** Whether the link is closing. */
  get isEnding(): boolean {
    return this.#isCut || this.#ending !== undefined;
  }

  /** Whether the node reads the link, and if not, why. */
  get reading(): 'reading' | 'held' | 'waits-for-presence' {
    if (!this.#socket.isPaused()) return 'reading';
    if (this.#paused) return 'held';
    return this.#waits ? 'waits-for-presence' : 'reading';
  }

  /** Time in ms since anything was received. */
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

  /** Resumes reading as soon as half of the pending PDUs are handled. */
  progressed(): void {
    if (this.#waits) this.#checkWaiting();
  }

  /** Called by the read scheduler when it is the link's turn to read on. */
  readOn(): void {
    this.#paced = false;
    this.#readOrNot();
  }

  /** Pauses or resumes the link for the node. */
  pause(held: boolean): void {
    this.#paused = held;
    this.#readOrNot();
  }

  /**
   * Called periodically: heartbeat, timeout, drain timeout. Time in which the node stood still, in
   * ms since the last call, counts for neither timeout.
   */
  tick(nowMs: number, stoodStillMs: number): void {
    if (this.isEnding) return;
    const { heartbeatMs, timeoutMs } = this.#host.limits;
    // While the node itself does not read the link, its silence means nothing.
    this.#lastReceivedMs = this.#socket.isPaused()
      ? nowMs
      : Math.min(nowMs, this.#lastReceivedMs + stoodStillMs);
    this.#drainTimeout.excuse(stoodStillMs);
    this.#excuseUnread(nowMs);
    this.#progress.excuse(stoodStillMs);
    if (nowMs - this.#lastReceivedMs >= timeoutMs) {
      this.#cut('timed-out');
    } else if (this.#isLate(nowMs)) {
      this.#cut('pdu-too-slow');
    } else if (this.#drainTimeout.isStuck(nowMs)) {
      this.#cut('unsent-for-too-long');
    } else if (this.unsentBytes === 0 && nowMs - this.#writer.handedAtMs >= heartbeatMs) {
      // Queued bytes serve as a heartbeat, which would only wait behind them.
      this.#host.counters.heartbeatsSent++;
      this.send(HEARTBEAT_PDU);
    }
  }

  /**
   * Closes the link in order: pending PDUs are answered, the results of its own PDUs and the queue
   * are sent, then the connection is closed. If the msg_server is asked to return, what it sends
   * before it notices is still read; otherwise the link no longer counts. Must not be called inside
   * a delivery: see #cut.
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

  /**
   * Stops sending to the link. Until here a closing link receives, because its own PDUs may still
   * be answered.
   */
  #finish(): void {
    this.#host.hub.setReceiving(this, false);
    this.#finished = true;
  }

  /**
   * Closes the link at once, because sending the queue is pointless. A limit may be exceeded inside
   * a call that is delivering PDUs, or importing this link's own snapshot. The link is therefore
   * only marked there, receives nothing more, and is closed here when the call is over. What is
   * read from it until then is handled.
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
    if (this.#framer.bufferedBytes > LARGE_PDU_BYTES) {
      this.#paced = true;
      this.#isLarge = true;
      this.#host.readScheduler.schedule(this);
    } else if (this.#isLarge) {
      this.#paced = false;
      this.#isLarge = false;
      this.#host.readScheduler.leave(this);
    }
  }

  /** Whether the incomplete PDU lags too far behind the minimum rate. */
  #isLate(nowMs: number): boolean {
    const { bufferedBytes: bytes, begun: number } = this.#framer;
    return this.#progress.isLate(nowMs, { number, bytes }, this.#maxLagMs);
  }

  /** Whether the link is inside a large PDU while others wait for room. */
  get #isContended(): boolean {
    return this.#isLarge && this.#host.readScheduler.isFull;
  }

  /** How far the incomplete PDU may lag behind the minimum rate. */
  get #maxLagMs(): number {
    const { timeoutMs } = this.#host.limits;
    return this.#isContended ? Math.min(CONTENDED_LAG_MS, timeoutMs) : timeoutMs;
  }

  /** Leaves the time in which the node did not read the link out of the PDU's time. */
  #excuseUnread(nowMs: number): void {
    if (this.#unreadSinceMs === undefined) return;
    this.#progress.excuse(nowMs - this.#unreadSinceMs);
    this.#unreadSinceMs = nowMs;
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
    const isHeld = this.#paused || this.#waits;
    const read = this.#ending !== undefined || !(isHeld || this.#paced);
    if (read === !this.#socket.isPaused()) return;
    if (read) {
      this.#lastReceivedMs = performance.now();
      this.#excuseUnread(this.#lastReceivedMs);
      this.#unreadSinceMs = undefined;
      this.#socket.resume();
    } else {
      this.#unreadSinceMs = performance.now();
      if (isHeld) this.#host.counters.pauses++;
      this.#socket.pause();
    }
  }

  /**
   * Checks the backlog after more was queued. Called for each PDU: a link with little to send needs
   * no further check.
   */
  #grown(): void {
    const isLittle = this.unsentBytes <= this.#host.limits.highWaterMarkBytes / 2;
    if (isLittle && this.#halfway === undefined && !this.#drainTimeout.isOver) return;
    this.#checkUnsent();
  }

  #checkUnsent(): void {
    if (this.#isCut) return;
    const { highWaterMarkBytes, queueMaxBytes } = this.#host.limits;
    // Bytes that only wait for the end of the tick show nothing about the msg_server.
    if (this.unsentBytes > highWaterMarkBytes) this.#writer.flush();
    const unsent = this.unsentBytes;
    const over = this.#drainTimeout.isOver;
    // A closing link does not slow other links; its time is short.
    if (this.#ending !== undefined) {
      if (unsent > queueMaxBytes) this.#cut(this.#ending);
      return;
    }
    if (unsent <= highWaterMarkBytes / 2) this.#halfway = undefined;
    else this.#halfway ??= { atMs: performance.now(), sentBytes: this.sentBytes };
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
