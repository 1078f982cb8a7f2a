/** What has happened so far: plain numbers, to be read when metrics are scraped. */
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
  /** Frames that came a second time and were dropped. */
  duplicates: number;
  /** Frames of no known form, dropped. */
  malformed: number;
  /** Publishes for which there was no connection. */
  unsent: number;
  /** Times the node found itself deaf and connected anew. */
  reopened: number;
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
    duplicates: 0,
    malformed: 0,
    unsent: 0,
    reopened: 0,
  };
}
