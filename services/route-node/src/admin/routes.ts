import { actionRoutes } from './action-routes.ts';
import { clusterRoutes } from './cluster-routes.ts';
import { consoleRoutes } from './console-routes.ts';
import type { Route } from './http/route.ts';
import { nodesRoutes } from './nodes-routes.ts';
import { presenceRoutes } from './presence-routes.ts';
import { probeRoutes } from './probes.ts';
import type { AdminSources } from './sources.ts';
import { eventRoutes } from './streams/event-routes.ts';
import { watchRoutes } from './streams/watch-routes.ts';

/** All that the admin port serves. */
export function adminRoutes(sources: AdminSources): Route[] {
  const { nodeId, settings, links, watch, guard } = sources;
  const own = [...clusterRoutes(sources), ...presenceRoutes(sources), ...eventRoutes(sources)];
  return [
    ...probeRoutes(sources),
    ...own,
    ...nodesRoutes(sources, own),
    ...watchRoutes({
      nodeId,
      watch,
      guard,
      bodiesAllowed: settings.ROUTE_WATCH_BODIES === 'on',
      peerOf: (id) => links.find(id)?.peer,
    }),
    ...actionRoutes(sources),
    ...consoleRoutes(sources.console),
  ];
}
