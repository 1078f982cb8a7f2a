import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENT_TYPE } from '@route/protocol';
import { SHARD_COUNT, shardOf } from '@route/redis';
import type { LoadLink } from './load-link.ts';
import { queryPdus, snapshotPdu, updatePdus } from './pdus.ts';
import { Stage } from './stage.ts';

export type Figures = Record<string, number>;

export function ids(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

async function links(stage: Stage, count = 2): Promise<LoadLink[]> {
  const opened: LoadLink[] = [];
  for (let i = 0; i < count; i++) opened.push(await stage.link(i % stage.nodeCount));
  await sleep(50);
  return opened;
}

/** Asks for these until all are online; returns when. */
async function untilOnline(link: LoadLink, userIds: readonly number[]): Promise<void> {
  for (;;) {
    const { ids, online } = link.received;
    link.write(queryPdus(userIds, 100));
    await link.until('answer', (received) => received.ids === ids + userIds.length);
    if (link.received.online === online + userIds.length) return;
    await sleep(2);
  }
}

/** PDUs of 160 bytes relayed at a pace beside something else: how late they were. */
class RelayBeside {
  readonly latencies: number[] = [];
  readonly #timer: NodeJS.Timeout;
  constructor(from: LoadLink, to: LoadLink, perSecond: number) {
    const started = performance.now();
    let sent = 0;
    to.onPdu = (_, bytes, start) => {
      if (bytes.readUInt16BE(start + 10) !== 0x0301) return;
      this.latencies.push(performance.now() - bytes.readDoubleBE(start + 16));
    };
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - started) * perSecond) / 1000);
      for (; sent < due; sent++) {
        const pdu = Buffer.alloc(160);
        pdu.writeUInt32BE(160, 0);
        pdu.writeUInt16BE(1, 4);
        pdu.writeUInt16BE(3, 8);
        pdu.writeUInt16BE(0x0301, 10);
        pdu.writeDoubleBE(started + (sent * 1000) / perSecond, 16);
        from.write(pdu);
      }
    }, 1);
  }
  stop(): void {
    clearInterval(this.#timer);
  }
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export async function snapshot(users: number): Promise<Figures> {
  await using stage = await Stage.start(2);
  const [a, b] = await links(stage);
  const [relayA, relayB, relayC] = [await stage.link(0), await stage.link(1), await stage.link(0)];
  if (!a || !b || !relayA || !relayB || !relayC) throw new Error();
  const userIds = ids(1000, users);
  const pdu = snapshotPdu(userIds, CLIENT_TYPE.windows);
  const lastOfShards = Array.from({ length: SHARD_COUNT }, (): number[] => []);
  for (const id of userIds) lastOfShards[shardOf(id)]?.push(id);
  const probes = lastOfShards.flatMap((shard) => shard.slice(-3));
  const beside = new RelayBeside(relayA, relayB, 1000);
  const local = new RelayBeside(relayB, relayC, 1000);
  await sleep(1000);
  const quiet = [percentile(beside.latencies, 0.99), Math.max(...beside.latencies)];
  beside.latencies.length = 0;
  local.latencies.length = 0;
  await stage.metrics(0);
  const start = performance.now();
  const done = a.send(pdu);
  await untilOnline(b, probes);
  const visible = performance.now() - start;
  await done;
  const { online } = b.received;
  const idsSoFar = b.received.ids;
  await b.send(queryPdus(userIds, 100));
  await b.until('all answered', (received) => received.ids === idsSoFar + users);
  if (b.received.online !== online + users)
    throw new Error(`${b.received.online - online} of ${users} visible`);
  const verified = performance.now() - start;
  beside.stop();
  local.stop();
  const m = await stage.metrics(0);
  return {
    users,
    visibleMs: visible,
    verifiedMs: verified,
    loopMaxMs: (m.get('nodejs_eventloop_lag_max_seconds') ?? Number.NaN) * 1000,
    relayQuietP99: quiet[0] ?? 0,
    relayQuietMax: quiet[1] ?? 0,
    relayP99: percentile(beside.latencies, 0.99),
    relayMax: percentile(beside.latencies, 1),
    relayToP99: percentile(local.latencies, 0.99),
    relayToMax: percentile(local.latencies, 1),
  };
}

/** Mobile updates from two links; done when a query behind them is answered. */
export async function updates(perLink: number, nodes: number): Promise<Figures> {
  await using stage = await Stage.start(nodes);
  const both = await links(stage);
  const bytes = both.map((_, i) =>
    Buffer.concat([
      updatePdus(ids(1 + i * perLink, perLink), { status: 'online', clientType: 'ios' }),
      queryPdus([1], 1),
    ]),
  );
  const warm = updatePdus(ids(9_000_000, 20_000), { status: 'online', clientType: 'ios' });
  await both[0]?.send(Buffer.concat([warm, queryPdus([1], 1)]));
  await both[0]?.until('warm', (r) => r.responses === 1);
  await both[1]?.send(queryPdus([1], 1));
  await both[1]?.until('warm', (r) => r.responses === 1);
  const cpu = await cpuOf(stage);
  const start = performance.now();
  const sent = both.map((link, i) => link.send(bytes[i] ?? Buffer.alloc(0)));
  await Promise.all(both.map((link) => link.until('all committed', (r) => r.responses === 2)));
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(sent);
  const cpuAfter = await cpuOf(stage);
  const stored = await stage.usersInRedis();
  if (stored !== 20_000 + 2 * perLink) throw new Error(`${stored} users in Redis`);
  return { nodes, perSecond: (2 * perLink) / seconds, ...used(cpu, cpuAfter, seconds) };
}

/** PC logins from two links; done when both have both notifications of all. */
export async function logins(perLink: number, nodes: number): Promise<Figures> {
  await using stage = await Stage.start(nodes);
  const both = await links(stage);
  const users = both.map((_, i) => ids(1 + i * perLink, perLink));
  const bytes = users.map((u) => updatePdus(u, { status: 'online', clientType: 'windows' }));
  const warm = ids(9_000_000, 20_000);
  await both[0]?.send(updatePdus(warm, { status: 'online', clientType: 'windows' }));
  await Promise.all(both.map((l) => l.until('warm', (r) => r.statuses === warm.length)));
  const cpu = await cpuOf(stage);
  const start = performance.now();
  const sent = both.map((link, i) => link.send(bytes[i] ?? Buffer.alloc(0)));
  const expected = warm.length + 2 * perLink;
  await Promise.all(
    both.map((link) =>
      link.until('all notices', (r) => r.statuses === expected && r.logins === expected),
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(sent);
  const cpuAfter = await cpuOf(stage);
  const total = sum(warm) + sum(users.flat());
  for (const { received } of both) {
    if (received.statusIds !== total || received.loginIds !== total)
      throw new Error('other users notified');
  }
  return { nodes, perSecond: (2 * perLink) / seconds, ...used(cpu, cpuAfter, seconds) };
}

/** Queries from two links; `size` ids each, half of them online. */
export async function queries(size: number, perLink: number, nodes: number): Promise<Figures> {
  await using stage = await Stage.start(nodes);
  const both = await links(stage);
  const users = 100_000;
  await both[0]?.send(snapshotPdu(ids(1, users), CLIENT_TYPE.mac));
  const [, b] = both;
  if (b === undefined) throw new Error();
  await untilOnline(b, ids(users - 2000, 2000));
  await sleep(500);
  const asked = Array.from({ length: perLink }, (_, i) => 1 + ((i * 7919) % (2 * users)));
  const onlineAsked = asked.filter((id) => id <= users);
  const bytes = queryPdus(asked, size);
  const befores = both.map(({ received }) => ({ ...received }));
  const cpu = await cpuOf(stage);
  const start = performance.now();
  const sent = both.map((link) => link.send(bytes));
  await Promise.all(
    both.map((link, i) => link.until('all', (r) => r.ids === (befores[i]?.ids ?? 0) + perLink)),
  );
  const seconds = (performance.now() - start) / 1000;
  await Promise.all(sent);
  const cpuAfter = await cpuOf(stage);
  for (const [i, { received }] of both.entries()) {
    const online = received.onlineIds - (befores[i]?.onlineIds ?? 0);
    if (online !== sum(onlineAsked)) throw new Error('wrong answers');
  }
  return { nodes, size, idsPerSecond: (2 * perLink) / seconds, ...used(cpu, cpuAfter, seconds) };
}

/** One id asked at a pace, open loop; latency from when it was due. */
export async function ask(perSecond: number, seconds: number, nodes: number): Promise<Figures> {
  await using stage = await Stage.start(nodes);
  const both = await links(stage);
  const users = 100_000;
  await both[0]?.send(snapshotPdu(ids(1, users), CLIENT_TYPE.mac));
  const [, b] = both;
  if (b === undefined) throw new Error();
  await untilOnline(b, ids(users - 2000, 2000));
  await sleep(500);
  const latencies: number[] = [];
  const due: number[] = [];
  let answered = 0;
  b.onPdu = (_, bytes, at) => {
    if (bytes.readUInt16BE(at + 10) === 0x020b)
      latencies.push(performance.now() - (due[answered++] ?? 0));
  };
  const start = performance.now() + 10;
  const total = perSecond * seconds;
  while (due.length < total) {
    const next = start + (due.length * 1000) / perSecond;
    while (performance.now() < next) {
      // Lets answers in: a timer of 1 ms would be late by more than what is measured.
      await new Promise((resolve) => setImmediate(resolve));
    }
    due.push(next);
    b.write(queryPdus([1 + ((due.length * 7919) % (2 * users))], 1));
  }
  await b.until('all', () => answered === total);
  return {
    nodes,
    perSecond,
    p50us: percentile(latencies, 0.5) * 1000,
    p99us: percentile(latencies, 0.99) * 1000,
    maxUs: percentile(latencies, 1) * 1000,
  };
}

/** What so many users cost Redis and the node that holds them. */
export async function memory(users: number): Promise<Figures> {
  await using stage = await Stage.start(1);
  const link = await stage.link(0);
  await sleep(300);
  const before = Number((await stage.redisInfo('memory')).get('used_memory'));
  const m0 = await stage.metrics(0);
  const started = performance.now();
  for (let at = 0; at < users; at += 100_000) {
    await link.send(
      snapshotPdu(ids(1_000_000 + at, Math.min(100_000, users - at)), CLIENT_TYPE.windows),
    );
  }
  for (;;) {
    if ((await stage.usersInRedis()) === users) break;
    await sleep(20);
  }
  const seconds = (performance.now() - started) / 1000;
  await sleep(3000);
  const after = Number((await stage.redisInfo('memory')).get('used_memory'));
  const m1 = await stage.metrics(0);
  const grown = (name: string): number => ((m1.get(name) ?? 0) - (m0.get(name) ?? 0)) / users;
  return {
    users,
    redisBytesPerUser: (after - before) / users,
    nodeRssPerUser: grown('process_resident_memory_bytes'),
    nodeHeapPerUser: grown('nodejs_heap_size_used_bytes'),
    nodeExternalPerUser: grown('nodejs_external_memory_bytes'),
    usersPerSecond: users / seconds,
  };
}

interface Cpu {
  readonly redis: number;
  readonly nodes: number[];
}
async function cpuOf(stage: Stage): Promise<Cpu> {
  const info = await stage.redisInfo('cpu');
  const nodes: number[] = [];
  for (let i = 0; i < stage.nodeCount; i++) {
    nodes.push((await stage.metrics(i)).get('process_cpu_seconds_total') ?? 0);
  }
  return { redis: Number(info.get('used_cpu_user')) + Number(info.get('used_cpu_sys')), nodes };
}
function used(before: Cpu, after: Cpu, seconds: number): Figures {
  return {
    seconds,
    redisCpu: (after.redis - before.redis) / seconds,
    ...Object.fromEntries(
      after.nodes.map((n, i) => [`node${i}Cpu`, (n - (before.nodes[i] ?? 0)) / seconds]),
    ),
  };
}
