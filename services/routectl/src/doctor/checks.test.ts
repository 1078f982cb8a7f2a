import type { EventView, LinkView, NodeView } from '@route/admin-api';
import { IDLE_BUS, IDLE_LINK, IDLE_NODE } from '@route/admin-api/testing/views';
import type { ServerLimits } from '@route/redis';
import { expect, test } from 'vitest';
import { type Clock, clockOf, type ExaminedNode, type ExaminedRedis } from './examine.ts';
import type { Finding } from './finding.ts';
import { checkNodes } from './node-checks.ts';
import { checkRedis } from './redis-checks.ts';

const NOW_MS = 1_800_000_000_000;
const EXACT: Clock = { aheadMs: 0, unsureMs: 1 };
const MIB = 1024 * 1024;

const VIEW: NodeView = {
  ...IDLE_NODE,
  version: '1.0.0',
  engine: 'redis',
  nowMs: NOW_MS,
  startedAtMs: NOW_MS - 60_000,
  lease: { acquired: true, seconds: 10, liveNodes: 2 },
  bus: { ...IDLE_BUS, rttMs: 2, awaitedNodes: 1 },
  eventLoop: { ...IDLE_NODE.eventLoop, overMs: 10_000, p99Ms: 5, maxMs: 9 },
  settings: { ROUTE_LINKS: 'all', ROUTE_LINK_HIGH_WATER_MARK_BYTES: '1000', LOG_LEVEL: 'info' },
};

interface NodeOptions {
  readonly view?: Partial<NodeView>;
  readonly links?: readonly LinkView[];
  readonly events?: readonly EventView[];
  readonly clock?: Clock;
  readonly leaseLeftMs?: number;
}

function node(name: string, options: NodeOptions = {}): ExaminedNode {
  const { view, links = [], events = [], clock = EXACT, leaseLeftMs = 9500 } = options;
  return {
    name,
    known: { node: name, alive: true, leaseLeftMs, info: null, admin: undefined },
    answer: {
      kind: 'answered',
      value: { view: { ...VIEW, node: name, ...view }, links, events, clock },
    },
  };
}

function event(name: string, agoMs: number): EventView {
  return { seq: 1, atMs: NOW_MS - agoMs, level: 'warn', event: name, facts: {} };
}

/** The problems, as 'level subject: text'. */
function unwell(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ level, subject, says }) => `${level} ${subject}: ${says}`);
}

test('healthy nodes get a line for each check', () => {
  const findings = checkNodes([node('a'), node('b')], EXACT);
  expect(unwell(findings)).toEqual([]);
  expect(findings).toHaveLength(7);
});

test.each<[string, NodeOptions, string]>([
  [
    'not ready',
    { view: { ready: false, reasons: [{ reason: 'redis', meaning: 'Redis is away' }] } },
    'wrong nodes: b is not ready: Redis is away',
  ],
  ['draining', { view: { draining: true, ready: false } }, 'warning nodes: b is draining'],
  [
    'late in its event loop',
    { view: { eventLoop: { ...VIEW.eventLoop, p99Ms: 400 } } },
    "warning nodes: b's event loop is late by 400 ms (99 % of the last 10 s)",
  ],
  [
    'of another version',
    { view: { version: '2.0.0' } },
    'warning versions: 1.0.0 on a, 2.0.0 on b',
  ],
  [
    'set otherwise',
    { view: { settings: { ...VIEW.settings, ROUTE_LINKS: 'master' } } },
    'wrong settings: ROUTE_LINKS differs: all on a, master on b',
  ],
  [
    'without a lease',
    { view: { lease: { acquired: false, seconds: 10, liveNodes: 1 } } },
    'wrong leases: b has no lease',
  ],
  ['late to renew', { leaseLeftMs: 3000 }, 'warning leases: b renews late: 3.0 s of 10 s are left'],
  [
    'ahead in time',
    { clock: { aheadMs: 5000, unsureMs: 1 } },
    "warning clocks: b's clock is 5.0 s ahead of Redis’s",
  ],
  [
    'unresponsive',
    { view: { bus: VIEW.bus && { ...VIEW.bus, responsive: false } } },
    'wrong bus: b receives nothing from the bus',
  ],
  [
    'slow on the bus',
    { view: { bus: VIEW.bus && { ...VIEW.bus, rttMs: 900 } } },
    'warning bus: b receives its own messages only after 900 ms',
  ],
  [
    'losing frames',
    { events: [event('bus-frames-lost', 60_000)] },
    'wrong bus: b lost frames of others once in the last hour',
  ],
  [
    'taking second links',
    { events: [event('second-link-suspected', 60_000)] },
    'wrong links: b has links that list users and are no master',
  ],
  [
    'slowed by a link',
    { links: [{ ...IDLE_LINK, unsentBytes: 600 }] },
    'warning links: 10.0.0.1:5000 reads slowly on a.1',
  ],
])('reports a node that is %s, and nothing else', (_, options, expected) => {
  expect(unwell(checkNodes([node('a'), node('b', options)], EXACT))).toEqual([expected]);
});

test.each([
  ['ROUTE_LINKS', 'all', 'master'],
  ['ROUTE_DELIVERY', 'broadcast', 'directed'],
  ['ROUTE_MAX_PDU_BYTES', '2097152', '1048576'],
  ['ROUTE_LEASE_SECONDS', '10', '5'],
  ['ROUTE_BUS_WINDOW_BYTES', '8388608', '4194304'],
])('reports nodes that differ in %s, with the value of each', (name, most, one) => {
  const set = (value: string) => ({ view: { settings: { ...VIEW.settings, [name]: value } } });
  const nodes = [node('a', set(most)), node('b', set(one)), node('c', set(most))];
  expect(unwell(checkNodes(nodes, EXACT))).toEqual([
    `wrong settings: ${name} differs: ${most} on a c, ${one} on b`,
  ]);
});

test('reports a setting unknown to a node of another release beside its version', () => {
  const settings = { ...VIEW.settings, ROUTE_DELIVERY: 'directed' };
  const nodes = [node('a', { view: { settings } }), node('b', { view: { version: '0.1.0' } })];
  expect(unwell(checkNodes(nodes, EXACT))).toEqual([
    'warning versions: 1.0.0 on a, 0.1.0 on b',
    'wrong settings: ROUTE_DELIVERY differs: directed on a, (unknown) on b',
  ]);
});

test('a drained node is only mentioned, a silent one is an error', () => {
  const silent = (draining: boolean): ExaminedNode => {
    const info = {
      admin: '127.0.0.1:1',
      listen: null,
      links: 0,
      leaving: 0,
      draining,
      startedAtMs: 0,
      version: '1.0.0',
    };
    const { known } = node('b');
    return {
      name: 'b',
      known: { ...known, info },
      answer: { kind: 'silent', why: 'ECONNREFUSED' },
    };
  };
  expect(unwell(checkNodes([node('a'), silent(true)], EXACT))).toEqual([
    'warning nodes: b has left; its lease runs out',
  ]);
  expect(unwell(checkNodes([node('a'), silent(false)], EXACT))).toEqual([
    'wrong nodes: b does not answer: ECONNREFUSED',
  ]);
});

test('does not report old events, and settings that may differ between nodes', () => {
  const settings = { ...VIEW.settings, LOG_LEVEL: 'debug', ROUTE_LISTEN: '0.0.0.0:8201' };
  const events = [event('bus-frames-lost', 4_000_000)];
  expect(unwell(checkNodes([node('a'), node('b', { view: { settings }, events })], EXACT))).toEqual(
    [],
  );
});

test('a clock is off only beyond what a slow answer can explain', () => {
  const slow = clockOf(NOW_MS + 1500, NOW_MS, NOW_MS + 3000);
  expect(slow).toEqual({ aheadMs: 0, unsureMs: 1500 });
  const late = { aheadMs: 2000, unsureMs: 1500 };
  expect(unwell(checkNodes([node('a', { clock: late })], EXACT))).toEqual([]);
});

const SERVER: ServerLimits = {
  address: '10.0.0.9:6379',
  version: '7.0.15',
  maxMemoryBytes: 0,
  usedMemoryBytes: 10 * MIB,
  maxMemoryPolicy: 'noeviction',
  subscriberLimit: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
};

function redis(options: Partial<ExaminedRedis> = {}): ExaminedRedis {
  return {
    servers: [SERVER],
    subscribers: [
      { server: SERVER.address, name: 'route-a', address: '10.0.0.1:1', outputBytes: 0 },
    ],
    directory: {
      nowMs: NOW_MS,
      malformed: 0,
      entries: [
        { node: 'a', leaseLeftMs: 9000, info: undefined },
        { node: 'dead', leaseLeftMs: -5000, info: undefined },
        { node: 'long-dead', leaseLeftMs: -300_000, info: undefined },
      ],
    },
    heldLinks: new Map(),
    clock: EXACT,
    ...options,
  };
}

test('a healthy Redis gets a line for each check', () => {
  const held = new Map([['a.1', 3]]);
  const findings = checkRedis(redis({ heldLinks: held }), [node('a', { links: [IDLE_LINK] })]);
  expect(unwell(findings)).toEqual([]);
  expect(findings.map(({ subject }) => subject)).toEqual(['redis', 'subscribers', 'ghosts']);
});

test.each<[string, Partial<ExaminedRedis>, string]>([
  [
    'evicts',
    { servers: [{ ...SERVER, maxMemoryBytes: 100 * MIB, maxMemoryPolicy: 'allkeys-lru' }] },
    'wrong redis: 10.0.0.9:6379: maxmemory-policy is allkeys-lru',
  ],
  [
    'is full',
    { servers: [{ ...SERVER, maxMemoryBytes: 100 * MIB, usedMemoryBytes: 90 * MIB }] },
    'warning redis: 10.0.0.9:6379: 90 MiB of 100 MiB are used',
  ],
  [
    'has a subscriber that is behind',
    {
      subscribers: [
        { server: SERVER.address, name: 'route-a', address: '10.0.0.1:1', outputBytes: 5 * MIB },
      ],
    },
    'warning subscribers: route-a is 5.0 MiB behind; Redis cuts it off at 8.0 MiB',
  ],
  [
    'holds records that no node writes',
    { directory: { ...redis().directory, malformed: 2 } },
    'warning redis: 2 records in the registry of nodes cannot be read',
  ],
  [
    'has no subscriber',
    { subscribers: [] },
    'wrong subscribers: a does not subscribe to this Redis',
  ],
  [
    'may not be asked',
    { subscribers: undefined },
    'unknown subscribers: CLIENT LIST may not be read',
  ],
  [
    'has users of a node that has just died',
    { heldLinks: new Map([['dead.1', 2]]) },
    'warning ghosts: 1 link of dead, whose lease ended 5.0 s ago, still have users',
  ],
  [
    'has users of a dead node that no node reaps',
    { heldLinks: new Map([['long-dead.1', 2]]) },
    'wrong ghosts: 1 link of long-dead, whose lease ended 5 min ago, still have users',
  ],
  [
    'has users of an unknown node',
    {
      heldLinks: new Map([
        ['stranger.1', 1],
        ['stranger.2', 1],
      ]),
    },
    'wrong ghosts: 2 links of stranger, whose lease ended long ago, still have users',
  ],
  [
    'has users of a link that its node does not have',
    { heldLinks: new Map([['a.9', 2]]) },
    'warning ghosts: users on 1 link that a does not have: a.9',
  ],
])('reports a Redis that %s, and nothing else', (_, options, expected) => {
  const found = unwell(checkRedis(redis(options), [node('a', { links: [IDLE_LINK] })]));
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});
