import { expect, test } from 'vitest';
import { client } from '../testing/asking.ts';
import { CountedLink } from './counted-link.ts';
import { LateUpdates } from './late-updates.ts';
import { NodeLinks } from './node-links.ts';

function lateUpdates(): { late: LateUpdates; open: (id: string) => CountedLink; links: NodeLinks } {
  const links = new NodeLinks();
  const late = new LateUpdates({
    isOpen: (link) => links.get(link.id) === link,
    ended: new CountedLink('node.missed', false),
  });
  const open = (id: string): CountedLink => {
    const link = new CountedLink(id, true);
    links.set(id, link);
    return link;
  };
  return { late, open, links };
}

function end(links: NodeLinks, link: CountedLink): void {
  links.delete(link.id);
  link.counts = false;
}

test('keeps the last update of each client, in order', () => {
  const { late, open } = lateUpdates();
  const link = open('node.1');
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

test('an OFFLINE of one of two clients of a type leaves the ONLINE waiting', () => {
  const { late, open } = lateUpdates();
  const link = open('node.1');
  const [online, offline] = [client(1, 'windows', 'online'), client(1, 'windows', 'offline')];
  for (const update of [online, online, offline]) {
    link.ledger.update(update);
    late.add({ link, update, hadClient: true });
  }
  late.drop({ link, update: offline });
  expect(late.take().map(({ update }) => update)).toEqual([online]);
});

test('drops an ONLINE of a link that has ended since, and keeps an OFFLINE', () => {
  const { late, open, links } = lateUpdates();
  const link = open('node.1');
  late.add({ link, update: client(1, 'windows', 'online'), hadClient: true });
  late.add({ link, update: client(2, 'windows', 'offline'), hadClient: true });
  end(links, link);
  expect(late.take().map(({ update }) => update)).toEqual([client(2, 'windows', 'offline')]);
});

test('keeps the ONLINE of a link on standby until its promotion', () => {
  const { late, open } = lateUpdates();
  const link = open('node.1');
  const stays = client(500, 'windows', 'online');
  late.add({ link, update: stays, hadClient: false });
  link.counts = false;
  for (let i = 0; i < 200; i++) {
    late.add({ link, update: client(i, 'windows', 'offline'), hadClient: true });
  }
  link.counts = true;
  expect(late.take().map(({ update }) => update)).toContainEqual(stays);
});

test('does not grow with the links that end, only with the clients', () => {
  const { late, open, links } = lateUpdates();
  let most = 0;
  for (let i = 0; i < 1_000; i++) {
    const link = open(`node.${i}`);
    for (let user = 0; user < 10; user++) {
      late.add({ link, update: client(user, 'windows', 'offline'), hadClient: true });
      late.add({ link, update: client(user, 'ios', 'online'), hadClient: true });
      most = Math.max(most, late.size);
    }
    end(links, link);
  }
  expect(most).toBeLessThanOrEqual(100);
  expect(late.take()).toHaveLength(10);
});

test.each([
  [true, false],
  [false, true],
])(
  'an OFFLINE of an unreported client is still one when merged with that of another ended link',
  (...hadClients) => {
    const { late, open, links } = lateUpdates();
    for (const [i, hadClient] of hadClients.entries()) {
      const link = open(`node.${i}`);
      late.add({ link, update: client(1, 'windows', 'offline'), hadClient });
      end(links, link);
    }
    expect(late.take()).toMatchObject([{ hadClient: false }]);
  },
);
