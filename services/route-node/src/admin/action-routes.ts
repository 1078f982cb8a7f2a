import type { CloseLinkResult, DrainResult } from '@route/admin-api';
import { ApiError } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';
import type { AdminSources } from './sources.ts';

/** Routes that change state; all of them need the token. */
export function actionRoutes(sources: AdminSources): Route[] {
  const { nodeId, links, settings } = sources;
  return [
    {
      method: 'POST',
      path: '/api/v1/drain',
      handle: () => {
        sources.drain();
        const result: DrainResult = {
          node: nodeId,
          draining: true,
          links: links.size,
          overSeconds: settings.ROUTE_DRAIN_SECONDS,
        };
        return json(result, 202);
      },
    },
    {
      method: 'POST',
      path: '/api/v1/links/:id/close',
      handle: ({ params }) => {
        const id = params['id'] ?? '';
        const link = links.find(id);
        if (link === undefined || link.isEnding) {
          throw new ApiError(
            'not-found',
            `link is ${JSON.stringify(id)}: expected an open link of this node, see /api/v1/links`,
          );
        }
        link.end('closed-by-operator');
        const result: CloseLinkResult = { node: nodeId, link: id, peer: link.peer };
        return json(result);
      },
    },
    {
      method: 'POST',
      path: '/api/v1/rebalance',
      handle: () => {
        const result = sources.rebalance();
        if (result === undefined) {
          throw new ApiError(
            'not-possible',
            'this node is the only one: expected a cluster of two nodes or more',
          );
        }
        return json({ node: nodeId, ...result }, 202);
      },
    },
  ];
}
