import type { NodeInfo } from '@route/presence';
import { ClientTypes } from '@route/protocol';
import type { AdmissionRules } from './admission/admission.ts';
import type { LinkTls } from './admission/link-tls.ts';
import type { Settings } from './config/settings.ts';
import type { Engine, EngineEvents } from './engine/engine.ts';
import type { LinkLimits } from './link/link.ts';
import { LinkServer } from './link/link-server.ts';
import { Counters } from './observability/counters.ts';
import type { Logger } from './observability/log.ts';
import { PduMonitor } from './observability/pdu-monitor.ts';
import type { UnreadyReason } from './observability/readiness.ts';
import { Broadcast } from './routing/broadcast.ts';
import { Directed } from './routing/directed/directed.ts';
import { Hub } from './routing/hub.ts';

export interface NodeCoreOptions {
  readonly nodeId: string;
  readonly settings: Settings;
  readonly log: Logger;
  /** Undefined for links without TLS. */
  readonly tls: LinkTls | undefined;
  /** What the node publishes about itself. */
  nodeInfo(): NodeInfo;
  /** The engine keeps the node from being ready, or no longer does. */
  unready(reason: UnreadyReason, holds: boolean): void;
  engine(events: EngineEvents, counters: Counters): Engine;
}

/**
 * The part of a node that relays: the links, the hub between them and the engine, wired together.
 * The simulation (test/simulation) runs it with its own engine and sockets.
 */
export class NodeCore {
  readonly counters = new Counters();
  readonly watch = new PduMonitor();
  readonly engine: Engine;
  readonly links: LinkServer;

  constructor(options: NodeCoreOptions) {
    const { nodeId, settings, log, tls, nodeInfo, unready } = options;
    const { counters, watch } = this;
    const directs = settings.ROUTE_DELIVERY === 'directed';
    const events: EngineEvents = {
      nodeInfo,
      entry: (kind, bytes, from) => hub.entry(kind, bytes, from),
      nodeKnown: (node) => hub.nodeKnown(node),
      nodeGone: (node) => hub.nodeGone(node),
      nodeMissed: (node) => hub.nodeMissed(node),
      interestObserver: directs
        ? {
            added: (link, userId) => hub.interestObserver?.added(link, userId),
            removed: (link, userId) => hub.interestObserver?.removed(link, userId),
            cleared: (link) => hub.interestObserver?.cleared(link),
          }
        : undefined,
      lateCommit: (late) => {
        counters.updatesLate++;
        hub.announceLate(late);
      },
      lost: (userId, state, version) => {
        hub.announceLost(userId, state, version);
      },
      back: (update, toldVersion, version) => {
        hub.withdrawOffline(update, toldVersion, version);
      },
      unready,
      busFull: (full) => this.links.setBusFull(full),
    };
    this.engine = options.engine(events, counters);
    const { presence } = this.engine;
    const hub = new Hub({
      bus: this.engine,
      presence,
      counters,
      watch,
      // Frames arrive within the retention time, or not at all.
      staleMs: Math.max(60_000, settings.ROUTE_BUS_RETENTION_SECONDS * 2000),
      delivery: (receivers) =>
        directs
          ? new Directed({
              receivers,
              bus: this.engine.bus,
              counters,
              mostKeptBytes: settings.ROUTE_DELIVERY_RETENTION_BYTES,
              onFull: (full) => this.links.setKeptFull(full),
            })
          : new Broadcast(receivers, this.engine),
    });
    this.links = new LinkServer({
      admission: rulesOf(settings),
      tls,
      nodeId,
      log,
      counters,
      watch,
      presence,
      hub,
      clientTypes: new ClientTypes({
        pc: settings.ROUTE_CLIENT_TYPES_PC,
        mobile: settings.ROUTE_CLIENT_TYPES_MOBILE,
      }),
      maxQueryUsers: settings.ROUTE_MAX_QUERY_USERS,
      incompletePduBytes: settings.ROUTE_INCOMPLETE_PDU_BYTES,
      links: settings.ROUTE_LINKS,
      limits: limitsOf(settings),
      unready,
      roomChanged: (hasRoom) => this.engine.setRoom(hasRoom),
    });
  }
}

function rulesOf(settings: Settings): AdmissionRules {
  return {
    proxyProtocol: settings.ROUTE_PROXY_PROTOCOL,
    proxyFrom: settings.ROUTE_PROXY_FROM,
    allow: settings.ROUTE_ALLOW,
    maxLinks: settings.ROUTE_MAX_LINKS,
    maxLinksPerAddress: settings.ROUTE_MAX_LINKS_PER_ADDRESS,
    maxHandshakes: settings.ROUTE_MAX_HANDSHAKES,
    maxHandshakesPerAddress: settings.ROUTE_MAX_HANDSHAKES_PER_ADDRESS,
    handshakeMs: settings.ROUTE_HANDSHAKE_SECONDS * 1000,
  };
}

function limitsOf(settings: Settings): LinkLimits {
  return {
    maxPduBytes: settings.ROUTE_MAX_PDU_BYTES,
    minBytesPerSecond: settings.ROUTE_LINK_MIN_BYTES_PER_SECOND,
    heartbeatMs: settings.ROUTE_HEARTBEAT_SECONDS * 1000,
    timeoutMs: settings.ROUTE_LINK_TIMEOUT_SECONDS * 1000,
    pendingPdus: settings.ROUTE_LINK_PENDING_PDUS,
    pendingBytes: settings.ROUTE_LINK_PENDING_BYTES,
    highWaterMarkBytes: settings.ROUTE_LINK_HIGH_WATER_MARK_BYTES,
    queueMaxBytes: settings.ROUTE_LINK_QUEUE_MAX_BYTES,
    drainTimeoutMs: settings.ROUTE_LINK_DRAIN_TIMEOUT_SECONDS * 1000,
  };
}
