import { useState } from 'preact/hooks';
import type { LinkState } from './cluster-state.ts';
import { Scroller, TableHead } from './table.tsx';
import { bytes, count, shortId, since, timeOfDay } from './words.ts';

/** A link, with the node that it is on. */
export type PlacedLink = LinkState & { readonly at: string };

interface LinkTableProps {
  readonly links: readonly PlacedLink[];
  readonly marked: ReadonlySet<string>;
}

/** All nodes' links, one a row. */
export function LinkTable({ links, marked }: LinkTableProps) {
  const [text, setText] = useState('');
  const shown = links.filter((link) =>
    `${link.at} ${link.peer} ${link.link}`.includes(text.trim()),
  );
  return (
    <section id="links" class="wide" aria-labelledby="links-title" tabIndex={-1}>
      <h2 id="links-title">Links</h2>
      <p class="filter">
        <label for="link-filter">Only with</label>{' '}
        <input
          id="link-filter"
          type="search"
          autocomplete="off"
          placeholder="node, address or link"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />{' '}
        <span>
          {count(shown.length)} of {count(links.length)}
        </span>
      </p>
      <Scroller label="Links">
        <table>
          <TableHead
            titles={[
              'msg_server',
              'Node',
              'Role',
              'State',
              { number: 'Users' },
              { number: 'PDUs received' },
              { number: 'Received' },
              { number: 'Sent' },
              { number: 'Unsent' },
              { number: 'Silent for' },
              'Opened',
            ]}
          />
          <tbody>
            {shown.map((link) => (
              <LinkRow key={link.link} link={link} marked={marked.has(link.link)} />
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}

function LinkRow({ link, marked }: { readonly link: PlacedLink; readonly marked: boolean }) {
  return (
    <tr data-row={link.link}>
      <th scope="row" class={marked ? 'marked' : ''}>
        {link.peer}
      </th>
      <td>
        <code title={link.at}>{shortId(link.at)}</code>
      </td>
      <td>{link.role === 'none' ? 'not declared' : link.role}</td>
      <td>{stateOf(link)}</td>
      <td class="number">{count(link.users)}</td>
      <td class="number">{count(link.receivedPdus)}</td>
      <td class="number">{bytes(link.receivedBytes)}</td>
      <td class="number">{bytes(link.sentBytes)}</td>
      <td class="number">{bytes(link.unsentBytes)}</td>
      <td class="number">{since(link.silentMs)}</td>
      <td>{timeOfDay(link.openedAtMs)}</td>
    </tr>
  );
}

const READING: Readonly<Record<LinkState['reading'], string>> = {
  reading: 'read',
  held: 'paused',
  'waits-for-presence': 'waits for presence',
};

function stateOf({ state, counts, reading }: PlacedLink): string {
  if (state === 'ending') return 'ending';
  return counts ? READING[reading] : `${READING[reading]}, does not count`;
}
