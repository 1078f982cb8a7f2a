import { useState } from 'preact/hooks';
import type { NodeEvent } from './cluster-state.ts';
import { EVENT_KINDS, type EventKind, factsOf, isOfKind } from './event-kinds.ts';
import { Scroller } from './scroller.tsx';
import { shortId, timeOfDay } from './words.ts';

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
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Node</th>
              <th scope="col">Event</th>
              <th scope="col">Facts</th>
            </tr>
          </thead>
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
