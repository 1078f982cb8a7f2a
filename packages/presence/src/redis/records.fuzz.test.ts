import { fuzz, mutateText, type Random } from '@route/random';
import { test } from 'vitest';
import { parseLeaseReply } from '../cluster/lease-reply.ts';
import { type NodeInfo, parseNodeInfo } from '../cluster/node-info.ts';
import { parseNodeRegistry } from '../cluster/node-registry.ts';
import { parseCandidates } from '../cluster/reaper.ts';
import { parseClaimed } from '../grace/offline-grace.ts';
import { parseRecord } from '../ledger/user-connections.ts';
import { isUserId } from './replies.ts';
import { parseApplied, parseSurvey } from './shard-calls.ts';

/**
 * Any program with access can write records into Redis: the parsers validate them and skip what is
 * invalid.
 */

const NODE = 'abcdefghijkl';
const ABOUT = JSON.stringify({
  ...{ node: NODE, admin: '127.0.0.1:9200', listen: null, links: 3, leaving: 0 },
  ...{ draining: false, startedAtMs: 1_700_000_000_000, version: '0.2.0', leaseMs: 10_000 },
});

/** Mutates some strings and numbers of a reply, and sometimes drops or replaces a part. */
function mutated(random: Random, reply: readonly unknown[]): unknown[] {
  return reply.map((part) => {
    if (Array.isArray(part)) return mutated(random, part);
    const chance = random.below(8);
    if (chance === 0) return random.pick<unknown>([null, [], 1e300, -1, 'nan', '']);
    if (chance > 2) return part;
    const text = mutateText(random, [String(part)]);
    return typeof part === 'number' ? Number(text) : text;
  });
}

const IS_NODE = /^[A-Za-z0-9]{1,64}$/;

/** Cheaper than expect: it is called millions of times. */
function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not expected: ${what}`);
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

/**
 * Checks that the fields of a parsed node info can be printed and its addresses put into a URL
 * safely.
 */
function checkAbout(about: NodeInfo): void {
  const { node, admin, listen, links, leaving, startedAtMs, version, leaseMs = 0 } = about;
  check(IS_NODE.test(node), node);
  for (const address of listen === null ? [admin] : [admin, listen]) {
    const url = new URL(`http://${address}/path`);
    const { username, password, pathname, search, hash } = url;
    const all = [username, password, pathname, search, hash].join('|');
    check(all === '||/path||', `${address} as part of a URL`);
    check(address.length <= 260, 'a short address');
  }
  check(/^[\x21-\x7e]{1,64}$/.test(version), version);
  check(
    [links, leaving].every((n) => isCount(n) && n <= 1e7),
    'counts',
  );
  check(new Date(startedAtMs).getUTCFullYear() <= 9999, 'a moment');
  check(leaseMs <= 300_000, `${leaseMs}`);
}

test('users hash: a mutated record yields only valid entries', () => {
  const records = [
    'p;abcdefghijkl.1=w1;',
    'm;abcdefghijkl.1=i1a2;mnopqrstuvwx.2z=i1;',
    'p;abcdefghijkl.1=w[3]1i[13]2m1;mnopqrstuvwx.2z=i1;',
  ];
  fuzz('records of users', (random) => {
    const record = mutateText(random, records);
    const { state, connections } = parseRecord(7, record);
    check((state === 'gone') === (connections.length === 0), state);
    for (const { link, clients } of connections) {
      check(/^\w+\.\w+$/.test(link), link);
      const { others = {}, ...standard } = clients;
      for (const n of [...Object.values(standard), ...Object.values(others)]) {
        check(isCount(n), `${n}`);
      }
    }
  });
});

test('leases: a mutated reply throws an Error or yields valid nodes', () => {
  const replies = [
    [
      1,
      '1764261234567',
      [NODE, '1764261234567', 'other', '17'],
      [NODE, ABOUT],
      7,
      17e14,
      [NODE, '7'],
    ],
    ['refused', '3', '128', [NODE, '1764261234567'], ['older']],
  ];
  fuzz('replies of renew-lease', (random) => {
    const reply = parseLeaseReply(mutated(random, random.pick(replies)));
    for (const node of reply.leases.keys()) check(IS_NODE.test(node), node);
    if (reply.kind === 'refused') return;
    check(isCount(reply.epoch) && isCount(reply.version), 'numbers');
    for (const through of reply.asserted.values()) check(isCount(through), `${through}`);
    for (const about of reply.nodeInfos) checkAbout(about);
  });
});

test('node info: a mutated text yields a valid info or undefined', () => {
  fuzz('what nodes publish', (random) => {
    const about = parseNodeInfo(mutateText(random, [ABOUT]));
    if (about !== undefined) checkAbout(about);
  });
});

test('pending users: a mutated reply yields only user ids', () => {
  fuzz('replies of claim-pending', (random) => {
    const reply = [
      ...[1_764_261_234_567_000, '120000', ['7', 1, '4294967295', 0]],
      ['7', '1764261234567000'],
    ];
    const claimed = parseClaimed(mutated(random, reply));
    for (const { userId } of [...claimed.users, ...claimed.back]) {
      check(Number.isInteger(userId) && userId >= 0 && userId <= 0xffff_ffff, 'a number');
    }
  });
});

test('updates: a mutated reply throws an Error or yields numbers', () => {
  fuzz('replies of apply-updates', (random) => {
    try {
      const reply = [1_764_261_234_567_000, '0122', ['7', '1764261234567000']];
      const { version, back } = parseApplied(mutated(random, reply));
      check(Number.isSafeInteger(version), 'a number');
      for (const { userId } of back) check(isUserId(String(userId)), 'a number');
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('apply-updates'))) throw error;
    }
  });
});

test('links set: a mutated reply of a survey throws an Error or yields links of the node', () => {
  fuzz('replies of survey-shard', (random) => {
    const reply = mutated(random, [0, `${NODE}.1`, `${NODE}.2z`, 'mnopqrstuvwx.3']);
    for (const link of parseSurvey(reply, NODE)) {
      check(typeof link === 'string' && link.startsWith(`${NODE}.`), link);
    }
  });
});

test('meta hash: mutated stamps and links yield each node once, with its own links', () => {
  fuzz('meta hashes', (random) => {
    const fields = ['@clock', '@grace', '@at', NODE, 'mnopqrstuvwx', '__proto__'];
    const texts = (from: string[]): string[] => from.map((text) => mutateText(random, [text]));
    const stamps: Record<string, string> = Object.fromEntries(
      texts(fields).map((field) => [field, mutateText(random, ['17', '1764261234567000'])]),
    );
    const links = texts([`${NODE}.1`, `${NODE}.2z`, 'mnopqrstuvwx.3', '@clock.1', 'toString.1']);
    const candidates = parseCandidates(stamps, links);
    const nodes = new Set(candidates.map(({ nodeId }) => nodeId));
    check(nodes.size === candidates.length, 'each node once');
    check(![...nodes].some((nodeId) => nodeId.startsWith('@')), 'no field of the shard itself');
    const found = candidates.flatMap((each) => each.links).sort();
    const ofNodes = links.filter((link) => !/^@.*\./s.test(link)).sort();
    check(found.join() === ofNodes.join(), 'every link once');
    for (const { stamp } of candidates) check(typeof stamp === 'string', 'a stamp');
  });
});

test('node registry: a mutated reply yields valid nodes', () => {
  fuzz('replies of read-nodes', (random) => {
    const reply = ['1764261234567', [NODE, '1764261234567'], [NODE, ABOUT]];
    const [now, ...others] = mutated(random, reply);
    const nowMs = Number.isFinite(Number(now)) ? now : '1764261234567';
    for (const { node, leaseLeftMs, info } of parseNodeRegistry([nowMs, ...others]).entries) {
      check(IS_NODE.test(node) && Number.isFinite(leaseLeftMs), node);
      if (info !== undefined) checkAbout(info);
    }
  });
});
