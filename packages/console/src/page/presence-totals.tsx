import type { ClientCounts } from '@route/admin-api';
import type { NodeState } from './cluster-state.ts';
import { TableHead } from './table.tsx';
import { count, countsByName } from './words.ts';

const NAMES = new Map([
  ['windows', 'Windows'],
  ['mac', 'Mac'],
  ['ios', 'iOS'],
  ['android', 'Android'],
]);

/** Each type of any node: how many clients are there, on all nodes together. */
function countsOf(all: readonly ClientCounts[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [type, n] of all.flatMap(countsByName)) counts.set(type, (counts.get(type) ?? 0) + n);
  return counts;
}

/** How many clients of each type are there, on all nodes together. */
export function PresenceTotals({ nodes }: { readonly nodes: readonly NodeState[] }) {
  const totals = nodes.map((node) => node.totals).filter((each) => each !== undefined);
  const sum = (read: (each: (typeof totals)[number]) => number) =>
    totals.reduce((all, each) => all + read(each), 0);
  const clientCounts = countsOf(totals.map(({ clients }) => clients));
  const awayCounts = countsOf(totals.map(({ away }) => away));
  const types = new Set([...NAMES.keys(), ...clientCounts.keys()]);
  return (
    <section class="totals" aria-labelledby="totals-title">
      <h2 id="totals-title">Presence</h2>
      <dl>
        <Figure name="users" value={sum(({ users }) => users)} />
        <Figure name="on a PC" value={sum(({ pcUsers }) => pcUsers)} />
        <Figure name="mobile only" value={sum(({ mobileOnlyUsers }) => mobileOnlyUsers)} />
      </dl>
      <table>
        <caption>Clients by type; a user on two links counts twice</caption>
        <TableHead titles={['Type', { number: 'Clients' }, { number: 'Of these away' }]} />
        <tbody>
          {[...types].map((type) => (
            <tr key={type} data-type={type}>
              <th scope="row">{NAMES.get(type) ?? type}</th>
              <td class="number">{count(clientCounts.get(type) ?? 0)}</td>
              <td class="number">{count(awayCounts.get(type) ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{count(value)}</dd>
    </div>
  );
}
