import { nodeOf } from '@route/presence';
import { redisAdvice } from '@route/redis';
import { bytes, duration, plural } from '../human.ts';
import { hasLeft } from '../nodes.ts';
import type { ExaminedNode, ExaminedRedis } from './examine.ts';
import { type Finding, orWell } from './finding.ts';

/** A default of ROUTE_BUS_WINDOW_BYTES, where no node reports its own. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** Redis this full has little room for a storm of logins. */
const FULL = 0.85;
/** Sweeps for dead nodes' links are this many leases apart at the most, and take their time. */
const SWEEP_LEASES = 4;
const LEASE_SECONDS = 10;
const NAMED = 5;

/** Compares the data in Redis with the nodes' answers. */
export function checkRedis(redis: ExaminedRedis, nodes: readonly ExaminedNode[]): Finding[] {
  const windowBytes = mostOf(nodes, 'ROUTE_BUS_WINDOW_BYTES', WINDOW_BYTES);
  const settings = redis.servers.flatMap((server): Finding[] => [
    ...redisAdvice(server, windowBytes).map((says) => ({
      level: 'wrong' as const,
      subject: 'redis' as const,
      says: `${server.address}: ${says}`,
    })),
    ...fullness(server),
  ]);
  const versions = new Set(redis.servers.map(({ version }) => version));
  const { malformed } = redis.directory;
  if (malformed > 0) {
    settings.push({
      level: 'warning',
      subject: 'redis',
      says: `${plural(malformed, 'record')} in the registry of nodes cannot be read`,
      todo: 'see whether nodes of another release or other programs write to this namespace',
    });
  }
  return [
    ...orWell(settings, 'redis', `set as it should be, version ${[...versions].join(', ')}`),
    ...subscribers(redis, nodes),
    ...ghosts(redis, nodes),
  ];
}

function fullness(server: ExaminedRedis['servers'][number]): Finding[] {
  const { maxMemoryBytes, usedMemoryBytes, address } = server;
  if (maxMemoryBytes === 0 || usedMemoryBytes < maxMemoryBytes * FULL) return [];
  const says = `${address}: ${bytes(usedMemoryBytes)} of ${bytes(maxMemoryBytes)} are used`;
  const todo = 'raise maxmemory: when it is reached, presence cannot be written';
  return [{ level: 'warning', subject: 'redis', says, todo }];
}

function subscribers(redis: ExaminedRedis, nodes: readonly ExaminedNode[]): Finding[] {
  const subject = 'subscribers';
  if (redis.subscribers === undefined) {
    const says = 'CLIENT LIST may not be read';
    const todo = 'allow it for the user of routectl (+client|list): it shows slow subscribers';
    return [{ level: 'unknown', subject, says, todo }];
  }
  const findings: Finding[] = [];
  const softBytes = Math.min(
    ...redis.servers.map(
      ({ subscriberLimit }) => subscriberLimit?.softBytes || Number.POSITIVE_INFINITY,
    ),
  );
  for (const { name, address, outputBytes } of redis.subscribers) {
    if (outputBytes < softBytes / 2) continue;
    findings.push({
      level: 'warning',
      subject,
      says: `${name || address} is ${bytes(outputBytes)} behind; Redis cuts it off at ${bytes(softBytes)}`,
      todo: 'see whether that node has more to do than one core can',
    });
  }
  for (const { known, name, answer } of nodes) {
    const { node } = known;
    if (
      node === undefined ||
      hasLeft(known, answer) ||
      redis.subscribers.some((some) => some.name.includes(node))
    )
      continue;
    findings.push({
      level: 'wrong',
      subject,
      says: `${name} does not subscribe to this Redis`,
      todo: 'check that the node uses this namespace of this Redis, and bus-error in its log',
    });
  }
  return orWell(findings, subject, 'all nodes subscribe, and none is behind');
}

/** Links that have users in Redis but exist on no node: their users would stay online. */
function ghosts(redis: ExaminedRedis, nodes: readonly ExaminedNode[]): Finding[] {
  const findings: Finding[] = [];
  const leaseSeconds = mostOf(nodes, 'ROUTE_LEASE_SECONDS', LEASE_SECONDS);
  const leases = new Map(redis.directory.entries.map((entry) => [entry.node, entry.leaseLeftMs]));
  const byNode = Map.groupBy(redis.heldLinks.keys(), nodeOf);
  for (const [node, links] of byNode) {
    const leftMs = leases.get(node);
    if (leftMs !== undefined && (leftMs === null || leftMs > 0)) {
      findings.push(...closedLinks(node, links, nodes));
      continue;
    }
    const goneMs = -(leftMs ?? Number.NEGATIVE_INFINITY);
    const isLate = goneMs > leaseSeconds * 1000 * SWEEP_LEASES;
    const since = leftMs === undefined ? 'long ago' : `${duration(goneMs)} ago`;
    findings.push({
      level: isLate ? 'wrong' : 'warning',
      subject: 'ghosts',
      says: `${plural(links.length, 'link')} of ${node}, whose lease ended ${since}, still have users`,
      todo: isLate
        ? 'no node reaps: check their logs for redis-error'
        : 'look again: the other nodes reap them within seconds',
    });
  }
  return orWell(findings, 'ghosts', 'no users are on links that have ended');
}

/** Links closed by their node on request keep their users for one lease: they are not ghosts. */
function closedLinks(
  node: string,
  withUsers: readonly string[],
  nodes: readonly ExaminedNode[],
): Finding[] {
  const examined = nodes.find(({ known }) => known.node === node);
  if (examined?.answer.kind !== 'answered') return [];
  const open = new Set(examined.answer.value.links.map(({ link }) => link));
  const closed = withUsers.filter((link) => !open.has(link));
  if (closed.length <= (examined.known.info?.leaving ?? 0)) return [];
  const named = closed.slice(0, NAMED).join(', ');
  return [
    {
      level: 'warning',
      subject: 'ghosts',
      says: `users on ${plural(closed.length, 'link')} that ${node} does not have: ${named}`,
      todo: 'look again; what stays is corrected by reconciliation within ROUTE_RECONCILE_SECONDS',
    },
  ];
}

function mostOf(nodes: readonly ExaminedNode[], name: string, fallback: number): number {
  const values = nodes.flatMap(({ answer }) =>
    answer.kind === 'answered' ? Number(answer.value.view.settings[name] ?? fallback) : [],
  );
  return values.length === 0 ? fallback : Math.max(...values);
}
