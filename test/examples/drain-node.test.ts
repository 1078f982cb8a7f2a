import { type Run, runToEnd } from '@route/fixtures';
import { expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { startCluster } from '../harness/index.ts';

const TOKEN = 'the-token-of-this-test';

function runScript(args: readonly string[], token?: string): Promise<Run> {
  const env: Record<string, string> = token === undefined ? {} : { ROUTE_ADMIN_TOKEN: token };
  return runToEnd('examples/admin-api/drain-node.ts', args, { env, deadlineMs: 50_000 });
}

test('the script drains a node, waits until it has stopped, and refuses to drain the last node', async () => {
  const env = { ROUTE_ADMIN_TOKEN: TOKEN, ROUTE_DRAIN_SECONDS: '1', ROUTE_LEASE_SECONDS: '3' };
  await using cluster = await startCluster({ nodes: 2, env });
  const [first, last] = [cluster.node(0), cluster.node(1)];
  await using set = await openKnownLinks([first], 2);

  const wrong = await runScript([first.adminUrl], 'another-token-of-a-test');
  expect(wrong).toMatchObject({ status: 1, stdout: '' });
  expect(wrong.stderr).toContain('401 token-wrong');

  first.expectEnd();
  const drained = await runScript([first.adminUrl], TOKEN);
  expect(drained).toMatchObject({ status: 0, stderr: '' });
  expect(drained.stdout).toBe(`${first.id} drains: 2 links over 1 s\n${first.id} has stopped\n`);
  for (const link of set.links) expect(await link.closedByServer).toBe('ended');
  expect(await first.exited).toEqual({ code: 0, signal: null });

  await last.waitForMetric('route_live_nodes', (count) => count === 1);
  const refused = await runScript([last.adminUrl], TOKEN);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain('no other node takes links: not drained');
  expect(last.isRunning).toBe(true);

  const gone = await runScript([first.adminUrl], TOKEN);
  expect(gone.status).toBe(1);
  expect(gone.stderr).toContain(`cannot reach ${first.adminUrl}`);
});

test('without an address or a token the script prints its usage', async () => {
  for (const run of [runScript([], TOKEN), runScript(['127.0.0.1:9200'], TOKEN)]) {
    expect(await run).toMatchObject({ status: 2 });
  }
  const { status, stderr } = await runScript(['http://127.0.0.1:9200']);
  expect({ status, stderr }).toMatchObject({ status: 2 });
  expect(stderr).toMatch(/^usage: ROUTE_ADMIN_TOKEN=/);
});
