import { type Run, waitFor } from '@route/fixtures';
import { CLIENT_TYPE, USER_STATUS } from '@route/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { type Cluster, type LinkSet, type RouteNode, startCluster } from '../harness/index.ts';
import { readTable, runRoutectl } from './run-routectl.ts';

const TOKEN = 'the-token-of-this-test';

const stack = new AsyncDisposableStack();
let cluster: Cluster;
let set: LinkSet;

beforeAll(async () => {
  // The links say nothing while commands are run, however long that takes.
  const env = {
    ROUTE_ADMIN_TOKEN: TOKEN,
    ROUTE_WATCH_BODIES: 'on',
    ROUTE_LINK_TIMEOUT_SECONDS: '600',
  };
  cluster = stack.use(await startCluster({ nodes: 3, env }));
  set = stack.use(await openKnownLinks(cluster.nodes, 6));
  set.link(0).roleSet(true);
  set.link(0).online([
    { userId: 4711, status: USER_STATUS.online, clientType: CLIENT_TYPE.windows },
    { userId: 4711, status: USER_STATUS.leave, clientType: CLIENT_TYPE.mac },
  ]);
  set.link(1).online([
    { userId: 4711, status: USER_STATUS.online, clientType: CLIENT_TYPE.ios },
    { userId: 4712, status: USER_STATUS.online, clientType: CLIENT_TYPE.android },
  ]);
  await set.link(0).known();
  await set.link(1).known();
});
afterAll(() => stack.disposeAsync());

function adminOf(node: RouteNode): string {
  return new URL(node.adminUrl).host;
}

/** Finds the cluster through its first node. */
function routectl(...args: string[]): Promise<Run> {
  return runRoutectl(args, { ROUTE_ADMIN: adminOf(cluster.node(0)) });
}

/** The same, with the token and the right to send it to all nodes. */
function withToken(args: readonly string[]): Promise<Run> {
  return runRoutectl(args, {
    ROUTE_ADMIN: adminOf(cluster.node(0)),
    ROUTE_ADMIN_TOKEN: TOKEN,
    ROUTE_ADMIN_TOKEN_TO: '127.0.0.0/8',
  });
}

function ids(): string[] {
  return cluster.nodes.map(({ id }) => id).sort();
}

describe('status', () => {
  test('reports all nodes, found through one of them', async () => {
    const { status, stdout, stderr } = await routectl('status');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const rows = readTable(stdout);
    expect(rows.map(({ node }) => node)).toEqual(ids());
    for (const row of rows) {
      expect(row).toMatchObject({ state: 'ready', links: '2' });
      expect(row['bus lag']).toMatch(/^\d+ ms$|^\d+(\.\d)? s$/);
      expect(row['lease']).toMatch(/ s$/);
    }
  });

  test('reports the same and more as JSON', async () => {
    const { status, stdout } = await routectl('status', '--json', '--over', '50');
    expect(status).toBe(0);
    const { nodes, gone } = JSON.parse(stdout);
    expect(gone).toEqual([]);
    expect(nodes).toMatchObject(
      ids().map((node) => ({
        node,
        state: 'ready',
        rates: { pdusIn: expect.any(Number) },
        view: { node, ready: true, links: { open: 2 } },
      })),
    );
  });

  test('finds the nodes through Redis, and writes nothing there', async () => {
    const redis = ['--redis', cluster.env['REDIS_URL'] ?? '', '--namespace', cluster.namespace];
    const { status, stdout } = await runRoutectl(['status', ...redis]);
    expect(status).toBe(0);
    expect(readTable(stdout).map(({ node }) => node)).toEqual(ids());
  });

  test('shows a node that does not answer, and reports the others', async () => {
    await using four = await startCluster({ nodes: 2 });
    const [here, stopped] = [four.node(0), four.node(1)];
    stopped.signal('SIGSTOP');
    try {
      const args = ['status', '--admin', adminOf(here), '--timeout', '1'];
      const { status, stdout, stderr } = await runRoutectl(args);
      expect(status).toBe(1);
      const rows = new Map(readTable(stdout).map((row) => [row['node'], row['state']]));
      expect(rows.get(here.id)).toBe('ready');
      expect(rows.get(stopped.id)).toBe('no answer');
      expect(stderr).toContain('no answer within 1000 ms');
    } finally {
      stopped.signal('SIGCONT');
    }
  });
});

describe('links', () => {
  test('lists the links of all nodes', async () => {
    const { status, stdout } = await routectl('links');
    expect(status).toBe(0);
    const rows = readTable(stdout);
    const peers = rows.map((row) => row['msg_server']);
    expect(peers.sort()).toEqual(set.links.map(({ address }) => address).sort());
    expect(rows.find((row) => row['msg_server'] === set.link(0).address)).toMatchObject({
      role: 'master',
      users: '1',
      state: 'reading',
    });
  });

  test('lists one node’s, by the beginning of its id', async () => {
    const { id } = cluster.node(1);
    const { status, stdout } = await routectl('links', '--node', id.slice(0, 8), '--json');
    expect(status).toBe(0);
    const { links } = JSON.parse(stdout);
    const peers = links.map(({ peer }: { peer: string }) => peer);
    expect(peers).toEqual([set.link(1).address, set.link(4).address]);
  });

  test('refuses an unknown node, and names the known ones', async () => {
    const { status, stderr } = await routectl('links', '--node', 'unknown');
    expect(status).toBe(2);
    for (const id of ids()) expect(stderr).toContain(id);
  });
});

describe('user', () => {
  test('reports the links of users, their clients, and the earliest time of login', async () => {
    const { status, stdout } = await waitFor(
      async () => {
        const run = await routectl('user', '4711', '4712,4713');
        return readTable(run.stdout).length === 4 && run;
      },
      { what: 'both lists to stand', deadlineMs: 15_000 },
    );
    expect(status).toBe(0);
    const rows = readTable(stdout);
    expect(rows.find((row) => row['msg_server'] === set.link(0).address)).toMatchObject({
      user: '4711',
      status: 'online',
      clients: 'windows, mac',
      away: 'mac',
      'since, at the earliest': expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
    // Each link's own node was asked for what only it knows.
    const onPhones = rows.filter((row) => row['msg_server'] === set.link(1).address);
    expect(onPhones).toMatchObject([
      { user: '4711', clients: 'ios', away: 'none' },
      { user: '4712', status: 'offline (phone)', clients: 'android' },
    ]);
    expect(rows.at(-1)).toMatchObject({ user: '4713', status: 'offline', link: '-' });
  });

  test('refuses an invalid user id', async () => {
    const { status, stderr } = await routectl('user', '4294967296');
    expect(status).toBe(2);
    expect(stderr).toContain('expected whole numbers from 0 to 4294967295');
  });
});

describe('top', () => {
  test('repeats at the given interval, with totals above the nodes', async () => {
    const { status, stdout } = await routectl('top', '--count', '2', '--interval', '100');
    expect(status).toBe(0);
    expect(stdout.match(/3 nodes, 6 links/g)).toHaveLength(2);
    expect(stdout).not.toContain('\x1b');
  });

  test('prints a line of JSON at each interval', async () => {
    const { stdout } = await routectl('top', '--count', '3', '--interval', '100', '--json');
    const looks = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(looks).toHaveLength(3);
    for (const { nodes } of looks) expect(nodes).toHaveLength(3);
  });
});

describe('watch', () => {
  /** Sends on all links until the command has seen enough. */
  async function watching(...args: string[]): Promise<Run> {
    let ended = false;
    const run = withToken(['watch', ...args]).finally(() => {
      ended = true;
    });
    let n = 0;
    await waitFor(
      () => {
        n++;
        for (const link of set.links) link.msgData(1, n);
        return ended;
      },
      { what: 'the watch to end', deadlineMs: 20_000 },
    );
    return await run;
  }

  test('shows PDUs of all nodes, only of the given commands', async () => {
    const args = ['--count', '30', '--rate', '5', '--command', 'msg_data,role_set', '--json'];
    const { status, stdout } = await watching(...args);
    expect(status).toBe(0);
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const pdus = messages.filter(({ kind }) => kind === 'pdu');
    expect(pdus).toHaveLength(30);
    expect(new Set(pdus.map(({ command }) => command))).toEqual(new Set(['msg_data']));
    expect(new Set(pdus.map(({ node }) => node))).toEqual(new Set(ids()));
    for (const pdu of pdus) expect(pdu).not.toHaveProperty('fields');
  });

  test('prints a line for each PDU, with fields on request, never the text of users', async () => {
    const { status, stdout } = await watching('--count', '5', '--decode', '--command', 'msg_data');
    expect(status).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => line.includes('msg_data'));
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(line).toMatch(
        /^\d\d:\d\d:\d\d\.\d{3} {2}\S+\.\S+ {2}127\.0\.0\.1:\d+ {2}msg_data {2}\d+ B/,
      );
      expect(line).toContain('"fromUserId":1');
      expect(line).toMatch(/"msgData":\{"bytes":\d+\}/);
    }
  });

  test('shows the text of users only with the token', async () => {
    const refused = await routectl('watch', '--bodies', '--count', '1');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('ROUTE_ADMIN_TOKEN');
    const args = ['watch', '--bodies', '--count', '1', '--command', 'msg_data', '--json'];
    let ended = false;
    const run = withToken(args).finally(() => {
      ended = true;
    });
    await waitFor(
      () => {
        set.link(0).msgData(1, 123_456);
        return ended;
      },
      { what: 'the watch to end', deadlineMs: 20_000 },
    );
    const [first = ''] = (await run).stdout.split('\n');
    expect(JSON.parse(first).bodyHex).toContain(Buffer.from('123456').toString('hex'));
  });

  test('refuses an unknown command and names the known ones', async () => {
    const { status, stderr } = await routectl('watch', '--command', 'shout');
    expect(status).toBe(2);
    expect(stderr).toContain('server_kick_user');
  });
});

describe('a command line that cannot be understood', () => {
  test.each([
    [['shout'], 'unknown command'],
    [['status', '--over', 'long'], 'expected a whole number from 50 to 60000'],
    [['status', '--admin', 'nowhere'], 'expected host:port'],
    [['status', '--redis', 'http://x'], 'expected redis://'],
    [['status', '--timeout', '0'], 'expected seconds'],
    [['user'], "missing required argument 'id'"],
    [['close-link', 'x'], "expected a node's id, a dot and a number"],
    [['completion', 'tcsh'], 'expected one of bash, zsh, fish'],
    [['replay', 'nowhere.json'], 'expected a readable file'],
    [['drain', 'x', '--token-file', '/nowhere'], 'expected a readable file'],
  ])('exits with status 2 and the reason: %j', async (args, problem) => {
    const { status, stdout, stderr } = await routectl(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
  });
});

test('without a reachable node the status is 3, and the needed arguments are named', async () => {
  const { status, stderr } = await runRoutectl(['status', '--redis', 'redis://127.0.0.1:9']);
  expect(status).toBe(3);
  expect(stderr).toContain('Redis cannot be reached');
  const byAdmin = await runRoutectl(['links', '--admin', '127.0.0.1:9', '--timeout', '1']);
  expect(byAdmin.status).toBe(3);
  expect(byAdmin.stderr).toContain('127.0.0.1:9 cannot be reached');
});

test('every command has a help text with an example', async () => {
  const { stdout } = await routectl('--help');
  const [, list = ''] = stdout.split('Commands:');
  const commands = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name);
  const named = commands.filter((name) => name !== 'help' && name !== 'routectl');
  expect(named).toHaveLength(11);
  const helps = await Promise.all(named.map((name) => routectl(name, '--help')));
  for (const { status, stdout: help } of helps) {
    expect(status).toBe(0);
    expect(help).toMatch(/Examples?:\n {2}(source|routectl)/);
  }
});
