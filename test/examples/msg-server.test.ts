import { waitFor } from '@route/fixtures';
import { RouteClient, USER_STATUS } from '@route/link-client';
import { findFreePort } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { startRouteNode } from '../harness/index.ts';
import { ExampleServer } from './example-server.ts';

const REPLACED = 'you have logged in elsewhere\n';

/** An address that refuses connections. */
async function noNode(): Promise<string> {
  return `127.0.0.1:${await findFreePort()}`;
}

test('two users on one msg_server write to each other, with and without a route node', async () => {
  await using node = await startRouteNode();
  for (const route of [`${node.host}:${node.port}`, await noNode()]) {
    await using server = await ExampleServer.start({ route });
    await using ann = await server.login(1);
    await using bob = await server.login(2);
    await bob.sayUntil('1 hello', () => ann.received.includes('2: hello\n'));
    await ann.sayUntil('2 hello to you', () => bob.received.includes('1: hello to you\n'));
  }
});

test('without a route node the server logs each failed attempt and tells the sender of a message', async () => {
  const route = await noNode();
  await using server = await ExampleServer.start({ route });
  await using ann = await server.login(1);
  ann.say('2 hello\n');
  await ann.waitForText('not sent: no route node is connected\n');
  await server.waitForOutput(`link down: ${route} connect-failed`);
});

test('links that come up and go down are logged', async () => {
  await using node = await startRouteNode();
  const route = `${node.host}:${node.port}`;
  await using server = await ExampleServer.start({ route });
  await server.waitForOutput(`link up: ${route}`);
  await node.kill();
  await server.waitForOutput(new RegExp(`link down: ${route} (broken|closed-by-node)`));
});

test('a second login at the same msg_server closes the first connection, and the user stays online', async () => {
  await using node = await startRouteNode();
  const address = `${node.host}:${node.port}`;
  await using server = await ExampleServer.start({ route: address });
  await server.waitForOutput('link up');
  await using client = new RouteClient({ addresses: [address], snapshot: () => [] });
  const told: number[] = [];
  client.on('status_notify', ({ userStat }) => told.push(userStat.status));
  client.connect();
  await client.writable();
  await client.query([1]);

  await using first = await server.login(1);
  await server.waitForOutput('user 1 logged in');
  await using second = await server.login(1);
  await first.waitForText(REPLACED);
  await waitFor(() => first.isClosed, { what: 'the first connection to close' });
  await second.sayUntil('1 to myself', () => second.received.includes('1: to myself\n'));
  expect((await client.query([1])).stats).toEqual([{ userId: 1, status: USER_STATUS.online }]);
  expect(told).not.toContain(USER_STATUS.offline);
});

test('a client that stays open after it was replaced ends neither the server nor its own user’s new session', async () => {
  await using node = await startRouteNode();
  const route = `${node.host}:${node.port}`;
  await using here = await ExampleServer.start({ route });
  await using there = await ExampleServer.start({ route });
  await here.waitForOutput('link up');
  await there.waitForOutput('link up');
  await using sender = await here.login(2);
  // Like Debian's nc: it keeps its side open after the server has ended its own.
  await using stays = await here.login(1, { allowHalfOpen: true });
  await sender.sayUntil('1 first', () => stays.received.includes('2: first\n'));

  await using moved = await there.login(1);
  await stays.waitForText(REPLACED);
  stays.say('2 from the replaced client\n');
  await sender.sayUntil('1 second', () => moved.received.includes('2: second\n'));
  await moved.sayUntil('2 third', () => sender.received.includes('1: third\n'));
  expect(stays.received).not.toContain('second');
  expect(sender.received).not.toContain('from the replaced client');
  stays.reset();
  await sender.sayUntil('1 fourth', () => moved.received.includes('2: fourth\n'));
  expect(here.isRunning).toBe(true);
});

test('a replaced client that never closes is disconnected', async () => {
  await using server = await ExampleServer.start({ route: await noNode() });
  await using stays = await server.login(1, { allowHalfOpen: true });
  await server.waitForOutput('user 1 logged in');
  await using _second = await server.login(1);
  await stays.waitForText(REPLACED);
  await waitFor(
    () => {
      if (!stays.isClosed) stays.say('2 still here\n');
      return stays.isClosed;
    },
    { what: 'the server to close the connection', everyMs: 100, deadlineMs: 10_000 },
  );
});

test('a client that resets its connection, logged in or not, ends only its own session', async () => {
  await using node = await startRouteNode();
  const address = `${node.host}:${node.port}`;
  await using server = await ExampleServer.start({ route: address });
  await server.waitForOutput('link up');
  await using bob = await server.login(2);
  await using unknown = await server.connect();
  await using ann = await server.login(1);
  await bob.sayUntil('1 hello', () => ann.received.includes('2: hello\n'));

  unknown.reset();
  ann.reset();
  bob.say('1 are you there?\n');
  await server.waitForOutput('user 1 logged out');
  await using client = new RouteClient({ addresses: [address], snapshot: () => [] });
  client.connect();
  await client.writable();
  await waitFor(
    async () => (await client.query([1])).stats[0]?.status === USER_STATUS.offline || false,
    { what: 'user 1 to be offline' },
  );
  await bob.sayUntil('2 to myself', () => bob.received.includes('2: to myself\n'));
  expect(server.isRunning).toBe(true);
});

test('a first line that is no user id, and a line without an end, are refused', async () => {
  await using server = await ExampleServer.start({ route: await noNode() });
  for (const bad of ['hello', '0', '-1', '4294967296', '1e3', '']) {
    await using client = await server.connect();
    client.say(`${bad}\n`);
    await client.waitForText('expected a user id\n');
  }
  await using endless = await server.login(1);
  endless.say(`2 ${'x'.repeat(10_000)}`);
  await waitFor(() => endless.isClosed, { what: 'the server to close the connection' });
  await server.waitForOutput('line too long');
  await using ann = await server.login(2);
  ann.say('no message\n');
  await ann.waitForText('expected: TO TEXT');
});

test('a client that does not read is disconnected, and its sender goes on', async () => {
  await using server = await ExampleServer.start({ route: await noNode() });
  await using lazy = await server.login(1);
  await using sender = await server.login(2);
  await sender.sayUntil('1 hello', () => lazy.received.includes('2: hello\n'));
  lazy.stopReading();
  const line = `1 ${'x'.repeat(4_000)}\n`.repeat(100);
  await waitFor(
    () => {
      sender.say(line);
      return server.output.includes('user 1 logged out');
    },
    { what: 'the server to drop the client that does not read', deadlineMs: 20_000 },
  );
  await sender.sayUntil('2 to myself', () => sender.received.includes('2: to myself\n'));
});
