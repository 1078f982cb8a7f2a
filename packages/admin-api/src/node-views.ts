import { z } from 'zod';

/** host:port without a user, a path or other URL parts; those of other nodes come from Redis. */
const address = z
  .string()
  .max(300)
  .regex(/^[^\s/?#@\\\p{Cc}]+:\d{1,5}$/u);

/** How far another node is behind this one's sending, in frames. */
const BusPeer = z.object({
  node: z.string(),
  /** Frames of this node that it has not got yet. */
  behind: z.number(),
  /** Frames of this node for which its links have not had room yet. */
  uncredited: z.number(),
  /** Whether frames of it are missing here, and have been requested. */
  gap: z.boolean(),
});

const BusView = z.object({
  /** Whether the node receives its own messages on the bus. */
  responsive: z.boolean(),
  /**
   * Round trip time of the node's own announcements through Redis, in ms; null before the first.
   */
  rttMs: z.number().nullable(),
  /** Whether the bus is full, so that links are not read. */
  full: z.boolean(),
  /** Bytes under way, and how many this node may have under way. */
  windowBytes: z.number(),
  shareBytes: z.number(),
  awaitedNodes: z.number(),
  framesSent: z.number(),
  bytesSent: z.number(),
  framesReceived: z.number(),
  bytesReceived: z.number(),
  framesRedelivered: z.number(),
  framesLost: z.number(),
  framesDropped: z.number(),
  /** Times the node found its bus unresponsive and reconnected. */
  reopened: z.number(),
  peers: z.array(BusPeer),
});
export type BusView = z.infer<typeof BusView>;

/** GET /api/v1/node */
export const NodeView = z.object({
  node: z.string(),
  version: z.string(),
  /** The version of Node.js. */
  runtime: z.string(),
  engine: z.enum(['redis', 'memory']),
  namespace: z.string(),
  /** Where msg_servers connect; null before the node listens. */
  listen: z.string().nullable(),
  /** The node's own clock, ms since 1970, when it answered. */
  nowMs: z.number(),
  startedAtMs: z.number(),
  ready: z.boolean(),
  draining: z.boolean(),
  /** Why it is not ready; empty when it is. */
  reasons: z.array(z.object({ reason: z.string(), meaning: z.string() })),
  /** null with the memory engine. */
  lease: z.object({ acquired: z.boolean(), seconds: z.number(), liveNodes: z.number() }).nullable(),
  bus: BusView.nullable(),
  links: z.object({
    open: z.number(),
    /** false while the node reads none of them: a receiver is slow, or the bus is full. */
    reading: z.boolean(),
    unsentBytes: z.number(),
    pendingPdus: z.number(),
  }),
  presence: z.object({ users: z.number() }),
  /** Since the start. */
  traffic: z.object({
    receivedPdus: z.number(),
    receivedBytes: z.number(),
    relayedPdus: z.number(),
    sentBytes: z.number(),
    notifications: z.number(),
  }),
  /** Since the start; in good times all 0 but the first three. */
  incidents: z.object({
    linksOpened: z.number(),
    linksClosed: z.number(),
    resyncs: z.number(),
    linksReaped: z.number(),
    presenceFailures: z.number(),
    framesLost: z.number(),
    malformedPdus: z.number(),
    pauses: z.number(),
  }),
  /** How late the event loop was, over the last seconds. */
  eventLoop: z.object({
    overMs: z.number(),
    p50Ms: z.number(),
    p99Ms: z.number(),
    maxMs: z.number(),
    /** Part of the time in which it had something to do, 0 to 1. */
    utilization: z.number(),
  }),
  memory: z.object({ rssBytes: z.number(), heapUsedBytes: z.number() }),
  /** By name, as one would write them; secrets and files only as given or not. */
  settings: z.record(z.string(), z.string()),
});
export type NodeView = z.infer<typeof NodeView>;

const ClusterNode = z.object({
  node: z.string(),
  /** Whether it is the one that answers. */
  self: z.boolean(),
  /** Whether its lease lives. */
  alive: z.boolean(),
  /** Until its lease ends, in ms; below 0: ended so long ago; null with the memory engine. */
  leaseLeftMs: z.number().nullable(),
  /** The node's published state; null for one that is gone, or publishes none. */
  info: z
    .object({
      admin: address,
      listen: address.nullable(),
      links: z.number(),
      /** Links that it has closed and that may not have reconnected yet. */
      leaving: z.number(),
      draining: z.boolean(),
      startedAtMs: z.number(),
      version: z.string(),
    })
    .nullable()
    // One unreadable record must not fail the entire answer.
    .catch(null),
});
export type ClusterNode = z.infer<typeof ClusterNode>;

/** GET /api/v1/cluster: live nodes, and those whose lease ended in the last ten minutes. */
export const ClusterView = z.object({
  node: z.string(),
  namespace: z.string(),
  /** The clock of Redis, ms since 1970; null with the memory engine. */
  redisNowMs: z.number().nullable(),
  nodes: z.array(ClusterNode),
});
export type ClusterView = z.infer<typeof ClusterView>;

const LinkView = z.object({
  link: z.string(),
  peer: z.string(),
  openedAtMs: z.number(),
  /** The role declared by its msg_server; 'none' without one. */
  role: z.enum(['master', 'slave', 'none']),
  /** Whether it receives and counts. */
  counts: z.boolean(),
  state: z.enum(['open', 'ending']),
  users: z.number(),
  /** PDUs relayed or read, without heartbeats and ignored ones. */
  receivedPdus: z.number(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  unsentBytes: z.number(),
  /** PDUs that wait for presence, or behind one that does. */
  pendingPdus: z.number(),
  /** Whether the node reads it now, and if not, why. */
  reading: z.enum(['reading', 'held', 'waits-for-presence']),
  silentMs: z.number(),
});
export type LinkView = z.infer<typeof LinkView>;

/** GET /api/v1/links */
export const LinksView = z.object({ node: z.string(), links: z.array(LinkView) });
export type LinksView = z.infer<typeof LinksView>;
