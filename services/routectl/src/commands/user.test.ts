import type { UserLink, UserView } from '@route/admin-api';
import { expect, test } from 'vitest';
import { mergeUsers } from './user.ts';

const NONE = { windows: 0, mac: 0, ios: 0, android: 0 };

function link(id: string, peer: string | null): UserLink {
  const own = peer === null ? null : 5;
  return {
    link: id,
    node: 'n',
    clients: NONE,
    peer,
    openedAtMs: own,
    away: peer === null ? null : NONE,
  };
}

function user(...links: UserLink[]): UserView {
  return { userId: 7, status: 'online', state: 'pc', links };
}

test('details known only to a link’s own node come from its answer', () => {
  const a = [user(link('a.1', '10.0.0.1:1'), link('b.1', null))];
  const b = [user(link('a.1', null), link('b.1', '10.0.0.2:1'))];
  for (const answers of [
    [a, b],
    [b, a],
  ]) {
    expect(mergeUsers(answers)).toEqual([
      user(link('a.1', '10.0.0.1:1'), link('b.1', '10.0.0.2:1')),
    ]);
  }
});

test('unknown details stay unknown', () => {
  expect(mergeUsers([[user(link('a.1', null))]])).toEqual([user(link('a.1', null))]);
});
