import { encodeMessage, MSG_TYPE, type MsgType } from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster, type TestLink } from '../harness/index.ts';
import { openKnownLink } from './known-links.ts';
import { clientsOf } from './statuses.ts';

function messageTo(userId: number, msgType: MsgType, text: string): Buffer {
  return encodeMessage('msg_data', {
    fromUserId: 900,
    toSessionId: userId,
    msgId: 1,
    createTime: 0,
    msgType,
    msgData: Buffer.from(text),
  });
}

test('delivers each message once and in order while nodes change from broadcast to directed', async () => {
  await using cluster = await startCluster({ nodes: 1, env: { ROUTE_DELIVERY: 'broadcast' } });
  const broadcasts = cluster.node(0);
  const directs = await cluster.add({ env: { ROUTE_DELIVERY: 'directed' } });
  await cluster.waitUntilMet();
  await using holder = await openKnownLink(broadcasts);
  await using beside = await openKnownLink(broadcasts);
  await using farHolder = await openKnownLink(directs);
  await using farBeside = await openKnownLink(directs);
  holder.online(clientsOf([1]));
  farHolder.online(clientsOf([2]));
  for (const link of [holder, farHolder]) await link.query([1]);

  const single = (userId: number): Buffer => messageTo(userId, MSG_TYPE.singleText, `to ${userId}`);
  const group = (n: number): Buffer => messageTo(77, MSG_TYPE.groupText, `group ${n}`);
  const received = async (from: TestLink, links: readonly TestLink[]) => {
    for (const link of links) link.received.splice(0);
    const pdus = [group(1), single(1), group(2), single(2), group(3)];
    from.send(...pdus);
    const names = ['group 1', 'to 1', 'group 2', 'to 2', 'group 3'];
    for (const link of links) await link.waitForPdu(({ bytes }) => bytes.equals(group(3)));
    return links.map((link) =>
      link.received.map(({ bytes }) => names[pdus.findIndex((pdu) => pdu.equals(bytes))]),
    );
  };
  const all = ['group 1', 'to 1', 'group 2', 'to 2', 'group 3'];
  expect(await received(holder, [beside, farHolder, farBeside])).toEqual([all, all, all]);
  const [ofHolder, ofBeside, ofFar = []] = await received(farHolder, [holder, beside, farBeside]);
  expect([ofHolder, ofBeside]).toEqual([all, all]);
  // During a fallback, as on a paused machine, the link receives the others as well.
  expect(ofFar).toEqual(all.filter((name) => ofFar.includes(name)));
  expect(ofFar).toEqual(expect.arrayContaining(['group 1', 'group 2', 'group 3']));
});
