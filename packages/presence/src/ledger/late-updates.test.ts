import { expect, test } from 'vitest';
import { client } from '../testing/asking.ts';
import { CountedLink } from './counted-link.ts';
import { LateUpdates } from './late-updates.ts';

test('keeps the last update of each client, in order', () => {
  const late = new LateUpdates();
  const link = new CountedLink('node.1', true);
  const updates = [
    client(1, 'windows', 'online'),
    client(2, 'windows', 'online'),
    client(1, 'ios', 'online'),
    client(1, 'windows', 'offline'),
  ];
  for (const update of updates) late.add({ link, update, hadClient: true });
  expect(late.take().map(({ update }) => update)).toEqual(updates.slice(1));
  expect(late.take()).toEqual([]);
});

test('drops an ONLINE of a link that has ended since, and keeps an OFFLINE', () => {
  const late = new LateUpdates();
  const link = new CountedLink('node.1', true);
  late.add({ link, update: client(1, 'windows', 'online'), hadClient: true });
  late.add({ link, update: client(2, 'windows', 'offline'), hadClient: true });
  link.counts = false;
  expect(late.take().map(({ update }) => update)).toEqual([client(2, 'windows', 'offline')]);
});
