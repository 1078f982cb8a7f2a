import { waitFor } from '@route/fixtures';
import { describe, expect, test } from 'vitest';
import { client, committed, queryOf, stateOf, updateOf } from './asking.ts';
import type { TestEngine } from './presence-suite.ts';

const A = 'engine.1';
const B = 'engine.2';
const USER = 7;
const OTHER = 8;

/**
 * Links that open, close, linger and change roles, in every engine. `withLinks` has A and B open.
 */
export function describeLinks(name: string, withLinks: () => Promise<TestEngine>): void {
  describe(`presence in ${name}: links`, () => {
    test("a link's end removes exactly what the link added", async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [
        client(USER, 'windows', 'online'),
        client(USER, 'windows', 'online'),
        client(OTHER, 'mac', 'online'),
      ]);
      await updateOf(presence, B, client(USER, 'windows', 'online'));
      await updateOf(presence, B, client(USER, 'ios', 'online'));
      presence.closeLink(A, 'release');
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([1, 0]);
      const gone = await updateOf(presence, B, client(USER, 'windows', 'offline'));
      expect(committed(gone).state).toBe('mobile-only');
    });

    // Regression: an update in progress that a list reverted before it was sent stayed as long as
    // its node.
    test('a link that closes also removes what was still on its way', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const update = updateOf(presence, A, client(USER, 'mac', 'leave'));
      presence.addClients(A, [client(USER, 'mac', 'offline')]);
      presence.closeLink(A, 'release');
      await update;
      expect(await stateOf(presence, USER)).toBe('gone');
    });

    test('a link that closes at once leaves nothing', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online')]);
      const update = updateOf(presence, A, client(OTHER, 'windows', 'online'));
      presence.closeLink(A, 'release');
      await update;
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([0, 0]);
      expect(await stateOf(presence, USER)).toBe('gone');
      expect(presence.userCount).toBe(0);
    });

    test('a standby link does not count until it is promoted', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const standby = 'engine.3';
      presence.openLink(standby, { standby: true });
      presence.addClients(standby, [client(USER, 'windows', 'online')]);
      const outcome = await updateOf(presence, standby, client(OTHER, 'ios', 'online'));
      expect(outcome).toEqual({ kind: 'standby' });
      expect(await queryOf(presence, standby, [USER])).toEqual([0]);
      presence.setStandby(standby, false);
      expect(await queryOf(presence, standby, [USER])).toEqual([1]);
      expect(await stateOf(presence, OTHER)).toBe('mobile-only');
    });

    test('setting a link on standby removes its users, and promoting it adds its current users', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online'), client(OTHER, 'mac', 'online')]);
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([1, 1]);
      presence.setStandby(A, true);
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([0, 0]);
      await updateOf(presence, A, client(USER, 'windows', 'offline'));
      presence.setStandby(A, false);
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([0, 1]);
      presence.closeLink(A, 'release');
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([0, 0]);
    });

    test('a link set and unset on standby many times ends as it was set last', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online')]);
      for (let i = 0; i < 9; i++) presence.setStandby(A, i % 2 === 0);
      expect(await stateOf(presence, USER)).toBe('gone');
      for (let i = 0; i < 9; i++) presence.setStandby(A, i % 2 === 1);
      expect(await stateOf(presence, USER)).toBe('pc');
    });

    test('users of an ended link are announced offline once, unless they are back or never counted', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      const standby = 'engine.3';
      presence.openLink(standby, { standby: true });
      presence.addClients(standby, [client(99, 'windows', 'online')]);
      presence.addClients(
        A,
        [1, 2, 3].map((id) => client(id, 'windows', 'online')),
      );
      // Standby twice, and for a link that never counted.
      presence.setStandby(standby, true);
      presence.setStandby(A, true);
      presence.setStandby(A, true);
      presence.closeLink(standby, 'release');
      presence.addClients(B, [client(2, 'mac', 'online')]);
      presence.closeLink(A, 'release');
      expect(await engine.announced()).toEqual([1, 3]);
      expect(await engine.announced()).toEqual([1, 3]);
    });

    test('a pending user with an OFFLINE on another link within the grace is announced only by that', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(
        A,
        [1, 2, 3].map((id) => client(id, 'windows', 'online')),
      );
      presence.addClients(B, [client(2, 'ios', 'online'), client(3, 'ios', 'online')]);
      presence.closeLink(A, 'release');
      await updateOf(presence, B, client(1, 'windows', 'offline'));
      await updateOf(presence, B, client(2, 'mac', 'offline'));
      // This OFFLINE announces no status.
      await updateOf(presence, B, client(3, 'ios', 'offline'));
      expect(await engine.announced()).toEqual([3]);
    });

    test('a lingering link still counts for a while, and then removes what it added', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online'), client(OTHER, 'mac', 'online')]);
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([1, 1]);
      presence.closeLink(A, 'linger');
      expect(presence.lingeringLinks).toBe(1);
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([1, 1]);
      // Its msg_server reconnects on another link, with one of the two users.
      presence.addClients(B, [client(USER, 'windows', 'online')]);
      await waitFor(() => presence.lingeringLinks === 0, { what: 'the link to linger no longer' });
      expect(await queryOf(presence, B, [USER, OTHER])).toEqual([1, 0]);
      expect(presence.userCount).toBe(1);
    });

    test('a standby link does not linger', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.addClients(A, [client(USER, 'windows', 'online')]);
      presence.setStandby(A, true);
      presence.closeLink(A, 'linger');
      expect(presence.lingeringLinks).toBe(0);
      expect(presence.userCount).toBe(0);
    });

    test('a link that is not open is refused', async () => {
      await using engine = await withLinks();
      const { presence } = engine;
      presence.closeLink(A, 'release');
      expect(() => presence.addClients(A, [])).toThrow('link engine.1 is not open');
      expect(() => presence.setStandby(A, true)).toThrow('link engine.1 is not open');
    });
  });
}
