import { waitFor } from '@route/fixtures';
import { SHARD_COUNT, shardOf } from '@route/redis';
import { describe, expect, test } from 'vitest';
import { addStats, EMPTY_STATS } from '../ledger/presence-stats.ts';
import type { UserConnections } from '../presence.ts';
import { client, updateOf } from './asking.ts';
import type { TestEngine } from './presence-suite.ts';

const A = 'engine.1';
const B = 'engine.2';
const USER = 7;
const OTHER = 8;
const NOBODY = 9;
const NONE = { windows: 0, mac: 0, ios: 0, android: 0 };

/** The read-only methods of every engine. */
export function describeReading(name: string, open: () => Promise<TestEngine>): void {
  const withLinks = async (): Promise<TestEngine> => {
    const engine = await open();
    engine.presence.openLink(A, { standby: false });
    engine.presence.openLink(B, { standby: false });
    return engine;
  };

  describe(`presence in ${name}: read-only methods`, () => {
    test('userConnections returns the clients of users by link, and which of them are away', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [
        client(USER, 'windows', 'online'),
        client(USER, 'windows', 'leave'),
        client(USER, 'ios', 'online'),
        client(OTHER, 'android', 'online'),
      ]);
      presence.addClients(B, [client(USER, 'mac', 'leave')]);
      const found = await waitFor(
        async () => {
          const users = await presence.userConnections([OTHER, USER, NOBODY, USER]);
          return users.flatMap(({ connections }) => connections).length === 5 && users;
        },
        { what: 'both lists to stand' },
      );
      expect(found.map(({ userId, state }) => [userId, state])).toEqual([
        [OTHER, 'mobile-only'],
        [USER, 'pc'],
        [NOBODY, 'gone'],
        [USER, 'pc'],
      ]);
      expect(byLink(found[1])).toEqual([
        {
          link: A,
          clients: { ...NONE, windows: 2, ios: 1 },
          away: { ...NONE, windows: 1 },
        },
        { link: B, clients: { ...NONE, mac: 1 }, away: { ...NONE, mac: 1 } },
      ]);
      expect(found[2]?.connections).toEqual([]);
    });

    test('userCountOf returns the number of users of each link', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online'), client(OTHER, 'mac', 'online')]);
      expect([A, B, 'engine.99'].map((link) => presence.userCountOf(link))).toEqual([2, 0, 0]);
      await updateOf(presence, A, client(OTHER, 'mac', 'offline'));
      expect(presence.userCountOf(A)).toBe(1);
      presence.closeLink(A, 'release');
      expect(presence.userCountOf(A)).toBe(0);
    });

    test('stats returns the number of clients of each type by shard', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [
        client(USER, 'windows', 'online'),
        client(USER, 'ios', 'online'),
        client(OTHER, 'android', 'leave'),
      ]);
      presence.addClients(B, [client(USER, 'windows', 'leave')]);
      let all = EMPTY_STATS;
      for (let shard = 0; shard < SHARD_COUNT; shard++) {
        all = addStats(all, presence.stats(shard));
      }
      expect(all).toEqual({
        users: 3,
        pcUsers: 2,
        clients: { windows: 2, mac: 0, ios: 1, android: 1 },
        away: { windows: 1, mac: 0, ios: 0, android: 1 },
      });
      expect(presence.stats(shardOf(OTHER)).clients).toEqual({ ...NONE, android: 1 });
    });
  });
}

function byLink(user: UserConnections | undefined) {
  return user?.connections.toSorted((a, b) => (a.link < b.link ? -1 : 1));
}
