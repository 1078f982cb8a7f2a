import { waitFor } from '@route/fixtures';
import {
  CLIENT_TYPE,
  type ClientStatus,
  type ClientType,
  decodeMessage,
  USER_STATUS,
} from '@route/protocol';
import { expect } from 'vitest';
import type { TestLink } from '../harness/index.ts';

/** User ids from `first` on, `count` of them. */
export function userIds(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** An online list with one client a user. */
export function clientsOf(
  users: readonly number[],
  clientType: ClientType = CLIENT_TYPE.windows,
): ClientStatus[] {
  return users.map((userId) => ({ userId, status: USER_STATUS.online, clientType }));
}

/** A Windows client that comes online. */
export function online(userId: number): ClientStatus {
  return { userId, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows };
}

/** A Windows client that goes offline. */
export function offline(userId: number): ClientStatus {
  return { userId, status: USER_STATUS.offline, clientType: CLIENT_TYPE.windows };
}

/** Returns the users that a query reports ONLINE. */
export async function onlineAmong(
  link: TestLink,
  users: readonly number[],
  deadlineMs?: number,
): Promise<number[]> {
  const stats = await link.query(users, deadlineMs);
  return stats.filter(({ status }) => status === USER_STATUS.online).map(({ userId }) => userId);
}

/** Expected presence: users online and users offline. */
export interface Expected {
  readonly online: readonly number[];
  readonly offline?: readonly number[];
  readonly deadlineMs?: number;
}

/** Waits until a query on each link finds exactly the expected users online. */
export async function waitForPresence(
  links: readonly TestLink[],
  { online, offline = [], deadlineMs = 10_000 }: Expected,
): Promise<void> {
  const all = [...online, ...offline];
  for (const link of links) {
    await waitFor(
      async () => {
        expect(await onlineAmong(link, all)).toEqual([...online]);
        return true;
      },
      { what: `presence to be exact on link ${link.address}`, deadlineMs },
    );
  }
}

/** A notification that a link has received: the user's `status`, or `login`. */
export interface Notification {
  readonly kind: 'status' | 'login';
  readonly userId: number;
  readonly value: number;
}

/** All notifications that a link has received so far, in order. */
export function notificationsOn(link: TestLink): Notification[] {
  return link.received.flatMap(({ bytes }): Notification[] => {
    const message = decodeMessage(bytes);
    if (message?.command === 'status_notify') {
      const { userId, status } = message.fields.userStat;
      return [{ kind: 'status', userId, value: status }];
    }
    if (message?.command === 'login_status_notify') {
      const { userId, loginStatus } = message.fields;
      return [{ kind: 'login', userId, value: loginStatus }];
    }
    return [];
  });
}

/** The last notification of a kind on a link for each user. */
export function lastNotifications(
  link: TestLink,
  kind: Notification['kind'],
): ReadonlyMap<number, number> {
  const notifications = notificationsOn(link).filter((notification) => notification.kind === kind);
  return new Map(notifications.map(({ userId, value }) => [userId, value]));
}
