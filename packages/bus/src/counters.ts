/** Counters, and last some gauges: plain numbers, read when metrics are scraped. */
export interface BusCounters {
  /** Frames of entries numbered and published for the first time. */
  framesSent: number;
  /** Their bytes. */
  bytesSent: number;
  /** Data frames of other nodes delivered. */
  framesReceived: number;
  /** Their bytes. */
  bytesReceived: number;
  /** Entries delivered. */
  entriesReceived: number;
  /** Frames of other nodes that this node will never receive. */
  framesLost: number;
  /** Frames of this node dropped before some live node had received them. */
  framesDropped: number;
  /** Their bytes. */
  bytesDropped: number;
  /** Frames published again because a node lacked them. */
  framesRedelivered: number;
  /** Frames received again and ignored. */
  duplicates: number;
  /** Heartbeats published. */
  heartbeatsSent: number;
  /** Acks published, each to one node. */
  acksSent: number;
  /** Frames dropped because they are malformed or have impossible numbers. */
  malformed: number;
  /** Frames of other versions, dropped. */
  foreign: number;
  /** Publishes without a connection. */
  unsent: number;
  /** Reconnects because the node was unresponsive. */
  reopened: number;
  /** Gauge: bytes sent that not all nodes have credited. */
  windowBytes: number;
  /** Gauge: this node's share of the window. */
  shareBytes: number;
  /** Gauge: awaited nodes. */
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
