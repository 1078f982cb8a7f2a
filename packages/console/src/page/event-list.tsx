import { useState } from 'preact/hooks';
import type { NodeEvent } from './cluster-state.ts';
import { Scroller, TableHead } from './table.tsx';
import { shortId, timeOfDay } from './words.ts';

/** Filters for events. */
const EVENT_KINDS = {
  all: 'all',
  links: 'links',
  presence: 'presence and leases',
  bus: 'bus and Redis',
  alerts: 'alerts: warnings and errors',
} as const;

type EventKind = keyof typeof EVENT_KINDS;

const BEGINNINGS: Readonly<Record<Exclude<EventKind, 'all' | 'alerts'>, RegExp>> = {
  links: /^(link|second-link)/,
  presence: /^(presence|lease|node-reaped|resync|lost|reap)/,
  bus: /^(bus|redis)/,
};

const KINDS = ['all', 'links', 'presence', 'bus', 'alerts'] as const satisfies EventKind[];

/** What happened on all nodes, newest first. */
export function EventList({ events }: { readonly events: readonly NodeEvent[] }) {
  const [kind, setKind] = useState<EventKind>('all');
  const shown = events.filter((event) => isOfKind(event, kind));
  return (
    <section id="events" class="wide" aria-labelledby="events-title">
      <h2 id="events-title">Recent events</h2>
      <p class="filter">
        <label for="event-kind">Show</label>{' '}
        <select
          id="event-kind"
          value={kind}
          onChange={({ currentTarget }) =>
            setKind(KINDS.find((each) => each === currentTarget.value) ?? 'all')
          }
        >
          {KINDS.map((each) => (
            <option key={each} value={each}>
              {EVENT_KINDS[each]}
            </option>
          ))}
        </select>
      </p>
      <Scroller label="Recent events">
        <table>
          <TableHead titles={['Time', 'Node', 'Event', 'Facts']} />
          <tbody>
            {shown.map((event) => (
              <tr key={`${event.node} ${event.seq}`} data-event={event.event}>
                <td>{timeOfDay(event.atMs)}</td>
                <td>
                  <code title={event.node}>{shortId(event.node)}</code>
                </td>
                <td>
                  {event.level !== 'info' && (
                    <strong class={`level ${event.level}`}>{event.level} </strong>
                  )}
                  {event.event}
                </td>
                <td class="facts">{factsOf(event)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      {shown.length === 0 && <p>None yet.</p>}
    </section>
  );
}

/** Whether an event is of a kind. */
function isOfKind({ event, level }: NodeEvent, kind: EventKind): boolean {
  if (kind === 'all') return true;
  if (kind === 'alerts') return level !== 'info';
  return BEGINNINGS[kind].test(event);
}

/** The details of an event in one line. */
function factsOf({ facts }: NodeEvent): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${textOf(value)}`)
    .join(', ');
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join(' ');
  if (typeof value === 'object' && value !== null && 'message' in value)
    return textOf(value.message);
  return JSON.stringify(value) ?? '';
}
