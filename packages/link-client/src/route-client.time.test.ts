import { waitFor } from '@route/fixtures';
import { HEARTBEAT_PDU } from '@route/protocol';
import { expect, test } from 'vitest';
import { ClientScene } from './testing/client-scene.ts';
import { RouteEnd } from './testing/route-end.ts';

test('sends a heartbeat after 5 s without sending, and not before', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  const link = await end.link(0);
  await waitFor(() => link.received.length === 2, { what: 'role and list' });

  scene.clock.advance(3_000);
  scene.client.send('server_kick_user', { userId: 1, clientType: 1, reason: 1 });
  scene.clock.advance(4_900);
  scene.client.send('switch_p2p_cmd', { fromUserId: 1, toUserId: 2, cmdMsgData: '' });
  scene.clock.advance(5_000);
  await waitFor(() => link.received.length === 5, { what: 'a heartbeat' });
  expect(link.commands().slice(2)).toEqual(['server_kick_user', 'switch_p2p_cmd', 'heartbeat']);
  scene.clock.advance(10_000);
  await waitFor(() => link.received.length === 7, { what: 'two more' });
});

test('closes a link without received data for 30 s, and reconnects', async () => {
  await using end = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [end.address] });
  const link = await end.link(0);
  let heard = 0;
  scene.client.on('heartbeat', () => heard++);
  scene.clock.advance(20_000);
  link.socket.write(HEARTBEAT_PDU);
  await waitFor(() => heard === 1, { what: 'the heartbeat to be read' });
  scene.clock.advance(29_000);
  expect(scene.client.up).toHaveLength(1);
  scene.clock.advance(1_000);
  await waitFor(() => scene.told.includes(`down ${end.address} timed-out`), { what: 'the end' });
  scene.clock.advance(2_000);
  await end.link(1);
});

test('delays grow while attempts fail, and while a node accepts links without answering', async () => {
  await using end = await RouteEnd.listen();
  const waits: (number | undefined)[] = [];
  await using scene = new ClientScene({ addresses: [end.address] });
  scene.client.on('down', ({ retryMs }) => waits.push(retryMs));
  for (let attempt = 0; attempt < 3; attempt++) {
    (await end.link(attempt)).socket.end();
    await waitFor(() => waits.length === attempt + 1, { what: `end ${attempt}` });
    scene.clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([2_000, 4_000, 8_000]);

  const link = await end.link(3);
  await waitFor(() => scene.client.up.length === 1, { what: 'the link' });
  let heard = 0;
  scene.client.on('heartbeat', () => heard++);
  link.socket.write(HEARTBEAT_PDU);
  await waitFor(() => heard === 1, { what: 'a sign of life' });
  link.socket.end();
  await waitFor(() => waits.length === 4, { what: 'the last end' });
  expect(waits.at(-1)).toBe(2_000);
});

test('an address that does not take the connection is given up after a while', async () => {
  // A TLS client waits for the other side's handshake, which this one never sends.
  await using silent = await RouteEnd.listen();
  await using scene = new ClientScene({ addresses: [silent.address], tls: {} });
  await silent.link(0);
  scene.clock.advance(5_000);
  await waitFor(() => scene.told.includes(`down ${silent.address} connect-timed-out`), {
    what: 'the attempt to be given up',
  });
});
