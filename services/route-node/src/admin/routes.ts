import type { ConsoleFile } from '@route/console';
import type { EventLog } from '../observability/event-log.ts';
import type { PduMonitor } from '../observability/pdu-monitor.ts';
import type { CachedStats } from '../observability/presence-stats.ts';
import { type Actions, actionRoutes } from './action-routes.ts';
import { clusterRoutes } from './cluster-routes.ts';
import { consoleRoutes } from './console-routes.ts';
import type { Guard } from './http/guard.ts';
import type { Route } from './http/route.ts';
import type { MetricsText } from './metrics-answer.ts';
import { type NodeViewSources, nodeView } from './node-view.ts';
import { nodesRoutes } from './nodes-routes.ts';
import { presenceRoutes } from './presence-routes.ts';
import { probeRoutes } from './probes.ts';
import { eventRoutes } from './streams/event-routes.ts';
import { watchRoutes } from './streams/watch-routes.ts';

/** The sources of the admin port's answers. */
export interface AdminSources extends NodeViewSources {
  readonly eventLog: EventLog;
  readonly watch: PduMonitor;
  readonly totals: CachedStats;
  readonly guard: Guard;
  readonly actions: Actions;
  /** The files of the console; none where it is not built. */
  readonly console: readonly ConsoleFile[];
  /** All metrics in Prometheus' text format, and its content type. */
  metrics(): Promise<MetricsText>;
}

/** All that the admin port serves. */
export function adminRoutes(sources: AdminSources): Route[] {
  const { settings, engine, links, readiness } = sources;
  const { node: nodeId } = sources.info();
  const { presence } = engine;
  const own = [
    ...clusterRoutes({
      nodeId,
      namespace: settings.ROUTE_NAMESPACE,
      engine,
      links,
      presence,
      nodeView: () => nodeView(sources),
    }),
    ...presenceRoutes({
      nodeId,
      presence,
      totals: sources.totals,
      linkOf: (id) => links.find(id),
    }),
    ...eventRoutes(nodeId, sources.eventLog),
  ];
  return [
    ...probeRoutes({ nodeId, readiness, metrics: sources.metrics }),
    ...own,
    ...nodesRoutes({ nodeId, directory: () => engine.readRegistry(), own }),
    ...watchRoutes({
      nodeId,
      watch: sources.watch,
      guard: sources.guard,
      bodiesAllowed: settings.ROUTE_WATCH_BODIES === 'on',
      peerOf: (id) => links.find(id)?.peer,
    }),
    ...actionRoutes(nodeId, sources.actions),
    ...consoleRoutes(sources.console),
  ];
}
