/** What has happened so far, and last how things are now: plain numbers, read when metrics are scraped. */
export interface BusCounters {
  /** Frames of entries numbered and published for the first time. */
  framesSent: number;
  /** Their bytes. */
  bytesSent: number;
  /** Frames of other nodes' entries handed on. */
  framesReceived: number;
  /** Their bytes. */
  bytesReceived: number;
  /** Entries handed on. */
  entriesReceived: number;
  /** Other nodes' frames that this node lacked for good. */
  framesLost: number;
  /** This node's frames that some live node had not got when they were given up. */
  framesDropped: number;
  /** Their bytes. */
  bytesDropped: number;
  /** Frames published again because somebody lacked them. */
  framesRedelivered: number;
  /** Frames that came a second time and were dropped. */
  duplicates: number;
  /** Heartbeats published. */
  heartbeatsSent: number;
  /** Acks published, each to one node. */
  acksSent: number;
  /** Frames of no known form, or with impossible numbers, dropped. */
  malformed: number;
  /** Frames of other versions, dropped. */
  foreign: number;
  /** Publishes for which there was no connection. */
  unsent: number;
  /** Times the node found itself deaf and connected anew. */
  reopened: number;
  /** Now: bytes sent for which not all nodes have had room. */
  windowBytes: number;
  /** Now: this node's share of the window. */
  shareBytes: number;
  /** Now: other nodes that are waited for. */
  awaitedNodes: number;
}

/** Counters at the start. */
export function zeroCounters(): BusCounters {
  return {
    framesSent: 0,
    bytesSent: 0,
    framesReceived: 0,
    bytesReceived: 0,
    entriesReceived: 0,
    framesLost: 0,
    framesDropped: 0,
    bytesDropped: 0,
    framesRedelivered: 0,
    duplicates: 0,
    heartbeatsSent: 0,
    acksSent: 0,
    malformed: 0,
    foreign: 0,
    unsent: 0,
    reopened: 0,
    windowBytes: 0,
    shareBytes: 0,
    awaitedNodes: 0,
  };
}
