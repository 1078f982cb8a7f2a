import type { NodeState } from './cluster-state.ts';
import { Scroller, TableHead } from './table.tsx';
import { bytes, count, milliseconds, moodOf, since } from './words.ts';

interface NodeTableProps {
  readonly nodes: readonly NodeState[];
  readonly self: string;
}

/** All nodes that the cluster knows, one a row. */
export function NodeTable({ nodes, self }: NodeTableProps) {
  return (
    <section id="nodes" class="wide" aria-labelledby="nodes-title" tabIndex={-1}>
      <h2 id="nodes-title">Nodes</h2>
      <Scroller label="Nodes">
        <table>
          <TableHead
            titles={[
              'Node',
              'State',
              'msg_servers connect to',
              { number: 'Links' },
              { number: 'Users' },
              { number: 'PDUs in/s' },
              { number: 'To links/s' },
              { number: 'Bus/s' },
              { number: 'Bus echo' },
              { number: 'Lease left' },
              'Up for',
              'Version',
            ]}
          />
          <tbody>
            {nodes.map((node) => (
              <NodeRow key={node.entry.node} node={node} self={self} />
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

function NodeRow({ node, self }: { readonly node: NodeState; readonly self: string }) {
  const { entry, view, rates, links } = node;
  const { mood, why } = moodOf(node);
  const { rttMs } = rates ?? { rttMs: null };
  return (
    <tr data-row={entry.node} class={mood}>
      <th scope="row">
        <code>{entry.node}</code>
        {entry.node === self && ' (this one)'}
      </th>
      <td>
        <span class={`mood ${mood}`}>{why}</span>
      </td>
      <td>{view?.listen ?? entry.info?.listen ?? '–'}</td>
      <td class="number">{entry.alive ? count(view?.links.open ?? links.length) : '–'}</td>
      <td class="number">{view === undefined ? '–' : count(view.presence.users)}</td>
      <td class="number">{rates === undefined ? '–' : count(rates.receivedPdus)}</td>
      <td class="number">{rates === undefined ? '–' : bytes(rates.sentBytes)}</td>
      <td class="number">{rates === undefined ? '–' : bytes(rates.busBytes)}</td>
      <td class="number">{rttMs === null ? '–' : milliseconds(rttMs)}</td>
      <td class="number">{leaseOf(entry.leaseLeftMs)}</td>
      <td>{view === undefined ? '–' : since(view.nowMs - view.startedAtMs)}</td>
      <td>{entry.info?.version ?? '–'}</td>
    </tr>
  );
}

function leaseOf(leftMs: number | null): string {
  if (leftMs === null) return 'needs none';
  return leftMs > 0 ? since(leftMs) : `ended ${since(-leftMs)} ago`;
}
