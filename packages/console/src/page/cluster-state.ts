import type {
  ClusterNode,
  ClusterView,
  EventsView,
  EventView,
  LinksView,
  LinkView,
  NodeView,
  TotalsView,
} from '@route/admin-api';
import { type Rates, ratesBetween, type Sample, sampleOf } from './rates.ts';

/** One node as the page knows it. */
export interface NodeState {
  readonly entry: ClusterNode;
  readonly view?: NodeView;
  readonly rates?: Rates;
  readonly links: readonly LinkState[];
  readonly totals?: TotalsView;
  /** The number of the last event known. */
  readonly lastSeq: number;
  /** Failed parts of the last requests, with the reason. */
  readonly problems: Readonly<Partial<Record<NodeAsked, string>>>;
}

/** The requests to a node. */
export type NodeAsked = 'node' | 'links' | 'totals' | 'events';

/** A link, and whether it received PDUs since the previous answer. */
export type LinkState = LinkView & { readonly active: boolean };

/** An event with the node that it happened at. */
export type NodeEvent = EventView & { readonly node: string };

export interface ClusterState {
  /** The node that serves the page; '' before the first answer. */
  readonly self: string;
  readonly namespace: string;
  readonly nodes: readonly NodeState[];
  /** Newest first. */
  readonly events: readonly NodeEvent[];
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Why the page's own node does not answer; undefined while it does. */
  readonly problem?: string;
}

export const EMPTY_STATE: ClusterState = {
  self: '',
  namespace: '',
  nodes: [],
  events: [],
  samples: [],
};

const MOST_EVENTS = 300;
const MOST_SAMPLES = 180;

/** Updates of the page. */
export type StateUpdate =
  | { readonly kind: 'cluster'; readonly view: ClusterView }
  | { readonly kind: 'node'; readonly view: NodeView }
  | { readonly kind: 'links'; readonly view: LinksView }
  | { readonly kind: 'totals'; readonly view: TotalsView }
  | { readonly kind: 'events'; readonly view: EventsView }
  | {
      readonly kind: 'node-problem';
      readonly node: string;
      readonly asked: NodeAsked;
      readonly problem: string;
    }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'sample'; readonly atMs: number };

/** Returns the state after an update; a node missing from the directory is ignored. */
export function applyUpdate(state: ClusterState, update: StateUpdate): ClusterState {
  switch (update.kind) {
    case 'cluster':
      return withCluster(state, update.view);
    case 'node':
      return withAnswer(state, update, (node) => {
        const rates = node.view && ratesBetween(node.view, update.view);
        return { ...node, view: update.view, ...(rates && { rates }) };
      });
    case 'links':
      return withAnswer(state, update, (node) => ({
        ...node,
        links: withActivity(node.links, update.view.links),
      }));
    case 'totals':
      return withAnswer(state, update, (node) => ({ ...node, totals: update.view }));
    case 'events':
      return withEvents(state, update);
    case 'node-problem':
      return withNode(state, update.node, ({ rates, ...node }) => ({
        ...node,
        // A node without current data is not in the sum.
        ...(update.asked !== 'node' && rates && { rates }),
        problems: { ...node.problems, [update.asked]: update.problem },
      }));
    case 'problem':
      return { ...state, problem: update.problem };
    case 'sample': {
      const rates = state.nodes.map((node) => node.rates).filter((each) => each !== undefined);
      if (rates.length === 0) return state;
      const samples = [...state.samples, sampleOf(rates, update.atMs)].slice(-MOST_SAMPLES);
      return { ...state, samples };
    }
  }
}

function withCluster(state: ClusterState, { node: self, namespace, nodes }: ClusterView) {
  const { problem: _, ...rest } = state;
  const known = new Map(state.nodes.map((node) => [node.entry.node, node]));
  return {
    ...rest,
    self,
    namespace,
    nodes: nodes.map((entry): NodeState => {
      const before = known.get(entry.node) ?? { links: [], lastSeq: 0, problems: {} };
      if (entry.alive) return { ...before, entry };
      return { entry, links: [], lastSeq: before.lastSeq, problems: {} };
    }),
  };
}

function withNode(
  state: ClusterState,
  id: string,
  change: (node: NodeState) => NodeState,
): ClusterState {
  const nodes = state.nodes.map((node) => (node.entry.node === id ? change(node) : node));
  return { ...state, nodes };
}

function withAnswer(
  state: ClusterState,
  { kind, view }: { readonly kind: NodeAsked; readonly view: { readonly node: string } },
  change: (node: NodeState) => NodeState,
): ClusterState {
  return withNode(state, view.node, (node) => {
    const { [kind]: _, ...problems } = node.problems;
    return { ...change(node), problems };
  });
}

function withActivity(before: readonly LinkState[], links: readonly LinkView[]): LinkState[] {
  const known = new Map(before.map(({ link, receivedPdus }) => [link, receivedPdus]));
  return links.map((link) => ({
    ...link,
    active: link.receivedPdus > (known.get(link.link) ?? link.receivedPdus),
  }));
}

function withEvents(
  state: ClusterState,
  update: { readonly kind: 'events'; readonly view: EventsView },
): ClusterState {
  const { node, lastSeq, events } = update.view;
  const known = state.nodes.find(({ entry }) => entry.node === node)?.lastSeq ?? lastSeq;
  const fresh = events.filter(({ seq }) => seq > known).map((event) => ({ ...event, node }));
  const after = withAnswer(state, update, (before) => ({ ...before, lastSeq }));
  if (fresh.length === 0) return after;
  const all = [...fresh, ...state.events].sort((a, b) => b.atMs - a.atMs || b.seq - a.seq);
  return { ...after, events: all.slice(0, MOST_EVENTS) };
}
