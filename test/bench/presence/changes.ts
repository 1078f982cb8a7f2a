import type { Reading } from '../scenario.ts';
import { queryPdus, updatePdus } from './pdus.ts';
import type { Stage } from './stage.ts';
import { sumOf, usersFrom } from './users.ts';

const WARM_UP_USERS = 20_000;

/** Two links, in turn on the nodes, and the users that connect on each. */
async function twoLinks(stage: Stage, usersPerLink: number) {
  const links = [await stage.link(0), await stage.link(stage.nodes.length - 1)];
  return links.map((link, i) => ({ link, userIds: usersFrom(1 + i * usersPerLink, usersPerLink) }));
}

/**
 * Mobile clients connect on two links at full speed, without notifications: until all are in Redis.
 */
export async function measureMobileUpdates(stage: Stage, usersPerLink: number): Promise<Reading> {
  const links = await twoLinks(stage, usersPerLink);
  const came = (userIds: readonly number[]): Buffer =>
    // The query is answered after everything before it.
    Buffer.concat([
      updatePdus(userIds, { status: 'online', clientType: 'ios' }),
      queryPdus([1], 1),
    ]);
  const [first] = links;
  await first?.link.send(came(usersFrom(2_000_000_000, WARM_UP_USERS)));
  await first?.link.until('answer to the warm-up', ({ responses }) => responses === 1);
  const before = links.map(({ link }) => link.received.responses);
  const bytes = links.map(({ userIds }) => came(userIds));
  const { seconds, cores } = await stage.timed(async () => {
    await Promise.all(links.map(({ link }, i) => link.send(bytes[i] ?? Buffer.alloc(0))));
    await Promise.all(
      links.map(({ link }, i) => {
        return link.until('last answer', ({ responses }) => responses === (before[i] ?? 0) + 1);
      }),
    );
  });
  const users = 2 * usersPerLink;
  const stored = (await stage.usersInRedis()) - WARM_UP_USERS;
  if (stored !== users) throw new Error(`Redis knows ${stored} users, expected ${users}`);
  return { changesPerSecond: users / seconds, ...cores };
}

/**
 * PC clients connect on two links at full speed: until each link has both notifications of every
 * client.
 */
export async function measureLogins(stage: Stage, usersPerLink: number): Promise<Reading> {
  const links = await twoLinks(stage, usersPerLink);
  const came = (userIds: readonly number[]): Buffer =>
    updatePdus(userIds, { status: 'online', clientType: 'windows' });
  const warmUp = usersFrom(2_000_000_000, WARM_UP_USERS);
  await links[0]?.link.send(came(warmUp));
  for (const { link } of links)
    await link.until('warm-up', (got) => got.statuses === WARM_UP_USERS);
  const bytes = links.map(({ userIds }) => came(userIds));
  const told = WARM_UP_USERS + 2 * usersPerLink;
  const { seconds, cores } = await stage.timed(async () => {
    await Promise.all([
      ...links.map(({ link }, i) => link.send(bytes[i] ?? Buffer.alloc(0))),
      ...links.map(({ link }) => {
        return link.until(
          'last notification',
          (got) => got.logins === told && got.statuses === told,
        );
      }),
    ]);
  });
  const ids = sumOf(warmUp) + sumOf(links.flatMap(({ userIds }) => userIds));
  for (const { link } of links) {
    const { loginIds, statusIds } = link.received;
    if (loginIds !== ids || statusIds !== ids)
      throw new Error('notifications for unexpected users');
  }
  return { changesPerSecond: (2 * usersPerLink) / seconds, ...cores };
}
