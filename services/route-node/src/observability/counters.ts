import { COMMAND_COUNT } from '@route/protocol';
import { ADMIN_CUTS, type AdminCut } from '../admin/http/connections.ts';
import { REFUSALS, type Refusal } from '../admission/refusals.ts';
import { CLOSE_REASONS, type CloseReason } from '../link/close-reasons.ts';

/**
 * A node's counters: plain numbers, read on each metrics request. The hot path does not depend on
 * metrics.
 */
export class Counters {
  /** PDUs received, by command index. */
  readonly received = new Float64Array(COMMAND_COUNT);
  /** PDUs whose body did not parse, by command index. */
  readonly malformed = new Float64Array(COMMAND_COUNT);
  /** Of these, those dropped for an unknown client type alone, and queries for too many users. */
  unknownClientTypes = 0;
  tooLargeQueries = 0;
  readonly closed: Record<CloseReason, number>;
  opened = 0;
  /** Connections that did not become links. */
  readonly refused: Record<Refusal, number>;
  /** Times the system could not accept a connection. */
  acceptErrors = 0;
  /** Connections that sent nothing: health checks. */
  checks = 0;
  /** Connections and streams of the admin port that the node closed. */
  readonly adminCuts: Record<AdminCut, number>;
  receivedBytes = 0;
  sentBytes = 0;
  /** Writes handed to sockets, each of everything that a tick had for a link. */
  linkWrites = 0;
  relayedPdus = 0;
  /**
   * Directed delivery: PDUs sent to their users only, broadcast by kind, and broadcast as a
   * fallback.
   */
  directedPdus = 0;
  broadcastPdus = 0;
  doubtfulPdus = 0;
  /** Directed delivery: relayed PDUs given to links, each link counted. */
  linksReached = 0;
  /** Directed delivery: bytes that are kept until every node has spoken, as of the last look. */
  retainedBytes = 0;
  heartbeatsSent = 0;
  /**
   * Notifications delivered to this node's links, and dropped because a later one was delivered.
   */
  notifications = 0;
  notificationsStale = 0;
  /** Offline notifications corrected because a PC client was still, or again, online. */
  notificationsCorrected = 0;
  updatesLate = 0;
  pauses = 0;
  reapedLinks = 0;
  usersLost = 0;
  /** Records in Redis that were not a node's and were corrected. */
  recordsReconciled = 0;
  /** Lost users announced offline after the grace time. */
  lostTold = 0;
  resyncs = 0;
  presenceFailures = 0;
  busFramesLost = 0;
  /** Entries from the bus that no node can have sent; they were dropped. */
  busEntriesInvalid = 0;
  nonMasterSnapshots = 0;

  constructor() {
    const none = Object.keys(CLOSE_REASONS).map((reason) => [reason, 0]);
    this.closed = Object.fromEntries(none);
    const noneRefused = Object.keys(REFUSALS).map((reason) => [reason, 0]);
    this.refused = Object.fromEntries(noneRefused);
    const noneCut = Object.keys(ADMIN_CUTS).map((reason) => [reason, 0]);
    this.adminCuts = Object.fromEntries(noneCut);
  }
}
