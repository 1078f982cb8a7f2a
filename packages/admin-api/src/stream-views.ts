import { z } from 'zod';

/** Milliseconds since 1970 that a Date can hold. */
const moment = z.number().min(0).max(8.64e15);

/** One fact of a node's log. */
export const EventView = z.object({
  /** Grows by one with each event of the node. */
  seq: z.number(),
  atMs: moment,
  level: z.string(),
  /** From the node's closed list, as in `link-opened`. */
  event: z.string(),
  /** The other fields of the log line. */
  facts: z.record(z.string(), z.unknown()),
});
export type EventView = z.infer<typeof EventView>;

/** GET /api/v1/events; in a stream each message is one {@link EventView}. */
export const EventsView = z.object({
  node: z.string(),
  /** The `after` value for a stream that continues here. */
  lastSeq: z.number(),
  events: z.array(EventView),
});
export type EventsView = z.infer<typeof EventsView>;

/** A PDU that passed through: one message of GET /api/v1/watch. */
const WatchedPdu = z.object({
  kind: z.literal('pdu'),
  atMs: moment,
  node: z.string(),
  /** The link that sent it; null where the node made it. */
  link: z.string().nullable(),
  peer: z.string().nullable(),
  command: z.string(),
  serviceId: z.number(),
  commandId: z.number(),
  /** Bytes, header included. */
  length: z.number(),
  version: z.number(),
  flag: z.number(),
  seqNum: z.number(),
  reserved: z.number(),
  /**
   * With decode=1: the body's fields, contents of messages left out; null where it does not parse.
   */
  fields: z.record(z.string(), z.unknown()).nullable().optional(),
  /** With bodies=1: the first bytes of the body. */
  bodyHex: z.string().optional(),
});
export type WatchedPdu = z.infer<typeof WatchedPdu>;

/** Number of omitted PDUs: sent once a second where it is not 0. */
const WatchDropped = z.object({
  kind: z.literal('dropped'),
  atMs: moment,
  node: z.string(),
  pdus: z.number(),
});

export const WatchMessage = z.discriminatedUnion('kind', [WatchedPdu, WatchDropped]);
export type WatchMessage = z.infer<typeof WatchMessage>;
