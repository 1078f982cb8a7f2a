import type { CloseLinkResult, DrainResult, RebalanceResult } from '@route/admin-api';
import type { LinkServer } from '../link/link-server.ts';
import { ApiError } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';

/** Requests that change a node's state. */
export interface Actions {
  readonly links: LinkServer;
  /** Over how many seconds a drain closes the links. */
  readonly drainSeconds: number;
  /** Starts a drain, as SIGTERM does. */
  drain(): void;
  /** Closes links above this node's fair share; undefined while the share is unknown. */
  rebalance(): Omit<RebalanceResult, 'node'> | undefined;
}

/** Routes that change state; all of them need the token. */
export function actionRoutes(nodeId: string, actions: Actions): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/drain',
      handle: () => {
        const { links, drainSeconds: overSeconds } = actions;
        actions.drain();
        const result: DrainResult = {
          node: nodeId,
          draining: true,
          links: links.size,
          overSeconds,
        };
        return json(result, 202);
      },
    },
    {
      method: 'POST',
      path: '/api/v1/links/:id/close',
      handle: ({ params }) => {
        const id = params['id'] ?? '';
        const link = actions.links.find(id);
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
        const result = actions.rebalance();
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
