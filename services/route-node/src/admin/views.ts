import type { BusView, LinkView, NodeView } from '@route/admin-api';
import type { Presence } from '@route/presence';
import { redactedSettings } from '../config/redacted-settings.ts';
import type { Engine } from '../engine/engine.ts';
import type { Link } from '../link/link.ts';
import type { AdminSources } from './sources.ts';

/** The node as it is now. */
export function nodeView(sources: AdminSources): NodeView {
  const { settings, counters, engine, links, readiness } = sources;
  const { node, version, listen, draining, startedAtMs } = sources.info();
  const { explained } = readiness;
  const memory = process.memoryUsage();
  return {
    node,
    version,
    runtime: process.version,
    engine: settings.ROUTE_ENGINE,
    namespace: settings.ROUTE_NAMESPACE,
    listen,
    nowMs: Date.now(),
    startedAtMs,
    ready: explained.length === 0,
    draining,
    reasons: [...explained],
    lease:
      engine.leaseHeld === undefined
        ? null
        : {
            acquired: engine.leaseHeld,
            seconds: settings.ROUTE_LEASE_SECONDS,
            liveNodes: engine.liveNodes,
          },
    bus: busView(engine),
    links: {
      open: links.size,
      reading: links.reading,
      unsentBytes: links.unsentBytes,
      pendingPdus: links.pendingPdus,
    },
    presence: { users: engine.presence.userCount },
    traffic: {
      receivedPdus: sum(counters.received),
      receivedBytes: counters.receivedBytes,
      relayedPdus: counters.relayedPdus,
      sentBytes: counters.sentBytes,
      notifications: counters.notifications,
    },
    incidents: {
      linksOpened: counters.opened,
      linksClosed: sum(Object.values(counters.closed)),
      resyncs: counters.resyncs,
      linksReaped: counters.reapedLinks,
      presenceFailures: counters.presenceFailures,
      framesLost: counters.busFramesLost,
      malformedPdus: sum(counters.malformed),
      pauses: counters.pauses,
    },
    eventLoop: sources.loop.now,
    memory: { rssBytes: memory.rss, heapUsedBytes: memory.heapUsed },
    settings: redactedSettings(settings),
  };
}

function busView({ bus }: Engine): BusView | null {
  if (bus === undefined) return null;
  const { counters } = bus;
  return {
    responsive: bus.responsive,
    rttMs: bus.rttMs ?? null,
    full: bus.full,
    windowBytes: counters.windowBytes,
    shareBytes: counters.shareBytes,
    awaitedNodes: counters.awaitedNodes,
    framesSent: counters.framesSent,
    bytesSent: counters.bytesSent,
    framesReceived: counters.framesReceived,
    bytesReceived: counters.bytesReceived,
    framesRedelivered: counters.framesRedelivered,
    framesLost: counters.framesLost,
    framesDropped: counters.framesDropped,
    reopened: counters.reopened,
    peers: [...bus.peers],
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}

/** A link as the API shows it. */
export function linkView(link: Link, presence: Pick<Presence, 'userCountOf'>): LinkView {
  const { protocol } = link;
  return {
    link: link.id,
    peer: link.peer,
    openedAtMs: wallClock(link.openedAtMs),
    role: roleOf(protocol.master),
    counts: protocol.counts,
    state: link.isEnding ? 'ending' : 'open',
    users: presence.userCountOf(link.id),
    receivedPdus: protocol.receivedPdus,
    receivedBytes: link.receivedBytes,
    sentBytes: link.sentBytes,
    unsentBytes: link.unsentBytes,
    pendingPdus: protocol.pendingPdus,
    reading: link.reading,
    silentMs: Math.round(link.silentMs),
  };
}

/** Monotonic milliseconds since 1970. */
export function wallClock(monotonicMs: number): number {
  return Math.round(performance.timeOrigin + monotonicMs);
}

function roleOf(master: boolean | undefined): LinkView['role'] {
  if (master === undefined) return 'none';
  return master ? 'master' : 'slave';
}
