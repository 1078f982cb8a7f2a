import type { ClientCounts, UserView } from '@route/admin-api';
import { useState } from 'preact/hooks';
import { api } from './api.ts';
import type { PlacedLink } from './link-table.tsx';
import { TableHead } from './table.tsx';
import { countsByName, shortId, timeOfDay } from './words.ts';

type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'found'; readonly users: readonly UserView[]; readonly atMs: number };

interface LookupProps {
  /** All nodes' links: a node knows the msg_server of its own alone. */
  readonly links: readonly PlacedLink[];
  /** Has links stand out in the drawing and the table. */
  readonly mark: (links: ReadonlySet<string>) => void;
}

const STATES: Readonly<Record<UserView['state'], string>> = {
  pc: 'online with a PC client',
  'mobile-only': 'on mobile clients alone; a status query says offline',
  gone: 'on no link',
};

/** Where users are. */
export function UserLookup({ links, mark }: LookupProps) {
  const [ids, setIds] = useState('');
  const [answer, setAnswer] = useState<Answer>({ kind: 'none' });

  async function lookUp(event: Event): Promise<void> {
    event.preventDefault();
    const asked = ids.split(/[\s,]+/).filter((id) => id !== '');
    if (asked.length === 0) {
      setAnswer({ kind: 'refused', why: 'Give a user id, or several with commas between.' });
      return;
    }
    setAnswer({ kind: 'asking' });
    try {
      const { users } = await api.users(asked.join(','));
      setAnswer({ kind: 'found', users, atMs: Date.now() });
      mark(new Set(users.flatMap((user) => user.links.map(({ link }) => link))));
    } catch (error) {
      setAnswer({ kind: 'refused', why: error instanceof Error ? error.message : String(error) });
      mark(new Set());
    }
  }

  return (
    <section class="lookup" aria-labelledby="lookup-title">
      <h2 id="lookup-title">Where is a user?</h2>
      <search>
        <form onSubmit={(event) => void lookUp(event)}>
          <label for="user-ids">User ids</label>
          <input
            id="user-ids"
            inputMode="numeric"
            autocomplete="off"
            placeholder="1001, 1002"
            value={ids}
            onInput={({ currentTarget }) => setIds(currentTarget.value)}
          />
          <button type="submit">Look up</button>
        </form>
      </search>
      <div role="status" class="found">
        <Found answer={answer} links={links} />
      </div>
    </section>
  );
}

function Found({ answer, links }: { readonly answer: Answer } & Pick<LookupProps, 'links'>) {
  switch (answer.kind) {
    case 'none':
      return null;
    case 'asking':
      return <p>Looking …</p>;
    case 'refused':
      return <p class="bad">{answer.why}</p>;
    case 'found':
      return (
        <>
          {answer.users.map((user) => (
            <User key={user.userId} user={user} links={links} />
          ))}
          <p class="hint">As of {timeOfDay(answer.atMs)}.</p>
        </>
      );
  }
}

function User({ user, links }: { readonly user: UserView } & Pick<LookupProps, 'links'>) {
  return (
    <>
      <p>
        User <strong>{user.userId}</strong> is {STATES[user.state]}.
      </p>
      {user.links.length > 0 && (
        <table>
          <caption class="visually-hidden">Links of user {user.userId}</caption>
          <TableHead titles={['Node', 'msg_server', 'Clients']} />
          <tbody>
            {user.links.map(({ link, node, peer, clients, away }) => (
              <tr key={link}>
                <td>
                  <code title={node}>{shortId(node)}</code>
                </td>
                <td>{peer ?? links.find((one) => one.link === link)?.peer ?? link}</td>
                <td>{clientsOf(clients, away)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function clientsOf(clients: ClientCounts, away: ClientCounts | null): string {
  const awayOf = new Map(countsByName(away ?? undefined));
  return countsByName(clients)
    .filter(([, n]) => n > 0)
    .map(([type, n]) => {
      const gone = awayOf.get(type) ?? 0;
      return `${n} ${type}${gone > 0 ? ` (${gone} away)` : ''}`;
    })
    .join(', ');
}
