import type { EventsView } from '@route/admin-api';
import { z } from 'zod';
import { whole } from '../../config/setting-kinds.ts';
import { readQuery } from '../http/query.ts';
import { type ApiRequest, json, type Route } from '../http/route.ts';
import type { AdminSources } from '../sources.ts';

const MOST = 2000;

/** The requested events. */
export const eventsQuery = z.strictObject({
  after: whole(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: whole(1, MOST).default(200),
});

/** The node's recent events: once, or as a stream. */
export function eventRoutes({ nodeId, eventLog }: AdminSources): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/events',
      handle: ({ query }) => {
        const { after, limit } = readQuery(eventsQuery, query);
        const events = [...eventLog.after(after, limit)];
        const view: EventsView = { node: nodeId, lastSeq: eventLog.lastSeq, events };
        return json(view);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/events/stream',
      handle: (request) => {
        const { after, limit } = readQuery(eventsQuery, request.query);
        const from = Math.max(after, lastEventId(request));
        return {
          kind: 'stream',
          start: (stream) => {
            for (const event of eventLog.after(from, limit)) stream.send(event, event.seq);
            return eventLog.listen((event) => stream.send(event, event.seq));
          },
        };
      },
    },
  ];
}

/** Sent by a browser's EventSource when it reconnects. */
function lastEventId({ headers }: ApiRequest): number {
  const given = Number(headers['last-event-id']);
  return Number.isSafeInteger(given) ? given : 0;
}
