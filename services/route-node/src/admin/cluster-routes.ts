import type { ClusterView, LinksView } from '@route/admin-api';
import { redisAway } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';
import type { AdminSources } from './sources.ts';
import { linkView, nodeView } from './views.ts';

/** This node, all nodes, and this node's links. */
export function clusterRoutes(sources: AdminSources): Route[] {
  const { nodeId, links, engine } = sources;
  return [
    { method: 'GET', path: '/api/v1/node', handle: () => json(nodeView(sources)) },
    { method: 'GET', path: '/api/v1/cluster', handle: async () => json(await cluster(sources)) },
    {
      method: 'GET',
      path: '/api/v1/links',
      handle: () => {
        const view: LinksView = {
          node: nodeId,
          links: Array.from(links.all(), (link) => linkView(link, engine.presence)),
        };
        return json(view);
      },
    },
  ];
}

async function cluster({ nodeId, settings, engine }: AdminSources): Promise<ClusterView> {
  const { nowMs, entries } = await engine.readRegistry().catch(redisAway);
  return {
    node: nodeId,
    namespace: settings.ROUTE_NAMESPACE,
    redisNowMs: nowMs,
    nodes: entries.map(({ node, leaseLeftMs, info }) => ({
      node,
      self: node === nodeId,
      alive: leaseLeftMs === null || leaseLeftMs > 0,
      leaseLeftMs,
      info: info ?? null,
    })),
  };
}
