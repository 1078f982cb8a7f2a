import type { ClientCounts } from '@route/admin-api';
import type { NodeState } from './cluster-state.ts';
import { count } from './words.ts';

const TYPES = [
  ['windows', 'Windows'],
  ['mac', 'Mac'],
  ['ios', 'iOS'],
  ['android', 'Android'],
] as const satisfies readonly (readonly [keyof ClientCounts, string])[];

/** How many clients of each type are there, on all nodes together. */
export function PresenceTotals({ nodes }: { readonly nodes: readonly NodeState[] }) {
  const totals = nodes.map((node) => node.totals).filter((each) => each !== undefined);
  const sum = (read: (each: (typeof totals)[number]) => number) =>
    totals.reduce((all, each) => all + read(each), 0);
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
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              Clients
            </th>
            <th scope="col" class="number">
              Of these away
            </th>
          </tr>
        </thead>
        <tbody>
          {TYPES.map(([type, name]) => (
            <tr key={type} data-type={type}>
              <th scope="row">{name}</th>
              <td class="number">{count(sum(({ clients }) => clients[type]))}</td>
              <td class="number">{count(sum(({ away }) => away[type]))}</td>
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
