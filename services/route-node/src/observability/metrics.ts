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

type Metric = readonly [help: string, read: () => Reading, label?: string];

/** All metrics of a node, in a registry of their own. */
export function nodeMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // These restart with each reading, so that they would depend on how often the metrics are read.
  for (const name of LAG_NAMES) registry.removeSingleMetric(name);
  new Gauge({
    name: 'route_node_info',
    help: 'Always 1; the labels identify the node',
    labelNames: ['node', 'engine'],
    registers: [registry],
  }).set({ node: sources.nodeId, engine: sources.engineName }, 1);
  const metrics = { ...metricsOfNode(sources), ...metricsOfBus(sources.engine.bus) };
  for (const [name, metric] of Object.entries(metrics)) register(registry, name, metric);
  return registry;
}

/** Registers a metric: a counter when its name ends in _total, else a gauge. */
function register(registry: Registry, name: string, [help, read, label = '']: Metric): void {
  const labelNames = label === '' ? [] : [label];
  const options = { name, help, labelNames, registers: [registry] };
  if (name.endsWith('_total')) {
    new Counter({
      ...options,
      collect() {
        this.reset();
        eachValue(read(), label, (labels, value) => this.inc(labels, value));
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        eachValue(read(), label, (labels, value) => this.set(labels, value));
      },
    });
  }
}

function metricsOfNode(sources: MetricsSources): Readonly<Record<string, Metric>> {
  const { counters, links, engine, readiness, rebalancer, output } = sources;
  return {
    nodejs_eventloop_lag_p99_seconds: [
      '99th percentile of the event loop delay over the last complete 10 s',
      () => sources.loop.now.p99Ms / 1000,
    ],
    nodejs_eventloop_lag_max_seconds: [
      'Maximum event loop delay over the last complete 10 s',
      () => sources.loop.now.maxMs / 1000,
    ],
    route_admin_connections: ['Connections to the admin port', sources.adminConnections],
    route_admin_cuts_total: [
      'Connections and streams of the admin port that the node closed',
      () => counters.adminCuts,
      'reason',
    ],
    route_ready: [
      '1 when this node accepts new links',
      () => (readiness.reasons.length === 0 ? 1 : 0),
    ],
    route_live_nodes: ['Nodes of the cluster with a live lease', () => engine.liveNodes],
    route_malformed_node_records: [
      'Leases and records in the node registry that are ignored because they are malformed',
      () => engine.malformedNodeRecords,
    ],
    route_log_pending_bytes: [
      'Bytes of log lines not yet accepted by standard output',
      () => output.pendingBytes,
    ],
    route_log_dropped_lines_total: [
      'Log lines dropped because more than LOG_BUFFER_BYTES waited',
      () => output.droppedLines,
    ],
    route_links: ['Links open on this node that have sent something', () => links.size],
    route_links_fair_share: [
      'Links this node would have if all nodes had the same number',
      () => rebalancer.fairShare,
    ],
    route_links_tolerated: [
      'Links above which this node closes some to rebalance; 0 when ROUTE_REBALANCE is off',
      () => rebalancer.tolerated ?? 0,
    ],
    route_links_lingering: [
      'Links that were asked to reconnect and whose users still count',
      () => engine.presence.lingeringLinks,
    ],
    route_links_reading: [
      '1 while the node reads its links, 0 while reading is paused',
      () => (links.reading ? 1 : 0),
    ],
    route_links_unsent_bytes: ['Bytes queued to be sent, on all links', () => links.unsentBytes],
    route_links_incomplete_pdu_bytes: [
      'Bytes of the large PDUs that are being read, by their full lengths, on all links',
      () => links.incompletePduBytes,
    ],
    route_links_pending_pdus: [
      'PDUs that wait for presence, or behind such a PDU or a large one',
      () => links.pendingPdus,
    ],
    route_presence_users: [
      'Users online on the links of this node',
      () => engine.presence.userCount,
    ],
    route_handshakes: [
      'Connections on their way to become links (PROXY protocol, TLS)',
      () => links.handshakes,
    ],
    route_connections_refused_total: [
      'Connections that did not become links',
      () => counters.refused,
      'reason',
    ],
    route_connections_checks_total: [
      'Connections that sent nothing, as health checks of load balancers do',
      () => counters.checks,
    ],
    route_accept_errors_total: [
      'Times the system could not accept a connection on the port of the links',
      () => counters.acceptErrors,
    ],
    route_links_opened_total: ['Links opened', () => counters.opened],
    route_links_closed_total: ['Links closed', () => counters.closed, 'reason'],
    route_pdus_received_total: [
      'PDUs received from links',
      () => byCommand(counters.received),
      'command',
    ],
    route_pdus_malformed_total: [
      'PDUs dropped because their body did not parse',
      () => byCommand(counters.malformed),
      'command',
    ],
    route_pdus_unknown_client_type_total: [
      'Online lists and updates dropped for an unknown client type (see ROUTE_CLIENT_TYPES_*)',
      () => counters.unknownClientTypes,
    ],
    route_queries_too_large_total: [
      'Status queries dropped because they had more than ROUTE_MAX_QUERY_USERS ids',
      () => counters.tooLargeQueries,
    ],
    route_pdus_relayed_total: ['PDUs relayed unchanged', () => counters.relayedPdus],
    route_delivery_pdus_total: [
      'PDUs relayed with ROUTE_DELIVERY=directed: to the nodes of their users, or broadcast',
      () => ({
        directed: counters.directedPdus,
        broadcast: counters.broadcastPdus,
        fallback: counters.doubtfulPdus,
      }),
      'mode',
    ],
    route_delivery_links_total: [
      'Deliveries of relayed PDUs to this node’s links with ROUTE_DELIVERY=directed',
      () => counters.linksReached,
    ],
    route_delivery_retained_bytes: [
      'Directed bytes retained until it is certain that no user has moved',
      () => counters.retainedBytes,
    ],
    route_links_received_bytes_total: ['Bytes received from links', () => counters.receivedBytes],
    route_links_sent_bytes_total: ['Bytes written to links', () => counters.sentBytes],
    route_links_writes_total: ['Writes to the sockets of links', () => counters.linkWrites],
    route_heartbeats_sent_total: ['Heartbeats sent', () => counters.heartbeatsSent],
    route_links_paused_total: ['Times reading of a link was paused', () => counters.pauses],
    route_notifications_total: [
      'Notifications delivered to this node’s links',
      () => counters.notifications,
    ],
    route_notifications_stale_total: [
      'Notifications dropped because a later one of the same user was delivered',
      () => counters.notificationsStale,
    ],
    route_notifications_corrected_total: [
      'Offline notifications corrected because a PC client was still, or again, online',
      () => counters.notificationsCorrected,
    ],
    route_second_link_snapshots_total: [
      'Online lists from links that are not master, with ROUTE_LINKS=all',
      () => counters.nonMasterSnapshots,
    ],
    route_presence_late_updates_total: [
      'Status updates that took effect only after Redis was back',
      () => counters.updatesLate,
    ],
    route_presence_failures_total: [
      'Presence calls that failed or were not answered',
      () => counters.presenceFailures,
    ],
    route_presence_resyncs_total: ['Times the node asserted all its users', () => counters.resyncs],
    route_presence_reaped_links_total: ['Links of dead nodes removed', () => counters.reapedLinks],
    route_presence_records_reconciled_total: [
      'Invalid records in Redis corrected by reconciliation',
      () => counters.recordsReconciled,
    ],
    route_presence_reaped_users_total: [
      'Users whose last PC client was on a reaped link',
      () => counters.usersLost,
    ],
    route_presence_offline_grace_expired_total: [
      'Users announced offline because no link listed them again within the grace time',
      () => counters.lostTold,
    ],
    route_bus_lost_frames_total: [
      'Frames of other nodes that never arrived',
      () => counters.busFramesLost,
    ],
    route_bus_invalid_entries_total: [
      'Entries from the bus that were incomplete PDUs, or otherwise invalid, and dropped',
      () => counters.busEntriesInvalid,
    ],
  };
}

function metricsOfBus(bus: Engine['bus']): Readonly<Record<string, Metric>> {
  if (bus === undefined) return {};
  const { counters } = bus;
  return {
    route_bus_sent_frames_total: ['Frames published', () => counters.framesSent],
    route_bus_sent_bytes_total: ['Bytes published', () => counters.bytesSent],
    route_bus_received_frames_total: ['Frames accepted', () => counters.framesReceived],
    route_bus_received_bytes_total: ['Bytes accepted', () => counters.bytesReceived],
    route_bus_duplicate_frames_total: ['Frames received again', () => counters.duplicates],
    route_bus_reopened_total: [
      'Times an unresponsive bus was reconnected',
      () => counters.reopened,
    ],
    route_bus_redelivered_frames_total: [
      'Frames published again',
      () => counters.framesRedelivered,
    ],
    route_bus_dropped_frames_total: [
      'Frames of this node that a live node did not receive in time',
      () => counters.framesDropped,
    ],
    route_bus_dropped_bytes_total: ['Bytes of dropped frames', () => counters.bytesDropped],
    route_bus_heartbeats_total: [
      'Heartbeats published to all nodes',
      () => counters.heartbeatsSent,
    ],
    route_bus_acks_total: ['Acks published, each to one node', () => counters.acksSent],
    route_bus_malformed_frames_total: ['Frames dropped as malformed', () => counters.malformed],
    route_bus_foreign_frames_total: [
      'Frames of nodes of another version, dropped',
      () => counters.foreign,
    ],
    route_bus_window_bytes: [
      'Bytes sent and not yet acknowledged by all nodes',
      () => counters.windowBytes,
    ],
    route_bus_share_bytes: ['Limit of this node’s unacknowledged bytes', () => counters.shareBytes],
    route_bus_rtt_seconds: [
      'Round trip time of the node’s last heartbeat through Redis',
      () => (bus.rttMs ?? 0) / 1000,
    ],
    route_bus_awaited_nodes: [
      'Other nodes whose acks this node awaits',
      () => counters.awaitedNodes,
    ],
  };
}

function eachValue(
  reading: Reading,
  label: string,
  read: (labels: Readonly<Record<string, string>>, value: number) => void,
): void {
  if (typeof reading === 'number') read({}, reading);
  else for (const [of, value] of Object.entries(reading)) read({ [label]: of }, value);
}

function byCommand(counts: Float64Array): Record<string, number> {
  return Object.fromEntries(COMMAND_NAMES.map((name, i) => [name, counts[i] ?? 0]));
}
