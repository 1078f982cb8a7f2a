import { setImmediate as turn } from 'node:timers/promises';
import type { TotalsView, UserLink, UsersView } from '@route/admin-api';
import { addStats, EMPTY_STATS, nodeOf, type UserConnection } from '@route/presence';
import { SHARD_COUNT } from '@route/redis';
import { ApiError, redisAway } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';
import { TtlCache } from './http/ttl-cache.ts';
import type { AdminSources } from './sources.ts';
import { wallClock } from './views.ts';

/** Requests for the totals within this time get the same answer. */
const KEEP_MS = 5000;

const MOST_USERS = 100;
const MOST_ID = 0xffff_ffff;

/** Where users are online, and their number. */
export function presenceRoutes(sources: AdminSources): Route[] {
  const { nodeId, engine } = sources;
  const totals = new TtlCache<TotalsView>(KEEP_MS);
  return [
    {
      method: 'GET',
      path: '/api/v1/totals',
      handle: async () => json(await totals.get('all', () => countUsers(sources))),
    },
    {
      method: 'GET',
      path: '/api/v1/users/:ids',
      handle: async ({ params }) => {
        const ids = readIds(params['ids'] ?? '');
        const found = await engine.presence.userConnections(ids).catch(redisAway);
        const view: UsersView = {
          node: nodeId,
          users: found.map(({ userId, state, connections }) => ({
            userId,
            status: state === 'pc' ? 'online' : 'offline',
            state,
            links: connections.map((holding) => userLink(sources, holding)),
          })),
        };
        return json(view);
      },
    },
  ];
}

/** Counts the users of the node's links, in short slices. */
async function countUsers({ nodeId, engine }: AdminSources): Promise<TotalsView> {
  let stats = EMPTY_STATS;
  for (let shard = 0; shard < SHARD_COUNT; shard++) {
    stats = addStats(stats, engine.presence.stats(shard));
    // Relaying continues between two shards.
    await turn();
  }
  const { users, pcUsers, clients, away } = stats;
  return {
    node: nodeId,
    countedAtMs: Date.now(),
    users,
    pcUsers,
    mobileOnlyUsers: users - pcUsers,
    clients,
    away,
  };
}

function userLink({ links }: AdminSources, { link, clients, away }: UserConnection): UserLink {
  const here = links.find(link);
  return {
    link,
    node: nodeOf(link),
    clients,
    peer: here?.peer ?? null,
    openedAtMs: here === undefined ? null : wallClock(here.openedAtMs),
    away: away ?? null,
  };
}

function readIds(text: string): number[] {
  const parts = text.split(',');
  const wrong = parts.filter((part) => !/^\d{1,10}$/.test(part) || Number(part) > MOST_ID);
  if (wrong.length > 0 || parts.length > MOST_USERS) {
    const given = wrong.length > 0 ? wrong.map((part) => JSON.stringify(part)).join(', ') : text;
    throw new ApiError(
      'bad-request',
      `ids are ${given}: expected 1 to ${MOST_USERS} integers from 0 to ${MOST_ID}, with commas`,
    );
  }
  return parts.map(Number);
}
