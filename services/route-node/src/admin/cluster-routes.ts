import type { ClusterView, LinksView, NodeView } from '@route/admin-api';
import type { Presence } from '@route/presence';
import type { Engine } from '../engine/engine.ts';
import type { LinkServer } from '../link/link-server.ts';
import { redisAway } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';
import { linkView } from './link-view.ts';

export interface ClusterSources {
  readonly nodeId: string;
  readonly namespace: string;
  readonly engine: Engine;
  readonly links: LinkServer;
  readonly presence: Presence;
  /** This node as it is now. */
  nodeView(): NodeView;
}

/** This node, all nodes, and this node's links. */
export function clusterRoutes(sources: ClusterSources): Route[] {
  const { nodeId, links, presence } = sources;
  return [
    { method: 'GET', path: '/api/v1/node', handle: () => json(sources.nodeView()) },
    { method: 'GET', path: '/api/v1/cluster', handle: async () => json(await cluster(sources)) },
    {
      method: 'GET',
      path: '/api/v1/links',
      handle: () => {
        const view: LinksView = {
          node: nodeId,
          links: Array.from(links.all(), (link) => linkView(link, presence)),
        };
        return json(view);
      },
    },
  ];
}

async function cluster({ nodeId, namespace, engine }: ClusterSources): Promise<ClusterView> {
  const { nowMs, entries } = await engine.readRegistry().catch(redisAway);
  return {
    node: nodeId,
    namespace,
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
