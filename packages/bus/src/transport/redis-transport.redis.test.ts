import { randomBytes } from 'node:crypto';
import { createServerClient, serverOf } from '@route/redis';
import { expect, inject, test } from 'vitest';
import { recordedBus } from '../testing/recorder.ts';
import { redisTransport } from '../testing/redis-medium.ts';
import { TcpProxy } from '../testing/tcp-proxy.ts';
import { until } from '../testing/until.ts';

const LIMITS = { heartbeatMs: 50, probeTimeoutMs: 400 };

test('a node becomes responsive again after its connections are cut', async () => {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const node = `n-${randomBytes(6).toString('hex')}`;
  const a = recordedBus({
    nodeId: node,
    transport: redisTransport(namespace, node),
    limits: LIMITS,
  });
  const admin = createServerClient(redisSettings('admin'));
  await admin.connect();
  await a.bus.start();
  await until('it hears', () => a.bus.responsive);
  const clients = String(await admin.client('LIST')).split('\n');
  const ids = clients
    .filter((line) => line.includes(`name=${node}-bus-`))
    .map((line) => /id=(\d+)/.exec(line)?.[1] ?? '');
  expect(ids).toHaveLength(2);
  for (const id of ids) await admin.client('KILL', 'ID', id);
  await until('it heard, then not, then again', () => a.hearing.length === 3);
  expect(a.hearing).toEqual([true, false, true]);
  await a.bus.close();
  admin.disconnect();
});

test('a node without permission to subscribe is unresponsive, retries, and recovers with permission', async () => {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const user = `u-${randomBytes(6).toString('hex')}`;
  const admin = createServerClient(redisSettings('admin'));
  await admin.connect();
  await admin.acl('SETUSER', user, 'on', '>secret', '+@all', '~*', 'resetchannels');
  const url = new URL(inject('redisUrl'));
  url.username = user;
  url.password = 'secret';
  const a = recordedBus({
    nodeId: 'a',
    transport: redisTransport(namespace, 'a', url.href),
    limits: LIMITS,
  });
  await a.bus.start();
  await until('it has tried twice', () => a.bus.counters.reopened >= 2);
  expect(a.bus.responsive).toBe(false);
  expect(a.errors.some((error) => error.message.includes('NOPERM'))).toBe(true);
  await admin.acl('SETUSER', user, 'allchannels');
  await until('it hears', () => a.bus.responsive);
  await a.bus.close();
  await admin.acl('DELUSER', user);
  admin.disconnect();
});

test('a bus that follows presence leaves a server that is another one, and stays with the same', async () => {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const admin = createServerClient(redisSettings('admin'));
  await admin.connect();
  const transport = redisTransport(namespace, 'a');
  const a = recordedBus({ nodeId: 'a', transport, limits: LIMITS });
  await a.bus.start();
  await until('it hears', () => a.bus.responsive);
  const connections = async (): Promise<string[]> => {
    const lines = String(await admin.client('LIST')).split('\n');
    return lines
      .filter((line) => line.includes('name=a-bus-'))
      .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '');
  };
  const before = await connections();
  transport.follow({ runId: serverOf(admin)?.runId ?? '' });
  // The user of presence may not read INFO: nothing is known.
  transport.follow({ runId: '' });
  expect(await connections()).toEqual(before);
  expect(a.hearing).toEqual([true]);

  transport.follow({ runId: 'f'.repeat(40) });
  await until('it hears again', () => a.hearing.length === 3 && a.bus.responsive);
  const after = await connections();
  expect(after).toHaveLength(2);
  expect(after.filter((id) => before.includes(id))).toEqual([]);
  await a.bus.close();
  admin.disconnect();
});

test('nodes on two databases of one Redis do not hear each other', async () => {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const onDatabase = (nodeId: string, database: number): ReturnType<typeof recordedBus> => {
    const url = new URL(inject('redisUrl'));
    url.pathname = `/${database}`;
    return recordedBus({
      nodeId,
      transport: redisTransport(namespace, nodeId, url.href),
      limits: LIMITS,
    });
  };
  const [a, b, other] = [onDatabase('a', 0), onDatabase('b', 0), onDatabase('other', 1)];
  for (const { bus } of [a, b, other]) await bus.start();
  await until('they hear', () => [a, b, other].every(({ bus }) => bus.responsive));
  await until('two know each other', () => a.bus.peers.length > 0 && b.bus.peers.length > 0);
  a.bus.send(0, Buffer.from('to database 0'));
  await until('it has come', () => b.entries.length === 1);
  expect([a, other].map(({ bus }) => bus.peers.map(({ node }) => node))).toEqual([['b'], []]);
  expect(other.entries).toEqual([]);
  for (const { bus } of [a, b, other]) await bus.close();
});

test('a start where there is no Redis resolves, and says so', async () => {
  const transport = redisTransport('nowhere', 'a', 'redis://127.0.0.1:1');
  const a = recordedBus({ nodeId: 'a', transport, limits: LIMITS });
  await a.bus.start();
  expect(a.bus.responsive).toBe(false);
  await until('it has tried again', () => a.errors.length > 2);
  await a.bus.close();
});

test('a connection that hangs without a word is left for a new one, and nothing is lost', async () => {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  await using proxy = await TcpProxy.to(inject('redisUrl'));
  const a = recordedBus({
    nodeId: 'a',
    transport: redisTransport(namespace, 'a', proxy.url),
    limits: LIMITS,
  });
  const b = recordedBus({ nodeId: 'b', transport: redisTransport(namespace, 'b'), limits: LIMITS });
  for (const { bus } of [a, b]) {
    await bus.start();
    bus.setLiveNodes(['a', 'b']);
  }
  await until('they hear', () => a.bus.responsive && b.bus.responsive);
  proxy.freeze();
  a.bus.send(0, Buffer.from('from the hanging one'));
  b.bus.send(0, Buffer.from('to the hanging one'));
  await until('both have it', () => a.entries.length + b.entries.length === 2);
  expect(a.bus.counters.reopened).toBe(1);
  expect([...a.losses, ...b.losses]).toEqual([]);
  await a.bus.close();
  await b.bus.close();
});

function redisSettings(connectionName: string): Parameters<typeof createServerClient>[0] {
  return {
    target: { kind: 'single', url: inject('redisUrl') },
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    connectionName,
  };
}
