import { duration, plural } from '../human.ts';
import { hasLeft } from '../nodes.ts';
import type { Clock, ExaminedNode, NodeAnswers } from './examine.ts';
import { type Finding, orWell } from './finding.ts';

/** Settings that may differ from node to node; all others are to be the same. */
const OF_ONE_NODE: ReadonlySet<string> = new Set([
  'ROUTE_LISTEN',
  'ROUTE_ADMIN_LISTEN',
  'ROUTE_ADVERTISE_HOST',
  'ROUTE_ADMIN_HOSTS',
  'REDIS_SENTINELS',
  'REDIS_CLUSTER',
  'LOG_LEVEL',
]);

/** Clocks that are further apart than this make logs hard to read together. */
const CLOCK_MS = 1000;
/** A round trip through Redis that is longer than this is felt. */
const ECHO_MS = 250;
const LOOP_MS = 100;
const HOUR_MS = 3_600_000;

type Answered = ExaminedNode & { readonly answers: NodeAnswers };

/** Checks of the nodes' own answers. */
export function checkNodes(nodes: readonly ExaminedNode[], redis: Clock | undefined): Finding[] {
  const answered = nodes.flatMap((node): Answered[] =>
    node.answer.kind === 'answered' ? [{ ...node, answers: node.answer.value }] : [],
  );
  const total = plural(answered.length, 'node');
  return [
    ...orWell(nodes.flatMap(readiness), 'nodes', `${total} answer, and are ready`),
    ...orWell(versions(answered), 'versions', `all run the same version${versionOf(answered)}`),
    ...orWell(settings(answered), 'settings', 'what must be the same is the same on all nodes'),
    ...orWell(nodes.flatMap(lease), 'leases', 'all are renewed in time'),
    ...clocks(answered, redis),
    ...orWell(answered.flatMap(bus), 'bus', 'all nodes receive from each other, nothing was lost'),
    ...orWell(answered.flatMap(links), 'links', 'none is stuck or suspicious'),
  ];
}

function versionOf([first]: readonly Answered[]): string {
  return first === undefined ? '' : `, ${first.answers.view.version}`;
}

function readiness({ name, known, answer }: ExaminedNode): Finding[] {
  if (hasLeft(known, answer)) {
    const says = `${name} has left; its lease runs out`;
    return [{ level: 'warning', subject: 'nodes', says }];
  }
  if (answer.kind === 'silent') {
    return [
      {
        level: 'wrong',
        subject: 'nodes',
        says: `${name} does not answer: ${answer.why}`,
        todo:
          'check that its process runs, and that its admin port can be reached from here: ' +
          'ROUTE_ADMIN_LISTEN is loopback by default, ROUTE_ADVERTISE_HOST is its published host',
      },
    ];
  }
  const { ready, draining, reasons, eventLoop } = answer.value.view;
  const findings: Finding[] = [];
  if (draining || known.info?.draining === true) {
    findings.push({ level: 'warning', subject: 'nodes', says: `${name} is draining` });
  } else if (!ready) {
    const why = reasons.map(({ meaning }) => meaning).join('; ');
    findings.push({
      level: 'wrong',
      subject: 'nodes',
      says: `${name} is not ready: ${why}`,
      todo: 'see its log from there on',
    });
  }
  if (eventLoop.p99Ms > LOOP_MS) {
    findings.push({
      level: 'warning',
      subject: 'nodes',
      says: `${name}'s event loop is late by ${duration(eventLoop.p99Ms)} (99 % of the last ${duration(eventLoop.overMs)})`,
      todo: 'it has more to do than one core can: add nodes, and rebalance',
    });
  }
  return findings;
}

function versions(nodes: readonly Answered[]): Finding[] {
  const groups = Map.groupBy(nodes, ({ answers }) => answers.view.version);
  if (groups.size <= 1) return [];
  const says = [...groups].map(([version, some]) => `${version} on ${namesOf(some)}`).join(', ');
  const todo = 'finish the upgrade: nodes of two versions work together only for its time';
  return [{ level: 'warning', subject: 'versions', says, todo }];
}

function settings(nodes: readonly Answered[]): Finding[] {
  const names = new Set(nodes.flatMap(({ answers }) => Object.keys(answers.view.settings)));
  return [...names].flatMap((name): Finding[] => {
    if (OF_ONE_NODE.has(name)) return [];
    const groups = Map.groupBy(nodes, ({ answers }) => answers.view.settings[name]);
    if (groups.size <= 1) return [];
    const says = [...groups]
      .map(([value, some]) => `${value ?? '(unknown)'} on ${namesOf(some)}`)
      .join(', ');
    const todo = 'give all nodes the same value';
    return [{ level: 'wrong', subject: 'settings', says: `${name} differs: ${says}`, todo }];
  });
}

function lease({ name, known, answer }: ExaminedNode): Finding[] {
  const todo = 'see whether its event loop or Redis is slow: a node without a lease is reaped';
  if (answer.kind !== 'answered' || answer.value.view.lease === null) return [];
  const { acquired, seconds } = answer.value.view.lease;
  if (!acquired) {
    return [{ level: 'wrong', subject: 'leases', says: `${name} has no lease`, todo }];
  }
  const { leaseLeftMs } = known;
  if (leaseLeftMs === undefined || leaseLeftMs > seconds * 500) return [];
  const left = `${duration(leaseLeftMs)} of ${seconds} s are left`;
  return [{ level: 'warning', subject: 'leases', says: `${name} renews late: ${left}`, todo }];
}

function clocks(nodes: readonly Answered[], redis: Clock | undefined): Finding[] {
  const against = redis ?? { aheadMs: 0, unsureMs: 0 };
  const whose = redis === undefined ? 'this machine’s' : 'Redis’s';
  const off = nodes.flatMap(({ name, answers: { clock } }): Finding[] => {
    const aheadMs = clock.aheadMs - against.aheadMs;
    if (Math.abs(aheadMs) - clock.unsureMs - against.unsureMs < CLOCK_MS) return [];
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    return [
      {
        level: 'warning',
        subject: 'clocks',
        says: `${name}'s clock is ${duration(Math.abs(aheadMs))} ${side} ${whose}`,
        todo: 'synchronize it with NTP: leases use the clock of Redis, but logs cannot be compared',
      },
    ];
  });
  return orWell(off, 'clocks', `all agree with ${whose}`);
}

function bus({ name, answers: { view, events } }: Answered): Finding[] {
  const { bus: now } = view;
  if (now === null) return [];
  const findings: Finding[] = [];
  const add = (level: Finding['level'], says: string, todo: string): void => {
    findings.push({ level, subject: 'bus', says: `${name} ${says}`, todo });
  };
  if (!now.responsive) {
    add(
      'wrong',
      'receives nothing from the bus',
      'see whether Redis answers, and whether its user may subscribe',
    );
  }
  if (now.full) {
    add(
      'warning',
      'sending is paused: another node is behind',
      'routectl links shows the link with growing unsent bytes',
    );
  }
  if (now.rttMs !== null && now.rttMs > ECHO_MS) {
    const lag = duration(now.rttMs);
    add(
      'warning',
      `receives its own messages only after ${lag}`,
      'see whether Redis or the network to it is busy',
    );
  }
  const lost = recent(events, view.nowMs).filter(({ event }) => event === 'bus-frames-lost').length;
  if (lost > 0) {
    const times = lost === 1 ? 'once' : `${lost} times`;
    add(
      'wrong',
      `lost frames of others ${times} in the last hour`,
      'check its log for bus-frames-lost',
    );
  }
  return findings;
}

function links({ name, answers: { view, links: all, events } }: Answered): Finding[] {
  const findings: Finding[] = [];
  if (recent(events, view.nowMs).some(({ event }) => event === 'second-link-suspected')) {
    findings.push({
      level: 'wrong',
      subject: 'links',
      says: `${name} has links that list users and are no master`,
      todo:
        'if msg_servers have several links to this cluster, set ROUTE_LINKS=master on all nodes: ' +
        'each message arrives once per link',
    });
  }
  const slow = all.filter(({ unsentBytes }) => unsentBytes > markOf(view.settings) / 2);
  for (const { link, peer } of slow) {
    findings.push({
      level: 'warning',
      subject: 'links',
      says: `${peer} reads slowly on ${link}`,
      todo: 'see what that msg_server is busy with; it is closed when it stays so',
    });
  }
  return findings;
}

function markOf(settings: Readonly<Record<string, string>>): number {
  return Number(settings['ROUTE_LINK_HIGH_WATER_MARK_BYTES'] ?? Number.POSITIVE_INFINITY);
}

function recent(events: NodeAnswers['events'], nowMs: number): NodeAnswers['events'] {
  return events.filter(({ atMs }) => nowMs - atMs < HOUR_MS);
}

function namesOf(nodes: readonly { readonly name: string }[]): string {
  return nodes.map(({ name }) => name).join(' ');
}
