import type { ClusterState } from './cluster-state.ts';
import { moodOf, shortId, some } from './words.ts';

/** How the cluster is, in one line. */
export function StatusLine({ state }: { readonly state: ClusterState }) {
  const { nodes, self, namespace, problem } = state;
  if (problem !== undefined) {
    return (
      <p>
        <strong class="bad">This node does not answer:</strong> {problem}
      </p>
    );
  }
  if (self === '') return <p>Asking the node …</p>;
  const alive = nodes.filter(({ entry }) => entry.alive);
  const unready = alive.filter((node) => moodOf(node).mood !== 'ready');
  const links = alive.reduce((sum, node) => sum + node.links.length, 0);
  return (
    <p>
      <strong class={unready.length === 0 ? 'good' : 'bad'}>
        {unready.length === 0 ? 'All ready' : `${unready.length} not ready`}:
      </strong>{' '}
      {some(alive.length, 'node')}, {some(links, 'link')} · namespace <code>{namespace}</code> ·
      seen from node <code title={self}>{shortId(self)}</code>
    </p>
  );
}
