import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openKnownLinks } from '../cluster/known-links.ts';
import { startCluster } from '../harness/index.ts';

const SCRIPT = fileURLToPath(new URL('../../examples/admin-api/drain-node.ts', import.meta.url));
const TOKEN = 'the-token-of-this-test';
const DEADLINE_MS = 50_000;

interface Run {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function runScript(args: readonly string[], token?: string): Promise<Run> {
  return new Promise((resolve) => {
    const { ROUTE_ADMIN_TOKEN: _, ROUTE_ADMIN_TOKEN_FILE: __, ...env } = process.env;
    const options = {
      timeout: DEADLINE_MS,
      env: token === undefined ? env : { ...env, ROUTE_ADMIN_TOKEN: token },
    };
    execFile(process.execPath, [SCRIPT, ...args], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test('the script drains a node whose links others can take, waits for its end, and refuses the last node', async () => {
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

test('without an address or a token the script says how it is used', async () => {
  for (const run of [runScript([], TOKEN), runScript(['127.0.0.1:9200'], TOKEN)]) {
    expect(await run).toMatchObject({ status: 2 });
  }
  const { status, stderr } = await runScript(['http://127.0.0.1:9200']);
  expect({ status, stderr }).toMatchObject({ status: 2 });
  expect(stderr).toMatch(/^usage: ROUTE_ADMIN_TOKEN=/);
});
