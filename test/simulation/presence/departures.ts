import type { UserState as State } from '@route/presence';
import { type ClientStatus, isPc, USER_STATUS } from '@route/protocol';
import type { SimLink } from './msg-server.ts';
import type { World } from './world.ts';

/** What happened to a user in the current episode. */
export interface UserDoings {
  /** State of the user on all links together at its start. */
  readonly before: State;
  updates: { client: ClientStatus; link: SimLink; at: number }[];
  /** Number of PC clients that disconnected with their link. */
  pcLinkEnds: number;
  /** Number of times that the user's live node was reaped. */
  reaped: number;
  pcListed: number;
  mobileCame: number;
  /** Nodes that handled the user's changes: if one dies, its notifications may be lost. */
  viaNodes: Set<string>;
}

interface DeparturesOptions {
  readonly world: World;
  readonly users: Iterable<readonly [userId: number, doings: UserDoings]>;
  /** Departures from then, in virtual ms. */
  readonly sinceMs: number;
  /** Departures until then: later ones may still be on their way. */
  readonly untilMs: number;
  /** Whether a link has been open, and its node has reached Redis, since some time before. */
  isSound(link: SimLink, sinceMs: number): boolean;
}

/** Yields clients that went offline on an open link and stay in Redis, or are not announced. */
export function* unseenDepartures(options: DeparturesOptions): Generator<string> {
  const { world, users, sinceMs, untilMs, isSound } = options;
  for (const [userId, user] of users) {
    const last = user.updates.at(-1);
    if (last === undefined || last.at < sinceMs || last.at > untilMs) continue;
    const { client, link, at } = last;
    if (client.status !== USER_STATUS.offline || link.model.state(userId) !== 'gone') continue;
    if (!isSound(link, sinceMs)) continue;
    const key = [...world.network.target.redis.database(0).keys].find(
      ([name, stored]) =>
        name.endsWith(`:link-users:${link.id}`) &&
        stored.type === 'set' &&
        stored.value.has(String(userId)),
    );
    if (key !== undefined) yield `user ${userId} stays in ${key[0]}, in a Redis that is full`;
    const wentByUpdates = user.pcLinkEnds === 0 && user.reaped === 0;
    if (world.truth(userId) !== 'gone' || !wentByUpdates || !isPc(client.clientType)) continue;
    for (const other of world.links) {
      const isTold = other.told.some(
        (told) => told.userId === userId && told.kind === 'offline' && told.at >= at,
      );
      if (isSound(other, at) && !isTold)
        yield `link ${other.id} is not told that ${userId} is gone`;
    }
  }
}
