import type { TotalsView, UserLink, UsersView } from '@route/admin-api';
import { type LinkId, nodeOf, type Presence, type UserConnection } from '@route/presence';
import type { Link } from '../link/link.ts';
import type { CachedStats } from '../observability/presence-stats.ts';
import { ApiError, redisAway } from './http/api-error.ts';
import { json, type Route } from './http/route.ts';
import { wallClock } from './link-view.ts';

export interface PresenceSources {
  readonly nodeId: string;
  readonly presence: Presence;
  readonly totals: CachedStats;
  /** A link of this node. */
  linkOf(id: LinkId): Link | undefined;
}

const MOST_USERS = 100;
const MOST_ID = 0xffff_ffff;

/** Where users are online, and their number. */
export function presenceRoutes(sources: PresenceSources): Route[] {
  const { nodeId, presence, totals } = sources;
  return [
    {
      method: 'GET',
      path: '/api/v1/totals',
      handle: async () => {
        const { stats, countedAtMs } = await totals.read();
        const { users, pcUsers, clients, away } = stats;
        const view: TotalsView = {
          node: nodeId,
          countedAtMs,
          users,
          pcUsers,
          mobileOnlyUsers: users - pcUsers,
          clients,
          away,
        };
        return json(view);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/users/:ids',
      handle: async ({ params }) => {
        const ids = readIds(params['ids'] ?? '');
        const found = await presence.userConnections(ids).catch(redisAway);
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

function userLink({ linkOf }: PresenceSources, { link, clients, away }: UserConnection): UserLink {
  const here = linkOf(link);
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
