import type { ClusterNode, EventView, LinkView, NodeView } from '@route/admin-api';
import { IDLE_LINK, IDLE_NODE } from '@route/admin-api/testing/views';
import { expect, test } from 'vitest';
import { applyUpdate, type ClusterState, EMPTY_STATE, type StateUpdate } from './cluster-state.ts';

function entryOf(node: string, alive = true): ClusterNode {
  return { node, self: node === 'a', alive, leaseLeftMs: alive ? 1000 : -1000, info: null };
}

function after(...all: readonly StateUpdate[]): ClusterState {
  return all.reduce(applyUpdate, EMPTY_STATE);
}

function cluster(...nodes: readonly ClusterNode[]): StateUpdate {
  return { kind: 'cluster', view: { node: 'a', namespace: 'n', redisNowMs: 0, nodes: [...nodes] } };
}

function linkOf(link: string, receivedPdus: number): LinkView {
  return { ...IDLE_LINK, link, receivedPdus };
}

function links(node: string, ...of: readonly LinkView[]): StateUpdate {
  return { kind: 'links', view: { node, links: [...of] } };
}

function events(node: string, ...seqs: readonly number[]): StateUpdate {
  const list = seqs.map((seq): EventView => {
    return { seq, atMs: seq * 10, level: 'info', event: 'link-opened', facts: {} };
  });
  return { kind: 'events', view: { node, lastSeq: seqs.at(-1) ?? 0, events: list } };
}

test('keeps a node’s data as long as the cluster lists it', () => {
  const state = after(cluster(entryOf('a')), links('a', linkOf('a-1', 0)), cluster(entryOf('a')));
  expect(state.nodes[0]?.links).toHaveLength(1);
  expect(after(cluster(entryOf('a')), cluster()).nodes).toEqual([]);
});

test('a dead node has no links any more', () => {
  const state = after(
    cluster(entryOf('a')),
    links('a', linkOf('a-1', 0)),
    cluster(entryOf('a', false)),
  );
  expect(state.nodes[0]?.links).toEqual([]);
});

test('a link is active when it received PDUs since the previous answer', () => {
  const state = after(
    cluster(entryOf('a')),
    links('a', linkOf('quiet', 5), linkOf('busy', 5)),
    links('a', linkOf('quiet', 5), linkOf('busy', 6), linkOf('new', 3)),
  );
  expect(state.nodes[0]?.links.map(({ link, active }) => [link, active])).toEqual([
    ['quiet', false],
    ['busy', true],
    ['new', false],
  ]);
});

test('events of all nodes stand newest first, none twice', () => {
  const state = after(
    cluster(entryOf('a'), entryOf('b')),
    events('a', 1, 3),
    events('b', 2),
    events('a', 3, 4),
  );
  expect(state.events.map(({ node, seq }) => `${node}${seq}`)).toEqual(['a4', 'a3', 'b2', 'a1']);
  expect(state.nodes.map(({ lastSeq }) => lastSeq)).toEqual([4, 2]);
});

test('a problem stays until the same request is answered', () => {
  const failed = after(cluster(entryOf('a')), {
    kind: 'node-problem',
    node: 'a',
    asked: 'links',
    problem: 'no answer',
  });
  expect(failed.nodes[0]?.problems).toEqual({ links: 'no answer' });
  expect(applyUpdate(failed, events('a', 1)).nodes[0]?.problems).toEqual({ links: 'no answer' });
  expect(applyUpdate(failed, links('a')).nodes[0]?.problems).toEqual({});
});

test('when the page’s own node answers again, its problem is over', () => {
  const away: StateUpdate = { kind: 'problem', problem: 'away' };
  expect(after(cluster(entryOf('a')), away)).toMatchObject({ problem: 'away', self: 'a' });
  expect(after(away, cluster(entryOf('a')))).not.toHaveProperty('problem');
});

test('a sample sums the nodes’ rates per second, with the latest delay', () => {
  const first = { a: nodeView('a', 0, 0), b: nodeView('b', 0, 0) };
  const state = after(
    cluster(entryOf('a'), entryOf('b')),
    { kind: 'sample', atMs: 1 },
    { kind: 'node', view: first.a },
    { kind: 'node', view: first.b },
    { kind: 'node', view: nodeView('a', 2000, 100) },
    { kind: 'node', view: nodeView('b', 1000, 30) },
    { kind: 'sample', atMs: 2 },
  );
  expect(state.samples).toEqual([
    {
      atMs: 2,
      receivedPdus: 50 + 30,
      sentBytes: 500 + 300,
      busBytes: 0,
      rttMs: null,
      loopP99Ms: 100,
      unsentBytes: 7 + 7,
    },
  ]);
});

function nodeView(node: string, nowMs: number, done: number): NodeView {
  const { links, traffic, eventLoop } = IDLE_NODE;
  return {
    ...IDLE_NODE,
    node,
    nowMs,
    links: { ...links, unsentBytes: 7 },
    traffic: { ...traffic, receivedPdus: done, sentBytes: done * 10 },
    eventLoop: { ...eventLoop, p99Ms: done },
  };
}
