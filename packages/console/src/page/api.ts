import type {
  ClusterView,
  ErrorView,
  EventsView,
  LinksView,
  NodeView,
  TotalsView,
  UsersView,
} from '@route/admin-api';

/** The node that serves the page has so long to answer; it gives another node 2 s. */
const TIMEOUT_MS = 4000;

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.ok) {
    const body: T = await response.json();
    return body;
  }
  const { error }: ErrorView = await response.json();
  throw new Error(error);
}

function ofNode(node: string, view: string): string {
  return `/api/v1/nodes/${encodeURIComponent(node)}/${view}`;
}

/** All requests of the page, to the node that serves it. Errors have readable messages. */
export const api = {
  cluster: () => ask<ClusterView>('/api/v1/cluster'),
  node: (node: string) => ask<NodeView>(ofNode(node, 'node')),
  links: (node: string) => ask<LinksView>(ofNode(node, 'links')),
  totals: (node: string) => ask<TotalsView>(ofNode(node, 'totals')),
  events: (node: string, after: number) =>
    ask<EventsView>(ofNode(node, `events?after=${after}&limit=200`)),
  users: (ids: string) => ask<UsersView>(`/api/v1/users/${encodeURIComponent(ids)}`),
};
