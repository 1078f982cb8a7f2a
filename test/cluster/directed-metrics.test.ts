import { startPrivateRedis, waitFor } from '@route/fixtures';
import { encodeMessage, MSG_TYPE } from '@route/protocol';
import { expect, test } from 'vitest';
import { type RouteNode, startCluster, startRouteNode } from '../harness/index.ts';
import { Directing, pdusRelayed } from './directing.ts';
import { openKnownLinks } from './known-links.ts';
import { Markers } from './markers.ts';
import { messagesOn } from './numbered-messages.ts';
import { clientsOf } from './statuses.ts';

const HEALED_WITHIN_MS = 20_000;

function message(toUserId: number, msgId: number): Buffer {
  return encodeMessage('msg_data', {
    fromUserId: 900,
    toSessionId: toUserId,
    msgId,
    createTime: 0,
    msgType: MSG_TYPE.singleText,
    msgData: Buffer.from('hello'),
  });
}

const GROUP_MESSAGE = encodeMessage('msg_data', {
  fromUserId: 900,
  toSessionId: 9,
  msgId: 1,
  createTime: 0,
  msgType: MSG_TYPE.groupText,
  msgData: Buffer.from('hello'),
});
const SIGN_INFO = encodeMessage('sign_info_changed_notify', { changedUserId: 1, signInfo: 'away' });

/** Reads a node's delivery metrics. */
async function deliveriesOf(node: RouteNode): Promise<Record<string, number>> {
  return {
    directed: await pdusRelayed([node], 'directed'),
    broadcast: await pdusRelayed([node], 'broadcast'),
    fallback: await pdusRelayed([node], 'fallback'),
    links: await node.metric('route_delivery_links_total'),
  };
}

test('counts directed PDUs, broadcast PDUs and the links they went to', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DELIVERY: 'directed' } });
  await using set = await openKnownLinks([node], 4);
  const [sender, one, both] = [set.link(0), set.link(1), set.link(2)];
  one.online(clientsOf([1]));
  both.online(clientsOf([1, 2]));
  await one.known();
  await both.known();
  // To links one and both, to both alone, to no link.
  sender.send(message(1, 1), message(1, 2), message(2, 3), message(3, 4));
  // To three links, and to all four.
  sender.send(GROUP_MESSAGE, GROUP_MESSAGE, SIGN_INFO);
  await sender.waitForPdus(1);
  expect(await deliveriesOf(node)).toEqual({ directed: 4, broadcast: 3, fallback: 0, links: 15 });
});

test('reports no delivery metrics in broadcast mode', async () => {
  await using node = await startRouteNode();
  await using set = await openKnownLinks([node], 2);
  set.link(0).send(message(1, 1), SIGN_INFO);
  await set.link(0).waitForPdus(1);
  expect(await deliveriesOf(node)).toEqual({ directed: 0, broadcast: 0, fallback: 0, links: 0 });
});

test('falls back to broadcast while Redis is away, and replays to links of other nodes', async () => {
  await using redis = await startPrivateRedis();
  const env = { ROUTE_DELIVERY: 'directed' };
  await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url, env });
  await using directing = await Directing.of(cluster.nodes);
  // Links 0 and 2 are on one node, 1 and 3 on the other.
  await using set = await openKnownLinks(cluster.nodes, 4);
  const [sender, far, near, farToo] = [set.link(0), set.link(1), set.link(2), set.link(3)];
  far.online(clientsOf([1]));
  await new Markers().pass(set.links);
  await directing.untilSure();
  for (const link of set.links) link.received.splice(0);

  await redis.pause();
  const node = cluster.node(0);
  const [directedBefore, fallbackBefore] = [
    await pdusRelayed([node], 'directed'),
    await pdusRelayed([node], 'fallback'),
  ];
  const sent: Buffer[] = [];
  const send = (): void => {
    sent.push(message(1, sent.length));
    sender.send(sent.at(-1) ?? GROUP_MESSAGE);
  };
  // The node detects the missing Redis after a moment.
  await waitFor(
    async () => {
      send();
      return (await pdusRelayed([node], 'fallback')) > fallbackBefore;
    },
    { what: 'the node to fall back to broadcast', deadlineMs: HEALED_WITHIN_MS },
  );
  for (let more = 0; more < 3; more++) send();
  await waitFor(() => near.received.at(-1)?.bytes.equals(sent.at(-1) ?? GROUP_MESSAGE), {
    what: 'the last PDU of the same node',
  });
  const doubtful = (await pdusRelayed([node], 'fallback')) - fallbackBefore;
  const directed = (await pdusRelayed([node], 'directed')) - directedBefore;
  expect(doubtful).toBeGreaterThan(3);
  expect(doubtful + directed).toBe(sent.length);
  expect(messagesOn(near)).toEqual(sent.slice(-doubtful));
  expect([...messagesOn(far), ...messagesOn(farToo)]).toEqual([]);

  await redis.unpause();
  await waitFor(() => farToo.received.length >= doubtful && far.received.length >= sent.length, {
    what: 'the messages on the other node',
    deadlineMs: HEALED_WITHIN_MS,
  });
  await new Markers().pass(set.links);
  const expected = [
    [far, sent],
    [near, sent.slice(-doubtful)],
    [farToo, sent.slice(-doubtful)],
  ] as const;
  for (const [link, pdus] of expected) {
    // The three markers of the others follow them.
    expect(messagesOn(link).slice(0, -3)).toEqual(pdus);
  }
  // Then the node is directed again.
  await directing.untilSure();
});
