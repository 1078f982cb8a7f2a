import { ErrorView, EventsView, LinksView, NodeView, TotalsView } from '@route/admin-api';
import { waitFor } from '@route/fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openKnownLink } from '../cluster/known-links.ts';
import { type Cluster, startCluster, startRouteNode } from '../harness/index.ts';
import { type RawAnswer, rawRequest } from './raw-request.ts';

const stack = new AsyncDisposableStack();
let cluster: Cluster;
beforeAll(async () => {
  cluster = stack.use(await startCluster({ nodes: 2 }));
});
afterAll(() => stack.disposeAsync());

function codeOf({ body }: RawAnswer): string {
  return ErrorView.parse(JSON.parse(body)).code;
}

test('any node returns any other node’s answers', async () => {
  await using link = await openKnownLink(cluster.node(1));
  for (const asked of cluster.nodes) {
    const view = async (name: string) => {
      const path = `/api/v1/nodes/${cluster.node(1).id}/${name}`;
      return JSON.parse((await rawRequest(asked.adminUrl, { path })).body);
    };
    expect(NodeView.parse(await view('node')).node).toBe(cluster.node(1).id);
    expect(TotalsView.parse(await view('totals')).node).toBe(cluster.node(1).id);
    const { events, lastSeq } = EventsView.parse(await view('events'));
    expect(events.map(({ event }) => event)).toContain('link-opened');
    const later = EventsView.parse(await view(`events?after=${lastSeq}`));
    expect(later.events.map(({ seq }) => seq)).not.toContain(lastSeq);
    const links = await waitFor(
      async () => LinksView.parse(await view('links')).links.map(({ peer }) => peer),
      { what: 'the links' },
    );
    expect(links).toEqual([link.address]);
  }
});

test('caches another node’s answer for a while', async () => {
  const path = `/api/v1/nodes/${cluster.node(1).id}/node`;
  const answers = await waitFor(
    async () => {
      const ask = () => rawRequest(cluster.node(0).adminUrl, { path });
      const [first, second] = [await ask(), await ask()];
      return first.body === second.body && first.status;
    },
    { what: 'the same answer twice' },
  );
  expect(answers).toBe(200);
});

test('refuses an unknown node and an invalid query', async () => {
  const { adminUrl } = cluster.node(0);
  const unknown = await rawRequest(adminUrl, { path: '/api/v1/nodes/127.0.0.1:6379/node' });
  expect([unknown.status, codeOf(unknown)]).toEqual([404, 'not-found']);
  const path = `/api/v1/nodes/${cluster.node(1).id}/events?after=x`;
  const wrong = await rawRequest(adminUrl, { path });
  expect([wrong.status, codeOf(wrong)]).toEqual([400, 'bad-request']);
});

test('reports a node that does not answer as away', async () => {
  await using two = await startCluster({ nodes: 2, env: { ROUTE_LEASE_SECONDS: '30' } });
  const { id } = two.node(1);
  await two.node(1).kill();
  const path = `/api/v1/nodes/${id}/node`;
  const answer = await rawRequest(two.node(0).adminUrl, { path });
  expect([answer.status, codeOf(answer)]).toEqual([502, 'node-away']);
});

test('a single node serves its own answers at the same paths', async () => {
  await using node = await startRouteNode();
  const path = `/api/v1/nodes/${node.id}/node`;
  const { body } = await rawRequest(node.adminUrl, { path });
  expect(NodeView.parse(JSON.parse(body)).engine).toBe('memory');
});
