import type { BusView, LinkView, NodeView } from '../node-views.ts';

/** A node that is alone and idle, with the memory engine. */
export const IDLE_NODE: NodeView = {
  node: 'a',
  version: '0.0.0',
  runtime: 'v24.0.0',
  engine: 'memory',
  namespace: 'route',
  listen: null,
  nowMs: 0,
  startedAtMs: 0,
  ready: true,
  draining: false,
  reasons: [],
  lease: null,
  bus: null,
  links: { open: 0, reading: true, unsentBytes: 0, pendingPdus: 0 },
  presence: { users: 0 },
  traffic: { receivedPdus: 0, receivedBytes: 0, relayedPdus: 0, sentBytes: 0, notifications: 0 },
  incidents: {
    linksOpened: 0,
    linksClosed: 0,
    resyncs: 0,
    linksReaped: 0,
    presenceFailures: 0,
    framesLost: 0,
    malformedPdus: 0,
    pauses: 0,
  },
  eventLoop: { overMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0, utilization: 0 },
  memory: { rssBytes: 0, heapUsedBytes: 0 },
  settings: {},
};

/** A bus that works, and on which nothing happens. */
export const IDLE_BUS: BusView = {
  responsive: true,
  rttMs: null,
  full: false,
  windowBytes: 0,
  shareBytes: 0,
  awaitedNodes: 0,
  framesSent: 0,
  bytesSent: 0,
  framesReceived: 0,
  bytesReceived: 0,
  framesRedelivered: 0,
  framesLost: 0,
  framesDropped: 0,
  reopened: 0,
  peers: [],
};

/** An open link on which nothing happens. */
export const IDLE_LINK: LinkView = {
  link: 'a.1',
  peer: '10.0.0.1:5000',
  openedAtMs: 0,
  role: 'none',
  counts: true,
  state: 'open',
  users: 0,
  receivedPdus: 0,
  receivedBytes: 0,
  sentBytes: 0,
  unsentBytes: 0,
  pendingPdus: 0,
  reading: 'reading',
  silentMs: 0,
};
