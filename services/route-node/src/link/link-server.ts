import { createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import type { LinkId } from '@route/presence';
import type { FramingError } from '@route/protocol';
import { Admission, type AdmissionRules, type Admitted } from '../admission/admission.ts';
import { foreignProtocol } from '../admission/foreign-protocol.ts';
import type { LinkTls } from '../admission/link-tls.ts';
import type { Address } from '../config/settings.ts';
import { type Logger, RepeatedLine } from '../observability/log.ts';
import type { UnreadyReason } from '../observability/readiness.ts';
import { DescriptorGuard } from '../process/descriptor-guard.ts';
import { readDescriptors } from '../process/descriptors.ts';
import { listenOn } from '../process/listen.ts';
import { Backpressure } from './backpressure.ts';
import { type CloseReason, isEndOfCheck, isOrdinary } from './close-reasons.ts';
import { Link, type LinkHost } from './link.ts';
import { TickFlusher } from './link-writer.ts';
import type { DroppedPdu } from './protocol-handler.ts';
import { ReadScheduler } from './read-scheduler.ts';
import { SlowConsumers } from './slow-consumers.ts';
import { TimeSlicer } from './time-slicer.ts';

/** Options that are passed on to each link, and those of the server itself. */
export type LinkServerOptions = Pick<
  LinkHost,
  'presence' | 'hub' | 'counters' | 'watch' | 'links' | 'limits' | 'clientTypes' | 'maxQueryUsers'
> & {
  readonly nodeId: string;
  readonly log: Logger;
  readonly admission: AdmissionRules;
  /** Undefined for links without TLS. */
  readonly tls: LinkTls | undefined;
  /** The most bytes of large PDUs that are read at a time. Each counts with its full length. */
  readonly incompletePduBytes: number;
  /** Called when the node cannot accept further links, or can again. */
  unready(reason: UnreadyReason, holds: boolean): void;
  /** Called when this node's links have no room for traffic of the bus, or have room again. */
  roomChanged(hasRoom: boolean): void;
};

/** Longest interval between two ticks of all links. */
const TICK_MS = 1000;

/** Interval at which some links are closed while draining. */
const DRAIN_STEP_MS = 50;

const DROPPED_HINTS: Readonly<Record<DroppedPdu['problem'], string>> = {
  'unknown-client-type':
    'the whole PDU is dropped; if msg_servers have client types of their own, name them in ROUTE_CLIENT_TYPES_PC or ROUTE_CLIENT_TYPES_MOBILE',
  'too-many-users':
    'the query is not answered; the most that one may ask for is ROUTE_MAX_QUERY_USERS',
};

/** All links of a node: accepts, monitors and closes them. */
export class LinkServer {
  readonly #options: LinkServerOptions;
  readonly #links = new Set<Link>();
  readonly #gate = new Backpressure((open) => this.#holdAll(!open));
  readonly #slow: SlowConsumers;
  readonly #host: LinkHost;
  readonly #admission: Admission;
  readonly #server: Server;
  readonly #descriptors: DescriptorGuard;
  readonly #acceptErrors = new RepeatedLine();
  readonly #secondLinks = new RepeatedLine();
  readonly #droppedLines = new Map<LinkId, RepeatedLine>();
  #opened = 0;
  /** Links that have sent nothing yet: new msg_servers, and health checks. */
  readonly #silent = new Set<Link>();
  #ticker: NodeJS.Timeout | undefined;
  #tickedMs = 0;
  #allGone: (() => void) | undefined;

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#slow = new SlowConsumers({
      markBytes: options.limits.highWaterMarkBytes,
      limitBytes: options.limits.queueMaxBytes,
      drainTimeoutMs: options.limits.drainTimeoutMs,
      now: () => performance.now(),
      pause: (held) => {
        this.#gate.set('links-over-mark', held);
        options.roomChanged(!held);
      },
    });
    this.#host = {
      ...options,
      flusher: new TickFlusher(),
      timeSlicer: new TimeSlicer(),
      readScheduler: new ReadScheduler(options.incompletePduBytes),
      warnOfSecondLink: (link) => this.#warnOfSecondLink(link),
      dropped: (link, dropped) => this.#logDropped(link, dropped),
      spoken: (link) => this.#spoken(link),
      ending: (link, reason, error) => this.#ending(link, reason, error),
      gone: (link) => this.#gone(link),
      grownOverMark: (link) => this.#slow.added(link),
      overMark: (link, over) => (over ? this.#slow.over(link) : this.#slow.back(link)),
    };
    const { admission: rules, tls, counters, log } = options;
    this.#admission = new Admission({
      ...{ rules, tls, counters, log },
      admitted: (connection) => this.#open(connection),
    });
    // Half-open: data that a msg_server sends before it learns of the close is still read.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#admission.take(socket));
    this.#descriptors = new DescriptorGuard({
      port: {
        connections: () => promisify(this.#server.getConnections.bind(this.#server))(),
        setMaxConnections: (count) => {
          this.#server.maxConnections = count;
        },
      },
      wanted: rules.maxLinks + rules.maxHandshakes,
      log,
      read: readDescriptors,
      exhausted: (holds) => options.unready('descriptors', holds),
    });
    this.#server.on('drop', (data) => {
      this.#descriptors.turnedAway();
      const peer = { host: data?.remoteAddress ?? 'unknown', port: data?.remotePort ?? 0 };
      this.#admission.turnedAway(peer, 'too-few-descriptors');
    });
  }

  /** Links that are open or closing, without those that have sent nothing. */
  get size(): number {
    return this.#links.size - this.#silent.size;
  }

  /** Open links, without those that have sent nothing. */
  get open(): number {
    let open = 0;
    for (const link of this.#links) if (!link.isEnding && !this.#silent.has(link)) open++;
    return open;
  }

  /**
   * Closes the `count` oldest links so that they reconnect elsewhere; a link that has just come
   * stays.
   */
  closeForRebalance(count: number, reason: 'rebalancing' | 'isolated' = 'rebalancing'): void {
    let left = count;
    for (const link of this.#links) {
      if (left === 0) return;
      if (link.isEnding) continue;
      link.end(reason);
      left--;
    }
  }

  /** All links, in the order in which they were opened. */
  all(): Iterable<Link> {
    return this.#links;
  }

  /** Returns the link with this id if it is open or closing. */
  find(id: LinkId): Link | undefined {
    for (const link of this.#links) if (link.id === id) return link;
    return undefined;
  }

  /** Connections that are not links yet. */
  get handshakes(): number {
    return this.#admission.handshakes;
  }

  /** Bytes queued for sending on all links. */
  get unsentBytes(): number {
    let bytes = 0;
    for (const link of this.#links) bytes += link.unsentBytes;
    return bytes;
  }

  /** The sum of the lengths of the large PDUs that are being read. */
  get incompletePduBytes(): number {
    return this.#host.readScheduler.bytes;
  }

  /** PDUs of all links that wait for presence. */
  get pendingPdus(): number {
    let pdus = 0;
    for (const link of this.#links) pdus += link.protocol.pendingPdus;
    return pdus;
  }

  /** Whether the node reads its links. */
  get reading(): boolean {
    return this.#gate.isOpen;
  }

  /**
   * Starts to accept links.
   * @returns the bound address.
   * @throws the socket's error if the address is not available.
   */
  async listen(address: Address): Promise<Address> {
    await this.#descriptors.start();
    const bound = await listenOn(this.#server, address, (error) => this.#acceptFailed(error));
    const { heartbeatMs, timeoutMs, drainTimeoutMs } = this.#options.limits;
    const tickMs = Math.min(TICK_MS, heartbeatMs / 4, timeoutMs / 4, drainTimeoutMs / 4);
    this.#tickedMs = performance.now();
    this.#ticker = setInterval(() => this.#tick(tickMs), tickMs);
    return bound;
  }

  /** Pauses reading while the bus is full. */
  setBusFull(full: boolean): void {
    this.#gate.set('bus-full', full);
  }

  /**
   * Accepts no new links and closes the open ones gradually over `overMs`; resolves when all are
   * gone.
   */
  async drain(overMs: number): Promise<void> {
    this.#server.close();
    this.#descriptors.stop();
    this.#admission.close();
    const links = [...this.#links];
    const begunMs = performance.now();
    let next = 0;
    await new Promise<void>((resolve) => {
      const step = (): void => {
        const part = overMs === 0 ? 1 : (performance.now() - begunMs) / overMs;
        const due = Math.min(links.length, Math.ceil(part * links.length));
        for (; next < due; next++) links[next]?.end('draining');
        if (next < links.length) setTimeout(step, DRAIN_STEP_MS);
        else resolve();
      };
      step();
    });
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
      if (this.#links.size === 0) resolve();
    });
    clearInterval(this.#ticker);
  }

  /** Pauses reading while the retention limit of directed PDUs is reached. */
  setKeptFull(full: boolean): void {
    this.#gate.set('kept-full', full);
  }

  #open(connection: Admitted): void {
    const id = `${this.#options.nodeId}.${(++this.#opened).toString(36)}`;
    const link = new Link(id, connection, this.#host);
    this.#links.add(link);
    this.#silent.add(link);
    link.pause(!this.#gate.isOpen);
  }

  /** A link receives from the start. It is counted and logged once it has sent something. */
  #spoken(link: Link): void {
    if (!this.#silent.delete(link)) return;
    this.#options.counters.opened++;
    this.#options.log.info({ event: 'link-opened', link: link.id, peer: link.peer });
  }

  #ending(link: Link, reason: CloseReason, error: FramingError | undefined): void {
    const { counters, log } = this.#options;
    if (this.#silent.has(link) && isEndOfCheck(reason)) {
      this.#admission.checked(link.peer);
      return;
    }
    this.#spoken(link);
    counters.closed[reason]++;
    const foreign = error && foreignProtocol(error.header);
    const line = {
      event: 'link-closed',
      link: link.id,
      peer: link.peer,
      reason,
      openMs: Math.round(performance.now() - link.openedAtMs),
      ...(error && { problem: error.message, header: error.header.toString('hex') }),
      ...(reason === 'pdu-too-slow' && { problem: link.lateness }),
      ...(foreign !== undefined && { hint: `this is ${foreign}` }),
    };
    if (isOrdinary(reason)) log.info(line);
    else log.warn({ ...line, unsentBytes: link.unsentBytes });
  }

  #acceptFailed(error: Error): void {
    this.#options.counters.acceptErrors++;
    this.#acceptErrors.write((suppressed) => {
      this.#options.log.error({ event: 'accept-failed', suppressed, err: error });
    });
  }

  #gone(link: Link): void {
    this.#droppedLines.delete(link.id);
    this.#links.delete(link);
    this.#silent.delete(link);
    if (this.#links.size === 0) this.#allGone?.();
  }

  #tick(everyMs: number): void {
    const nowMs = performance.now();
    // A tick runs before what has arrived since the node stood still is read.
    const stoodStillMs = Math.max(0, nowMs - this.#tickedMs - everyMs);
    this.#tickedMs = nowMs;
    for (const link of this.#links) link.tick(nowMs, stoodStillMs);
  }

  #holdAll(held: boolean): void {
    for (const link of this.#links) link.pause(held);
  }

  /** One line per link and 10 s: a msg_server may send such PDUs all the time. */
  #logDropped(id: LinkId, { command, problem, value }: DroppedPdu): void {
    const line = this.#droppedLines.get(id) ?? new RepeatedLine();
    this.#droppedLines.set(id, line);
    line.write((suppressed) => {
      const peer = this.find(id)?.peer;
      this.#options.log.warn({
        ...{ event: 'pdu-dropped', link: id, peer, command, problem, value, suppressed },
        hint: DROPPED_HINTS[problem],
      });
    });
  }

  #warnOfSecondLink(link: string): void {
    this.#secondLinks.write((suppressed) => {
      this.#options.log.warn({
        event: 'second-link-suspected',
        link,
        suppressed,
        hint: 'a link that is no master lists users: if msg_servers hold several links into this cluster, set ROUTE_LINKS=master',
      });
    });
  }
}
