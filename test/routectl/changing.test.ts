import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Run, waitFor } from '@route/fixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Directing } from '../cluster/directing.ts';
import { openKnownLink, openKnownLinks } from '../cluster/known-links.ts';
import { type Cluster, startCluster } from '../harness/index.ts';
import { runRoutectl } from './run-routectl.ts';

const TOKEN = 'the-token-of-this-test';

const stack = new AsyncDisposableStack();
let cluster: Cluster;

beforeAll(async () => {
  const env = {
    ROUTE_ADMIN_TOKEN: TOKEN,
    ROUTE_DRAIN_SECONDS: '1',
    ROUTE_LEASE_SECONDS: '2',
    ROUTE_OFFLINE_GRACE_SECONDS: '0',
    ROUTE_REBALANCE_PER_MINUTE: '600',
  };
  cluster = stack.use(await startCluster({ nodes: 3, env }));
});
afterAll(() => stack.disposeAsync());

function golden(name: string): string {
  return fileURLToPath(new URL(`../golden/${name}.json`, import.meta.url));
}

function routectl(args: readonly string[], token = TOKEN): Promise<Run> {
  return runRoutectl(args, {
    ROUTE_ADMIN: new URL(cluster.node(0).adminUrl).host,
    ...(token !== '' && { ROUTE_ADMIN_TOKEN: token, ROUTE_ADMIN_TOKEN_TO: '127.0.0.1' }),
  });
}

describe('replay', () => {
  test('replays a recorded trace over all nodes without a difference', async () => {
    const { status, stdout } = await routectl(
      ['replay', golden('pc_login_notifies_all_links')],
      '',
    );
    expect(stdout).toBe('pc_login_notifies_all_links: equal, 3 links on 3 nodes\n');
    expect(status).toBe(0);
  });

  test('reports each link that received different PDUs', async () => {
    const file = golden('quirks/leave_counts_again');
    const { status, stdout } = await routectl(['replay', file, '--json'], '');
    expect(status).toBe(1);
    const { equal, differences } = JSON.parse(stdout);
    expect(equal).toBe(false);
    expect(differences[0]).toMatchObject({
      link: 'A',
      received: expect.stringMatching(/^step 8: status_notify /),
    });
  });

  test('is refused while other links are open, which would receive it', async () => {
    await using link = await openKnownLink(cluster.node(1));
    const { status, stderr } = await routectl(['replay', golden('relay_msg_data')], '');
    expect(status).toBe(1);
    expect(stderr).toContain('1 link');
    expect(link.received).toEqual([]);
    const args = ['replay', golden('relay_msg_data'), '--even-with-links'];
    expect((await routectl(args, '')).status).toBe(0);
    expect(link.received.length).toBeGreaterThan(0);
  });

  test('replays a trace with directed delivery', async () => {
    await using directing = await startCluster({ nodes: 2, env: { ROUTE_DELIVERY: 'directed' } });
    await using sure = await Directing.of(directing.nodes);
    const environment = { ROUTE_ADMIN: new URL(directing.node(0).adminUrl).host };
    const flags = ['--delivery', 'directed', '--even-with-links', '--json'];
    const { status, stdout } = await sure.inCertainty(() =>
      runRoutectl(['replay', golden('relay_msg_data'), ...flags], environment),
    );
    expect(JSON.parse(stdout)).toMatchObject({ delivery: 'directed', equal: true });
    expect(status).toBe(0);
  });

  test('accepts two kinds of delivery and refuses any other', async () => {
    const args = ['replay', golden('relay_msg_data'), '--delivery', 'post'];
    const { status, stderr } = await routectl(args, '');
    expect(status).toBe(2);
    expect(stderr).toContain("'--delivery <way>' argument 'post' is invalid");
    expect(stderr).toContain('expected broadcast or directed');
  });
});

describe('close-link', () => {
  test('closes the named link on any node', async () => {
    await using set = await openKnownLinks(cluster.nodes, 3);
    const listed = await routectl(['links', '--json']);
    const { links }: { links: { link: string; peer: string }[] } = JSON.parse(listed.stdout);
    const doomed = links.find(({ peer }) => peer === set.link(2).address)?.link ?? '';
    const { status, stdout } = await routectl(['close-link', doomed]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${doomed} of ${set.link(2).address} is being closed\n`,
    });
    expect(await set.link(2).closedByServer).toBe('ended');
    await set.link(0).known();

    const again = await routectl(['close-link', doomed]);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('expected an open link of this node');
  });

  test('is refused without the token, and names the setting for it', async () => {
    await using link = await openKnownLink(cluster.node(0));
    const { id } = cluster.node(0);
    const { status, stderr } = await routectl(['close-link', `${id}.1`], '');
    expect(status).toBe(1);
    expect(stderr).toContain('ROUTE_ADMIN_TOKEN_FILE');
    await link.known();
  });
});

describe('the token', () => {
  test('goes to no address known only from the registry, and the way to confirm it is printed', async () => {
    const other = cluster.node(1);
    const { host } = new URL(other.adminUrl);
    const environment = {
      ROUTE_ADMIN: new URL(cluster.node(0).adminUrl).host,
      ROUTE_ADMIN_TOKEN: TOKEN,
    };
    const { status, stderr } = await runRoutectl(['drain', other.id], environment);
    expect(status).toBe(1);
    expect(stderr).toContain(`--token-to ${host}`);
    expect(await other.ready()).toBe(true);
    const told = ['close-link', `${other.id}.none`, '--token-to', host];
    expect((await runRoutectl(told, environment)).stderr).toContain(
      'expected an open link of this node',
    );
  });

  test('goes to the given address, only with requests that need it', async () => {
    const asked: { url: string; authorization: string | undefined }[] = [];
    const { id } = cluster.node(0);
    const server = createServer(({ url = '', method, headers }, response) => {
      asked.push({ url: `${method} ${url}`, authorization: headers.authorization });
      const target = new URL(url, cluster.node(0).adminUrl);
      void fetch(target, { method: method ?? 'GET' }).then(async (answer) => {
        response.writeHead(answer.status).end(await answer.text());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    const admin = ['--admin', `127.0.0.1:${port}`];
    try {
      await runRoutectl([...admin, 'status'], { ROUTE_ADMIN_TOKEN: TOKEN });
      await runRoutectl([...admin, 'close-link', `${id}.none`], { ROUTE_ADMIN_TOKEN: TOKEN });
    } finally {
      server.close();
    }
    const given = asked.filter(({ authorization }) => authorization !== undefined);
    expect(given).toEqual([
      { url: `POST /api/v1/links/${id}.none/close`, authorization: `Bearer ${TOKEN}` },
    ]);
    expect(asked.length).toBeGreaterThan(given.length);
  });

  test.each(['--token', '--admin-token', '--redis-password'])(
    'is refused as the flag %s, which the process list would show',
    async (flag) => {
      const { status, stderr } = await routectl([flag, 'hush', 'status'], '');
      expect(status).toBe(2);
      expect(stderr).toContain('ROUTE_ADMIN_TOKEN_FILE');
      expect(stderr).not.toContain('hush');
    },
  );
});

describe('rebalance', () => {
  test('makes the node above its share close links, and sends the others nothing', async () => {
    await using set = await openKnownLinks([cluster.node(0)], 6);
    const { id } = cluster.node(0);
    const { status, stdout } = await waitFor(
      async () => {
        const run = await routectl(['rebalance', '--json']);
        // The nodes learn of each other's links with their leases.
        const { nodes } = JSON.parse(run.stdout);
        return (
          nodes.some(
            (one: { node: string; closing: number }) => one.node === id && one.closing > 0,
          ) && run
        );
      },
      { what: 'the nodes to know of the links', deadlineMs: 30_000 },
    );
    expect(status).toBe(0);
    const closing = JSON.parse(stdout).nodes.map((one: { node: string; closing: number }) => [
      one.node === id,
      one.closing > 0,
    ]);
    expect(closing.sort()).toEqual([
      [false, false],
      [false, false],
      [true, true],
    ]);
    await waitFor(() => set.links.some(({ serverClose }) => serverClose === 'ended'), {
      what: 'a link to be asked to go',
      deadlineMs: 20_000,
    });
  });

  test('reports each node that refuses, and exits with status 1', async () => {
    const { status, stdout } = await routectl(['rebalance'], '');
    expect(status).toBe(1);
    expect(stdout.match(/ROUTE_ADMIN_TOKEN_FILE/g)).toHaveLength(3);
  });
});

describe('completion', () => {
  test('bash completes commands, and each command’s options', async () => {
    const { status, stdout } = await routectl(['completion', 'bash']);
    expect(status).toBe(0);
    expect(await bashCompletes(stdout, ['routectl', 'close'])).toEqual(['close-link']);
    expect(await bashCompletes(stdout, ['routectl', '--json', 'watch', '--de'])).toEqual([
      '--decode',
    ]);
    expect(await bashCompletes(stdout, ['routectl', 'links', '--no'])).toEqual(['--node']);
    expect(await bashCompletes(stdout, ['routectl', 'links', '--ad'])).toEqual(['--admin']);
  });

  test.each(['zsh', 'fish'])('%s gets every command with its meaning', async (shell) => {
    const { status, stdout } = await routectl(['completion', shell]);
    expect(status).toBe(0);
    for (const name of ['status', 'close-link', 'doctor']) expect(stdout).toContain(name);
    expect(stdout).toContain('the nodes: age, links, users');
  });
});

// The last: it takes a node away.
describe('drain', () => {
  test('is refused without the token', async () => {
    const { status, stderr } = await routectl(['drain', cluster.node(2).id], '');
    expect(status).toBe(1);
    expect(stderr).toContain('ROUTE_ADMIN_TOKEN');
    expect(await cluster.node(2).ready()).toBe(true);
  });

  test('drains a node and waits until it has exited', async () => {
    const node = cluster.node(2);
    await using link = await openKnownLink(node);
    node.expectEnd();
    const { status, stdout } = await routectl(['drain', node.id.slice(0, 9), '--wait']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${node.id} is gone\n` });
    expect(await link.closedByServer).toBe('ended');
    expect(await node.exited).toEqual({ code: 0, signal: null });
    // Its lease runs out: until then it has left, then it is gone, and no alert fires in either
    // state.
    const after = await routectl(['status']);
    expect(after.status).toBe(0);
    const { id } = node;
    if (after.stderr === '') expect(after.stdout).toMatch(new RegExp(`${id}.* has left`));
    else expect(after.stderr).toMatch(new RegExp(`^1 node gone lately: ${id} \\([^,]*\\)\n$`));
  });
});

async function bashCompletes(script: string, words: readonly string[]): Promise<string[]> {
  const asked = `${script}
COMP_WORDS=(${words.join(' ')})
COMP_CWORD=${words.length - 1}
_routectl
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', asked]);
  return stdout.trim().split('\n');
}
