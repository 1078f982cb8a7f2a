import { AdminClient, ApiRefusal, Unreachable } from '@route/admin-api';
import type { NodeRegistry } from '@route/presence';
import { ApiError, redisAway } from './http/api-error.ts';
import { readQuery } from './http/query.ts';
import { json, type Route } from './http/route.ts';
import { TtlCache } from './http/ttl-cache.ts';
import type { AdminSources } from './sources.ts';
import { eventsQuery } from './streams/event-routes.ts';

/** An answer, and the directory, is given again for so long. */
const KEEP_MS = 1000;

/** Another node has so long to answer. */
const TIMEOUT_MS = 2000;

/** The view of 65,536 links is shorter. */
const MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024;

/** Requests to other nodes, by the last part of the path. */
const VIEWS = {
  node: (client) => client.node(),
  links: (client) => client.links(),
  totals: (client) => client.totals(),
  events: (client, query) => client.events(readQuery(eventsQuery, query)),
} as const satisfies Record<
  string,
  (client: AdminClient, query: URLSearchParams) => Promise<object>
>;

/**
 * Forwards requests to any node, so that monitoring needs access to one node alone. Only nodes in
 * the directory are contacted, and only at their published address. `own` are the routes that
 * answer for this node.
 */
export function nodesRoutes({ nodeId, engine }: AdminSources, own: readonly Route[]): Route[] {
  const nodes = new TtlCache<NodeRegistry>(KEEP_MS);
  const answers = new TtlCache<object>(KEEP_MS);

  async function clientOf(id: string): Promise<AdminClient> {
    const { entries } = await nodes.get('all', () => engine.readRegistry()).catch(redisAway);
    const address = entries.find(({ node }) => node === id)?.info?.admin;
    if (address !== undefined) {
      return new AdminClient({
        address,
        node: id,
        timeoutMs: TIMEOUT_MS,
        maxAnswerCharacters: MAX_ANSWER_CHARACTERS,
      });
    }
    throw new ApiError(
      'not-found',
      `node is ${JSON.stringify(id)}: expected one that lives, as /api/v1/cluster lists them`,
    );
  }

  return Object.entries(VIEWS).map(([name, view]) => ({
    method: 'GET',
    path: `/api/v1/nodes/:node/${name}`,
    handle: async (request) => {
      const { params, query } = request;
      const id = params['node'] ?? '';
      const local = own.find(({ path }) => path === `/api/v1/${name}`);
      if (id === nodeId && local !== undefined) return await local.handle(request);
      const client = await clientOf(id);
      return json(await answers.get(`${id}/${name}?${query}`, () => asked(view(client, query))));
    },
  }));
}

async function asked(answer: Promise<object>): Promise<object> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Unreachable) && !(error instanceof ApiRefusal)) throw error;
    throw new ApiError('node-away', `the node does not answer: ${error.message}`);
  }
}
