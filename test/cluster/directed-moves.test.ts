import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, COMMANDS, encodeMessage, MSG_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { Directing, pdusRelayed } from './directing.ts';
import { openKnownLinks } from './known-links.ts';
import { headerOf, Markers, readHeaderOf } from './markers.ts';
import { SeededRandom } from './seeded-random.ts';
import { clientsOf, offline, online, userIds } from './statuses.ts';

const LINKS = 6;
const MOVES = 80;
const USERS = userIds(1, 8);
/** The sender has no users. */
const SENDING_USER = 900;

/** How long a link has had a user online, in steps of the test. */
interface Stay {
  readonly link: number;
  until: number;
}

interface Message {
  readonly n: number;
  readonly from: number;
  readonly userId: number;
  readonly step: number;
}

test('delivers each message once to a link with its user while all users move between links', async () => {
  const random = new SeededRandom();
  await using cluster = await startCluster({ nodes: 3, env: { ROUTE_DELIVERY: 'directed' } });
  await using directing = await Directing.of(cluster.nodes);
  await directing.untilSure();
  await using set = await openKnownLinks(cluster.nodes, LINKS);
  const markers = new Markers();
  const indexes = [...set.links.keys()];
  const stays = new Map<number, Stay[]>();
  const messages: Message[] = [];
  let step = 0;
  for (const userId of USERS) {
    const link = random.pick(indexes);
    set.link(link).online(clientsOf([userId]));
    stays.set(userId, [{ link, until: Number.POSITIVE_INFINITY }]);
  }
  await markers.pass(set.links);

  const send = (): void => {
    for (let count = 0; count < 4; count++) {
      const [n, from, userId] = [messages.length, random.pick(indexes), random.pick(USERS)];
      messages.push({ n, from, userId, step });
      const text = { msgId: n + 1, createTime: 0, msgData: Buffer.from('hello') };
      const fields = { fromUserId: SENDING_USER, toSessionId: userId, ...text };
      const single = { ...fields, msgType: MSG_TYPE.singleText };
      set.link(from).send(encodeMessage('msg_data', single, headerOf(from, n)));
    }
  };
  for (let move = 0; move < MOVES; move++) {
    step++;
    const userId = random.pick(USERS);
    const of = stays.get(userId) ?? [];
    const before = of.at(-1);
    if (before === undefined) throw new Error(`user ${userId} is nowhere`);
    const link = random.pick(indexes.filter((index) => index !== before.link));
    of.push({ link, until: Number.POSITIVE_INFINITY });
    if (random.next() < 0.5) {
      // The user is offline for a moment: PDUs sent meanwhile arrive late.
      before.until = step - 1;
      set.link(before.link).status(offline(userId));
      send();
      set.link(link).status(online(userId));
      send();
      continue;
    }
    // By protocol a login sends a kick first; the kick closes the user's older client.
    const kick = { userId, clientType: CLIENT_TYPE.windows, reason: 1 };
    const kickPdu = encodeMessage('server_kick_user', kick, headerOf(link, move));
    set.link(link).send(kickPdu);
    set.link(link).status(online(userId));
    send();
    await waitFor(() => set.link(before.link).received.some(({ bytes }) => bytes.equals(kickPdu)), {
      what: `the kick of user ${userId} on the old link`,
      everyMs: 1,
    });
    set.link(before.link).status(offline(userId));
    before.until = step;
    step++;
    send();
  }
  // After the first round trip all nodes know all moves and have replayed; after the second the
  // replays have arrived.
  await markers.pass(set.links);
  await markers.pass(set.links);

  const received = set.links.map((link) => messagesOf(link.received));
  for (const numbers of received) expect(new Set(numbers).size).toBe(numbers.length);
  const lost = messages.filter(({ n, from, userId, step }) => {
    const later = (stays.get(userId) ?? []).filter(({ until }) => until >= step);
    return !later.some(({ link }) => link === from || received[link]?.includes(n));
  });
  expect(lost).toEqual([]);
  // PDUs broadcast as a fallback would prove little.
  const directedPdus = await pdusRelayed(cluster.nodes, 'directed');
  expect(directedPdus).toBeGreaterThan(await directing.doubtfulPdus());
});

function messagesOf(pdus: readonly Parameters<typeof readHeaderOf>[0][]): number[] {
  return pdus
    .filter(({ commandId }) => commandId === COMMANDS.msg_data.commandId)
    .flatMap((pdu) => readHeaderOf(pdu)?.n ?? []);
}
