import { randomBytes } from 'node:crypto';
import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { createServerClient, type RedisClient } from '@route/redis';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { readSettings } from '../config/settings.ts';
import { Counters } from '../observability/counters.ts';
import { Readiness, type UnreadyReason } from '../observability/readiness.ts';
import type { EngineEvents } from './engine.ts';
import { RedisEngine } from './engine-redis.ts';

const LEASE_SECONDS = 1;

/** An engine with an account that may or may not use the channels of the bus. */
interface Gated extends AsyncDisposable {
  readonly engine: RedisEngine;
  readonly start: Promise<void>;
  /** Reasons for lost leases, from the log. */
  readonly doubts: string[];
  /** The reasons not to be ready, after each change. */
  readonly reasons: (readonly UnreadyReason[])[];
  setChannels(rights: 'allchannels' | 'resetchannels'): Promise<void>;
  /** Number of leases in Redis. */
  leases(): Promise<number>;
}

async function startGated(rights: 'allchannels' | 'resetchannels'): Promise<Gated> {
  const user = `u-${randomBytes(6).toString('hex')}`;
  const admin: RedisClient = createServerClient({
    target: { kind: 'single', url: sharedRedisUrl() },
    commandTimeoutMs: 1000,
    connectTimeoutMs: 1000,
    connectionName: 'admin',
  });
  await admin.connect();
  const setChannels = async (given: string): Promise<void> => {
    await admin.acl('SETUSER', user, 'on', '>secret', '+@all', '~*', given);
  };
  await setChannels(rights);
  const url = new URL(sharedRedisUrl());
  url.username = user;
  url.password = 'secret';
  const namespace = uniqueNamespace();
  const invocation = readSettings([], {
    REDIS_URL: url.href,
    ROUTE_NAMESPACE: namespace,
    ROUTE_LEASE_SECONDS: String(LEASE_SECONDS),
    ROUTE_BUS_PROBE_TIMEOUT_SECONDS: '1',
  });
  if (invocation.kind !== 'run') throw new Error('no settings');
  const { settings, live } = invocation;
  const doubts: string[] = [];
  const log = pino(
    {},
    {
      write: (text: string) => {
        const { event, problem }: { event?: string; problem?: string } = JSON.parse(text);
        if (event === 'lease-lost') doubts.push(problem ?? '');
      },
    },
  );
  const ignore = (): void => {};
  const reasons: (readonly UnreadyReason[])[] = [];
  const readiness = new Readiness((now) => reasons.push(now));
  readiness.set('starting', false);
  const nodeId = `n${randomBytes(6).toString('hex')}`;
  const events: EngineEvents = {
    nodeInfo: () => ({
      node: nodeId,
      admin: '127.0.0.1:9200',
      listen: null,
      links: 0,
      leaving: 0,
      draining: false,
      startedAtMs: 0,
      version: '0.2.0',
    }),
    entry: ignore,
    nodeKnown: ignore,
    nodeGone: ignore,
    nodeMissed: ignore,
    interestObserver: undefined,
    lateCommit: ignore,
    lost: ignore,
    back: ignore,
    unready: (reason, holds) => readiness.set(reason, holds),
    busFull: ignore,
  };
  const counters = new Counters();
  const engine = new RedisEngine({
    settings,
    live,
    nodeId,
    log,
    counters,
    events,
    explain: ignore,
  });
  const start = engine.start();
  return {
    engine,
    start,
    doubts,
    reasons,
    setChannels,
    leases: async () => await admin.zcard(`${namespace}:{nodes}:members`),
    [Symbol.asyncDispose]: async () => {
      await engine.abandon();
      await admin.acl('DELUSER', user);
      admin.disconnect();
    },
  };
}

test('a node acquires its lease only after it has received its own frame on the bus', async () => {
  await using node = await startGated('resetchannels');
  const { engine } = node;
  await waitFor(() => engine.bus.counters.reopened >= 2, { what: 'two attempts to hear' });
  expect(engine.leaseHeld).toBe(false);
  expect(await node.leases()).toBe(0);
  await node.setChannels('allchannels');
  await node.start;
  expect(engine.leaseHeld).toBe(true);
  expect(await node.leases()).toBe(1);
});

test('a node that does not receive its own frames for one lease time releases its lease until it does', async () => {
  await using node = await startGated('allchannels');
  const { engine, doubts } = node;
  await node.start;
  await node.setChannels('resetchannels');
  await waitFor(() => !engine.leaseHeld, { what: 'the lease to be left' });
  expect(doubts).toEqual(['the node does not receive its own frames on the bus']);
  await node.setChannels('allchannels');
  await waitFor(() => engine.leaseHeld, { what: 'the lease to be taken again' });
});

test('is not ready for `presence`, not `redis`, while Redis answers and presence is being written', async () => {
  await using node = await startGated('allchannels');
  const { engine, reasons } = node;
  await node.start;
  const isReady = (): boolean => reasons.at(-1)?.length === 0;
  await waitFor(isReady, { what: 'the node to be ready' });
  expect(reasons.slice(-3)).toEqual([['redis', 'presence'], ['presence'], []]);
  await node.setChannels('resetchannels');
  await waitFor(() => !engine.leaseHeld, { what: 'the lease to be left' });
  expect(reasons.at(-1)).toEqual(expect.arrayContaining(['bus', 'redis']));
  expect(reasons.at(-1)).not.toContain('presence');
  await node.setChannels('allchannels');
  await waitFor(isReady, { what: 'the node to be ready again' });
  expect(reasons.at(-2)).toEqual(['presence']);
});
