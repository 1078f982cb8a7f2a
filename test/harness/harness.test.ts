import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { messagePdu, openLink, openLinks, startCluster, startRouteNode } from './index.ts';

test('a node starts on free ports, relays between links and shows it in metrics and log', async () => {
  await using node = await startRouteNode({ env: { ROUTE_DRAIN_SECONDS: '0' } });
  await using sender = await openLink(node);
  await using receiver = await openLink(node);
  sender.msgData(1, 7);

  const [pdu] = await receiver.waitForPdus(1);
  expect(pdu?.bytes).toEqual(messagePdu(1, 7));
  expect(sender.received).toEqual([]);
  expect(await node.metric('route_pdus_received_total', { command: 'msg_data' })).toBe(1);
  await expect(node.metric('route_no_such_metric')).rejects.toThrow('no sample');
  expect(node.logsOf('link-opened').map(({ peer }) => peer)).toContain(sender.address);

  node.signal('SIGTERM');
  expect(await sender.closedByServer).toBe('ended');
  expect(await node.exited).toEqual({ code: 0, signal: null });
});

test('nodes of a cluster know the users of each other’s links', async () => {
  await using cluster = await startCluster({ nodes: 2 });
  await using set = await openLinks(cluster.nodes, 4);
  for (const link of set.links) await link.known();
  set.link(0).status({ userId: 7, status: USER_STATUS.online, clientType: CLIENT_TYPE.mac });
  for (const link of set.links) await link.waitForPdus(2);
  expect(await set.link(1).query([8, 7])).toEqual([
    { userId: 8, status: USER_STATUS.offline },
    { userId: 7, status: USER_STATUS.online },
  ]);
  expect(set.link(1).received).toHaveLength(2);
});

test('a node that exits by itself fails the test at the end of its scope', async () => {
  const node = await startRouteNode();
  process.kill(node.pid, 'SIGKILL');
  await node.exited;
  await expect(node[Symbol.asyncDispose]()).rejects.toThrow('ended by itself');
});

test('a node that cannot start fails the test with its output', async () => {
  const start = startRouteNode({ env: { ROUTE_MAX_PDU_BYTES: 'much' } });
  await expect(start).rejects.toThrow('ROUTE_MAX_PDU_BYTES');
});
