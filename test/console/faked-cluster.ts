import type { ClusterNode, LinkView, NodeView, UserView } from '@route/admin-api';
import { IDLE_BUS, IDLE_LINK, IDLE_NODE } from '@route/admin-api/testing/views';
import type { Page } from 'playwright-core';

export interface FakedSize {
  readonly nodes: number;
  readonly links: number;
}

const STARTED_MS = 3_600_000;

/** Answers the page's requests like a large, busy cluster, in place of the node. */
export async function fakeCluster(page: Page, { nodes, links }: FakedSize): Promise<void> {
  const beganMs = Date.now();
  const ids = Array.from({ length: nodes }, (_, i) => idOf(i));
  await page.route('**/api/v1/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    const [, , , what = '', node = '', view = ''] = pathname.split('/');
    const at = ids.indexOf(node);
    const seconds = (Date.now() - beganMs) / 1000;
    const mine = Array.from({ length: links }, (_, i) => i).filter((i) => i % nodes === at);
    const answers: Readonly<Record<string, () => object>> = {
      cluster: () => ({
        node: ids[0],
        namespace: 'route',
        redisNowMs: Date.now(),
        nodes: ids.map(clusterNode),
      }),
      node: () => nodeView({ node, at, seconds, links: mine.length }),
      links: () => ({ node, links: mine.map((i) => linkView(node, i, seconds)) }),
      totals: () => ({
        node,
        countedAtMs: Date.now(),
        users: 5210 + at,
        pcUsers: 3100,
        mobileOnlyUsers: 2110 + at,
        clients: { windows: 2410, mac: 690, ios: 1720 + at, android: 1490 },
        away: { windows: 210, mac: 44, ios: 12, android: 9 },
      }),
      events: () => ({ node, lastSeq: mine.length, events: mine.map((i) => opened(i, beganMs)) }),
      users: () => ({ node: ids[0], users: [userOn(ids.slice(0, 2), Number(node))] }),
    };
    const answer = answers[what === 'nodes' ? view : what];
    if (answer === undefined) throw new Error(`the page asks for ${pathname}, which is not faked`);
    await route.fulfill({ json: answer() });
  });
}

/** Ids as long as real ones, the same in every run. */
function idOf(at: number): string {
  return Array.from({ length: 12 }, (_, i) => LETTERS[(at * 7 + i * (at + 3)) % 32]).join('');
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

function clusterNode(node: string, at: number): ClusterNode {
  const info = {
    admin: `10.0.0.${at + 1}:9200`,
    listen: `10.0.0.${at + 1}:8200`,
    links: 10,
    leaving: 0,
    draining: false,
    startedAtMs: Date.now() - STARTED_MS,
    version: '0.1.0',
  };
  return { node, self: at === 0, alive: true, leaseLeftMs: 8000 + at, info };
}

interface FakedNode {
  readonly node: string;
  readonly at: number;
  readonly seconds: number;
  readonly links: number;
}

function nodeView({ node, at, seconds, links }: FakedNode): NodeView {
  const wave = 1 + Math.sin(seconds / 5 + at) / 3;
  return {
    ...IDLE_NODE,
    node,
    version: '0.1.0',
    engine: 'redis',
    listen: `10.0.0.${at + 1}:8200`,
    nowMs: Date.now(),
    startedAtMs: Date.now() - STARTED_MS,
    ready: at !== 3,
    draining: at === 3,
    reasons: at === 3 ? [{ reason: 'draining', meaning: 'the node goes away' }] : [],
    lease: { acquired: true, seconds: 10, liveNodes: 20 },
    bus: {
      ...IDLE_BUS,
      rttMs: 1.5 * wave,
      shareBytes: 1_000_000,
      awaitedNodes: 19,
      bytesSent: 90_000 * (seconds + wave),
    },
    links: { ...IDLE_NODE.links, open: links },
    presence: { users: 5210 + at },
    traffic: {
      receivedPdus: 500 * (seconds + wave),
      receivedBytes: 90_000 * seconds,
      relayedPdus: 480 * seconds,
      sentBytes: 1_700_000 * (seconds + wave),
      notifications: 20 * seconds,
    },
    eventLoop: { overMs: 5000, p50Ms: 0.1, p99Ms: 2 * wave, maxMs: 9, utilization: 0.3 },
  };
}

function linkView(node: string, i: number, seconds: number): LinkView {
  return {
    ...IDLE_LINK,
    link: `${node}-${i}`,
    peer: `10.0.1.${i}:${40_000 + i}`,
    openedAtMs: Date.now() - STARTED_MS,
    role: i % 5 === 0 ? 'slave' : 'master',
    users: 521,
    receivedPdus: Math.floor((50 + (i % 7)) * seconds * (i % 3)),
    receivedBytes: 9000 * seconds,
    sentBytes: 170_000 * seconds,
    unsentBytes: i % 40 === 0 ? 80_000 : 0,
    reading: i % 40 === 0 ? 'held' : 'reading',
    silentMs: 1000,
  };
}

/** A user with a client on the first link of each of these nodes. */
function userOn(nodes: readonly string[], userId: number): UserView {
  const links = nodes.map((node, at) => ({
    link: `${node}-${at}`,
    node,
    clients: { windows: 1 - at, mac: 0, ios: at, android: 0 },
    peer: null,
    openedAtMs: null,
    away: null,
  }));
  return { userId, status: 'online', state: 'pc', links };
}

function opened(i: number, atMs: number): object {
  const facts = { link: `link-${i}`, peer: `10.0.1.${i}:${40_000 + i}` };
  return { seq: i + 1, atMs: atMs - i * 1000, level: 'info', event: 'link-opened', facts };
}
