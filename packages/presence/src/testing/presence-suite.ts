import type { ClientStatus } from '@route/protocol';
import { describe, expect, test } from 'vitest';
import type { Presence, UpdateOutcome } from '../presence.ts';
import { client, committed, queryOf, stateOf, updateOf } from './asking.ts';
import { describeLinks } from './links-suite.ts';

/** One engine under test. */
export interface TestEngine extends AsyncDisposable {
  readonly presence: Presence;
  /** Ends the grace of all pending users and returns the users announced offline so far. */
  announced(): Promise<readonly number[]>;
}

const A = 'engine.1';
const B = 'engine.2';
const USER = 7;
const OTHER = 8;
const LARGEST_ID = 4_294_967_295;

/** The behaviour of every engine, whatever it stores its state in. */
export function describePresence(name: string, open: () => Promise<TestEngine>): void {
  const withLinks = async (): Promise<TestEngine> => {
    const engine = await open();
    engine.presence.openLink(A, { standby: false });
    engine.presence.openLink(B, { standby: false });
    return engine;
  };

  describe(`presence in ${name}: status updates`, () => {
    test('a user has a PC client, only other clients, or none', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const states = [];
      for (const update of [
        client(USER, 'ios', 'online'),
        client(USER, 'windows', 'online'),
        client(USER, 'ios', 'offline'),
        client(USER, 'mac', 'online'),
        client(USER, 'windows', 'offline'),
        client(USER, 'android', 'online'),
        client(USER, 'mac', 'offline'),
        client(USER, 'android', 'offline'),
      ]) {
        states.push(committed(await updateOf(presence, A, update)).state);
      }
      expect(states).toEqual([
        ...['mobile-only', 'pc', 'pc', 'pc', 'pc', 'pc'],
        ...['mobile-only', 'gone'],
      ]);
    });

    test('as many clients of a type as came must go', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      for (let i = 0; i < 5; i++) await updateOf(presence, A, client(USER, 'windows', 'online'));
      const states = [];
      for (let i = 0; i < 5; i++) {
        const outcome = await updateOf(presence, A, client(USER, 'windows', 'offline'));
        states.push(committed(outcome).state);
      }
      expect(states).toEqual(['pc', 'pc', 'pc', 'pc', 'gone']);
    });

    test('a client that goes away and comes back is counted once', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      for (const status of ['online', 'leave', 'online', 'leave', 'leave'] as const) {
        expect(committed(await updateOf(presence, A, client(USER, 'mac', status))).state).toBe(
          'pc',
        );
      }
      const outcome = await updateOf(presence, A, client(USER, 'mac', 'offline'));
      expect(committed(outcome).state).toBe('gone');
    });

    test('a LEAVE of a client that is not counted logs it in', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const left = await updateOf(presence, A, client(USER, 'windows', 'leave'));
      expect(committed(left).state).toBe('pc');
      const back = await updateOf(presence, A, client(USER, 'windows', 'online'));
      expect(committed(back).state).toBe('pc');
      const gone = await updateOf(presence, A, client(USER, 'windows', 'offline'));
      expect(committed(gone).state).toBe('gone');
    });

    test('an ONLINE after all away clients are back is one client more', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      for (const status of ['online', 'leave', 'online', 'online', 'offline'] as const) {
        await updateOf(presence, A, client(USER, 'windows', status));
      }
      expect(await stateOf(presence, USER)).toBe('pc');
      await updateOf(presence, A, client(USER, 'windows', 'offline'));
      expect(await stateOf(presence, USER)).toBe('gone');
    });

    test('an OFFLINE of an unreported client changes nothing and returns the state', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const nobody = await updateOf(presence, A, client(USER, 'windows', 'offline'));
      expect(committed(nobody).state).toBe('gone');
      await updateOf(presence, B, client(USER, 'windows', 'online'));
      const otherLink = await updateOf(presence, A, client(USER, 'windows', 'offline'));
      expect(committed(otherLink).state).toBe('pc');
      const otherType = await updateOf(presence, B, client(USER, 'mac', 'offline'));
      expect(committed(otherType).state).toBe('pc');
    });

    test('the clients of a user on two links are combined', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      await updateOf(presence, A, client(USER, 'windows', 'online'));
      await updateOf(presence, B, client(USER, 'android', 'online'));
      const gone = await updateOf(presence, A, client(USER, 'windows', 'offline'));
      expect(committed(gone).state).toBe('mobile-only');
      expect(await queryOf(presence, B, [USER])).toEqual([0]);
    });

    test('an online PC client can be confirmed: a commit that changes nothing', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const link = 'engine.3';
      presence.openLink(link, { standby: true });
      await updateOf(presence, link, client(OTHER, 'windows', 'online'));
      await updateOf(presence, A, client(OTHER, 'ios', 'online'));
      const told: unknown[] = [];
      // Neither a mobile client nor a client on a standby link qualifies.
      presence.confirm(OTHER, { updated: (update) => told.push(update) }, 'pc');
      const before = committed(await updateOf(presence, A, client(USER, 'mac', 'leave')));
      const confirmed = await new Promise<UpdateOutcome>((resolve) => {
        const waiter = {
          updated: (update: ClientStatus, outcome: UpdateOutcome) => {
            told.push(update);
            resolve(outcome);
          },
        };
        presence.confirm(USER, waiter, 'any');
      });
      expect(told).toEqual([client(USER, 'mac', 'leave')]);
      expect(committed(confirmed).state).toBe('pc');
      expect(committed(confirmed).version).toBeGreaterThan(before.version);
      const gone = await updateOf(presence, A, client(USER, 'mac', 'offline'));
      expect(committed(gone).state).toBe('gone');
    });

    test('a mobile client is confirmed if there is no PC client, and only with which=any', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      await updateOf(presence, A, client(USER, 'ios', 'leave'));
      const told: unknown[] = [];
      presence.confirm(USER, { updated: (update) => told.push(update) }, 'pc');
      const outcome = await new Promise<UpdateOutcome>((resolve) => {
        presence.confirm(USER, { updated: (_, became) => resolve(became) }, 'any');
      });
      expect(committed(outcome).state).toBe('mobile-only');
      expect(told).toEqual([]);
    });

    test('versions of a user grow from commit to commit, whichever link makes them', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const outcomes = [];
      for (let i = 0; i < 40; i++) {
        const status = i % 4 < 2 ? 'online' : 'offline';
        outcomes.push(updateOf(presence, i % 2 === 0 ? A : B, client(USER, 'mac', status)));
      }
      const versions = (await Promise.all(outcomes)).map((outcome) => committed(outcome).version);
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    });

    test('the smallest and the largest user id are users like any other', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      for (const userId of [0, LARGEST_ID]) {
        const come = await updateOf(presence, A, client(userId, 'windows', 'online'));
        expect(committed(come).state).toBe('pc');
      }
      expect(await queryOf(presence, A, [LARGEST_ID, 0, 1])).toEqual([1, 1, 0]);
      presence.closeLink(A, 'release');
      expect(await queryOf(presence, B, [LARGEST_ID, 0, 1])).toEqual([0, 0, 0]);
    });
  });

  describe(`presence in ${name}: snapshots`, () => {
    test('each entry stands for a client, and a second snapshot adds to the first', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [
        client(USER, 'windows', 'online'),
        client(USER, 'windows', 'online'),
      ]);
      presence.addClients(A, [client(USER, 'windows', 'online')]);
      const states = [];
      for (let i = 0; i < 3; i++) {
        const outcome = await updateOf(presence, A, client(USER, 'windows', 'offline'));
        states.push(committed(outcome).state);
      }
      expect(states).toEqual(['pc', 'pc', 'gone']);
    });

    test('LEAVE entries are clients that are away, OFFLINE entries remove one', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [
        client(USER, 'windows', 'leave'),
        client(USER, 'windows', 'leave'),
        client(OTHER, 'mac', 'online'),
        client(OTHER, 'mac', 'offline'),
        client(OTHER, 'ios', 'offline'),
      ]);
      expect(await queryOf(presence, A, [USER, OTHER])).toEqual([1, 0]);
      // Both come back, which changes no count: two OFFLINEs remove them.
      for (const status of ['online', 'online', 'offline', 'offline'] as const) {
        await updateOf(presence, A, client(USER, 'windows', status));
      }
      expect(await stateOf(presence, USER)).toBe('gone');
      expect(await stateOf(presence, OTHER)).toBe('gone');
    });

    test('20,000 users are visible to a query made right after, and gone with their link', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const ids = Array.from({ length: 20_000 }, (_, i) => i * 3);
      presence.addClients(
        A,
        ids.map((id) => client(id, id % 2 === 0 ? 'windows' : 'ios', 'online')),
      );
      const expected = ids.map((id) => (id % 2 === 0 ? 1 : 0));
      expect(await queryOf(presence, A, ids)).toEqual(expected);
      expect(presence.userCount).toBe(20_000);
      presence.closeLink(A, 'release');
      expect(presence.userCount).toBe(0);
      expect(await queryOf(presence, B, ids)).toEqual(ids.map(() => 0));
    });

    test('a query between a snapshot and an OFFLINE sees the user', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online')]);
      const between = queryOf(presence, A, [USER]);
      const update = updateOf(presence, A, client(USER, 'windows', 'offline'));
      const after = queryOf(presence, A, [USER]);
      expect(await between).toEqual([1]);
      expect(committed(await update).state).toBe('gone');
      expect(await after).toEqual([0]);
    });
  });

  describe(`presence in ${name}: queries`, () => {
    test('the answer follows the order of the query, repeats included', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(1, 'windows', 'online'), client(2, 'ios', 'online')]);
      expect(await queryOf(presence, B, [2, 1, 3, 1, 1, 2])).toEqual([0, 1, 0, 1, 1, 0]);
      expect(await queryOf(presence, B, [])).toEqual([]);
    });

    test('a query sees earlier updates and not later ones', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const before = queryOf(presence, A, [USER]);
      const come = updateOf(presence, A, client(USER, 'windows', 'online'));
      const between = queryOf(presence, A, [USER, USER]);
      const go = updateOf(presence, A, client(USER, 'windows', 'offline'));
      const after = queryOf(presence, A, [USER]);
      expect(await before).toEqual([0]);
      expect(committed(await come).state).toBe('pc');
      expect(await between).toEqual([1, 1]);
      expect(committed(await go).state).toBe('gone');
      expect(await after).toEqual([0]);
    });
  });

  describeLinks(name, withLinks);
}
