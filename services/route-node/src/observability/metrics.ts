import { COMMAND_NAMES } from '@route/protocol';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';
import type { LinkServer } from '../link/link-server.ts';
import type { Rebalancer } from '../rebalancing/rebalancer.ts';
import type { Counters } from './counters.ts';
import type { LogOutput } from './log-output.ts';
import type { LoopWatch } from './loop-delay.ts';
import type { Readiness } from './readiness.ts';

/** The sources of a node's metrics, read on request. */
export interface MetricsSources {
  readonly counters: Counters;
  readonly links: LinkServer;
  readonly engine: Engine;
  readonly readiness: Readiness;
  readonly rebalancer: Rebalancer;
  readonly output: LogOutput;
  readonly nodeId: string;
  readonly engineName: string;
  readonly loop: LoopWatch;
  /** Connections to the admin port that are open. */
  adminConnections(): number;
}

const LAG_NAMES = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map(
  (of) => `nodejs_eventloop_lag${of}_seconds`,
);

/** A metric's value now: one number, or one for each value of its label. */
type Reading = number | Readonly<Record<string, number>>;

/** All metrics of a node, in a registry of their own. */
export function nodeMetrics(sources: MetricsSources): Registry {
  const { counters, links, engine, readiness, rebalancer, output } = sources;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // These restart with each reading, so that they would depend on how often the metrics are read.
  for (const name of LAG_NAMES) registry.removeSingleMetric(name);

  function counter(name: string, help: string, read: () => Reading, label?: string): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        this.reset();
        eachValue(read(), (value, of) => {
          if (label === undefined || of === undefined) this.inc(value);
          else this.inc({ [label]: of }, value);
        });
      },
    });
  }

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }

  new Gauge({
    name: 'route_node_info',
    help: 'Always 1; the labels identify the node',
    labelNames: ['node', 'engine'],
    registers: [registry],
  }).set({ node: sources.nodeId, engine: sources.engineName }, 1);

  gauge(
    'nodejs_eventloop_lag_p99_seconds',
    '99th percentile of the event loop delay over the last complete 10 s',
    () => sources.loop.now.p99Ms / 1000,
  );
  gauge(
    'nodejs_eventloop_lag_max_seconds',
    'Maximum event loop delay over the last complete 10 s',
    () => sources.loop.now.maxMs / 1000,
  );
  gauge('route_admin_connections', 'Connections to the admin port', sources.adminConnections);
  counter(
    'route_admin_cuts_total',
    'Connections and streams of the admin port that the node closed',
    () => counters.adminCuts,
    'reason',
  );

  gauge('route_ready', '1 when this node accepts new links', () =>
    readiness.reasons.length === 0 ? 1 : 0,
  );
  gauge('route_live_nodes', 'Nodes of the cluster with a live lease', () => engine.liveNodes);
  gauge(
    'route_malformed_node_records',
    'Leases and records in the node registry that are ignored because they are malformed',
    () => engine.malformedNodeRecords,
  );
  gauge(
    'route_log_pending_bytes',
    'Bytes of log lines not yet accepted by standard output',
    () => output.pendingBytes,
  );
  counter(
    'route_log_dropped_lines_total',
    'Log lines dropped because more than LOG_BUFFER_BYTES waited',
    () => output.droppedLines,
  );
  gauge('route_links', 'Links open on this node that have sent something', () => links.size);
  gauge(
    'route_links_fair_share',
    'Links this node would have if all nodes had the same number',
    () => rebalancer.fairShare,
  );
  gauge(
    'route_links_tolerated',
    'Links above which this node closes some to rebalance; 0 when ROUTE_REBALANCE is off',
    () => rebalancer.tolerated ?? 0,
  );
  gauge(
    'route_links_lingering',
    'Links that were asked to reconnect and whose users still count',
    () => engine.presence.lingeringLinks,
  );
  gauge('route_links_reading', '1 while the node reads its links, 0 while reading is paused', () =>
    links.reading ? 1 : 0,
  );
  gauge(
    'route_links_unsent_bytes',
    'Bytes queued to be sent, on all links',
    () => links.unsentBytes,
  );
  gauge(
    'route_links_incomplete_pdu_bytes',
    'Bytes of the large PDUs that are being read, by their full lengths, on all links',
    () => links.incompletePduBytes,
  );
  gauge(
    'route_links_pending_pdus',
    'PDUs that wait for presence, or behind such a PDU or a large one',
    () => links.pendingPdus,
  );
  gauge(
    'route_presence_users',
    'Users online on the links of this node',
    () => engine.presence.userCount,
  );

  gauge(
    'route_handshakes',
    'Connections on their way to become links (PROXY protocol, TLS)',
    () => links.handshakes,
  );

  counter(
    'route_connections_refused_total',
    'Connections that did not become links',
    () => counters.refused,
    'reason',
  );
  counter(
    'route_connections_checks_total',
    'Connections that sent nothing, as health checks of load balancers do',
    () => counters.checks,
  );
  counter(
    'route_accept_errors_total',
    'Times the system could not accept a connection on the port of the links',
    () => counters.acceptErrors,
  );
  counter('route_links_opened_total', 'Links opened', () => counters.opened);
  counter('route_links_closed_total', 'Links closed', () => counters.closed, 'reason');
  counter(
    'route_pdus_received_total',
    'PDUs received from links',
    () => byCommand(counters.received),
    'command',
  );
  counter(
    'route_pdus_malformed_total',
    'PDUs dropped because their body did not parse',
    () => byCommand(counters.malformed),
    'command',
  );
  counter(
    'route_pdus_unknown_client_type_total',
    'Online lists and updates dropped for an unknown client type (see ROUTE_CLIENT_TYPES_*)',
    () => counters.unknownClientTypes,
  );
  counter(
    'route_queries_too_large_total',
    'Status queries dropped because they had more than ROUTE_MAX_QUERY_USERS ids',
    () => counters.tooLargeQueries,
  );
  counter('route_pdus_relayed_total', 'PDUs relayed unchanged', () => counters.relayedPdus);
  counter(
    'route_delivery_pdus_total',
    'PDUs relayed with ROUTE_DELIVERY=directed: to the nodes of their users, or broadcast',
    () => ({
      directed: counters.directedPdus,
      broadcast: counters.broadcastPdus,
      fallback: counters.doubtfulPdus,
    }),
    'mode',
  );
  counter(
    'route_delivery_links_total',
    'Deliveries of relayed PDUs to this node’s links with ROUTE_DELIVERY=directed',
    () => counters.linksReached,
  );
  gauge(
    'route_delivery_retained_bytes',
    'Directed bytes retained until it is certain that no user has moved',
    () => counters.retainedBytes,
  );
  counter(
    'route_links_received_bytes_total',
    'Bytes received from links',
    () => counters.receivedBytes,
  );
  counter('route_links_sent_bytes_total', 'Bytes written to links', () => counters.sentBytes);
  counter('route_links_writes_total', 'Writes to the sockets of links', () => counters.linkWrites);
  counter('route_heartbeats_sent_total', 'Heartbeats sent', () => counters.heartbeatsSent);
  counter('route_links_paused_total', 'Times reading of a link was paused', () => counters.pauses);
  counter(
    'route_notifications_total',
    'Notifications delivered to this node’s links',
    () => counters.notifications,
  );
  counter(
    'route_notifications_stale_total',
    'Notifications dropped because a later one of the same user was delivered',
    () => counters.notificationsStale,
  );
  counter(
    'route_notifications_corrected_total',
    'Offline notifications corrected because a PC client was still, or again, online',
    () => counters.notificationsCorrected,
  );
  counter(
    'route_second_link_snapshots_total',
    'Online lists from links that are not master, with ROUTE_LINKS=all',
    () => counters.nonMasterSnapshots,
  );
  counter(
    'route_presence_late_updates_total',
    'Status updates that took effect only after Redis was back',
    () => counters.updatesLate,
  );
  counter(
    'route_presence_failures_total',
    'Presence calls that failed or were not answered',
    () => counters.presenceFailures,
  );
  counter(
    'route_presence_resyncs_total',
    'Times the node asserted all its users',
    () => counters.resyncs,
  );
  counter(
    'route_presence_reaped_links_total',
    'Links of dead nodes removed',
    () => counters.reapedLinks,
  );
  counter(
    'route_presence_records_reconciled_total',
    'Invalid records in Redis corrected by reconciliation',
    () => counters.recordsReconciled,
  );
  counter(
    'route_presence_reaped_users_total',
    'Users whose last PC client was on a reaped link',
    () => counters.usersLost,
  );
  counter(
    'route_presence_offline_grace_expired_total',
    'Users announced offline because no link listed them again within the grace time',
    () => counters.lostTold,
  );
  counter(
    'route_bus_lost_frames_total',
    'Frames of other nodes that never arrived',
    () => counters.busFramesLost,
  );
  counter(
    'route_bus_invalid_entries_total',
    'Entries from the bus that were incomplete PDUs, or otherwise invalid, and dropped',
    () => counters.busEntriesInvalid,
  );
  const { bus } = engine;
  if (bus !== undefined) {
    const busCounters = bus.counters;
    counter('route_bus_sent_frames_total', 'Frames published', () => busCounters.framesSent);
    counter('route_bus_sent_bytes_total', 'Bytes published', () => busCounters.bytesSent);
    counter('route_bus_received_frames_total', 'Frames accepted', () => busCounters.framesReceived);
    counter('route_bus_received_bytes_total', 'Bytes accepted', () => busCounters.bytesReceived);
    counter(
      'route_bus_duplicate_frames_total',
      'Frames received again',
      () => busCounters.duplicates,
    );
    counter(
      'route_bus_reopened_total',
      'Times an unresponsive bus was reconnected',
      () => busCounters.reopened,
    );
    counter('route_bus_redelivered_frames_total', 'Frames published again', () => {
      return busCounters.framesRedelivered;
    });
    counter(
      'route_bus_dropped_frames_total',
      'Frames of this node that a live node did not receive in time',
      () => busCounters.framesDropped,
    );
    counter(
      'route_bus_dropped_bytes_total',
      'Bytes of dropped frames',
      () => busCounters.bytesDropped,
    );
    counter('route_bus_heartbeats_total', 'Heartbeats published to all nodes', () => {
      return busCounters.heartbeatsSent;
    });
    counter('route_bus_acks_total', 'Acks published, each to one node', () => {
      return busCounters.acksSent;
    });
    counter(
      'route_bus_malformed_frames_total',
      'Frames dropped as malformed',
      () => busCounters.malformed,
    );
    counter(
      'route_bus_foreign_frames_total',
      'Frames of nodes of another version, dropped',
      () => busCounters.foreign,
    );
    gauge(
      'route_bus_window_bytes',
      'Bytes sent and not yet acknowledged by all nodes',
      () => busCounters.windowBytes,
    );
    gauge(
      'route_bus_share_bytes',
      'Limit of this node’s unacknowledged bytes',
      () => busCounters.shareBytes,
    );
    gauge(
      'route_bus_rtt_seconds',
      'Round trip time of the node’s last heartbeat through Redis',
      () => (bus.rttMs ?? 0) / 1000,
    );
    gauge('route_bus_awaited_nodes', 'Other nodes whose acks this node awaits', () => {
      return busCounters.awaitedNodes;
    });
  }
  return registry;
}

function eachValue(reading: Reading, read: (value: number, of?: string) => void): void {
  if (typeof reading === 'number') read(reading);
  else for (const [of, value] of Object.entries(reading)) read(value, of);
}

function byCommand(counts: Float64Array): Record<string, number> {
  return Object.fromEntries(COMMAND_NAMES.map((name, i) => [name, counts[i] ?? 0]));
}
