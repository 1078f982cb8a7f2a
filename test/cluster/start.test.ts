import { type Run, runToEnd, sharedRedisUrl, uniqueNamespace } from '@route/fixtures';
import { expect, test } from 'vitest';
import { ROUTE_NODE, startRouteNode } from '../harness/index.ts';

/** Runs the program until it exits, with these settings alone. */
function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  return runToEnd(ROUTE_NODE, args, { env, deadlineMs: 20_000 });
}

function fatalLines(stdout: string): string[] {
  return stdout.split('\n').filter((line) => line.includes('"level":60'));
}

test.for(['ROUTE_LISTEN', 'ROUTE_ADMIN_LISTEN'])(
  'an address in use as %s ends the start with one fatal line that names it',
  async (setting) => {
    await using node = await startRouteNode();
    const taken = `${node.host}:${setting === 'ROUTE_LISTEN' ? node.port : new URL(node.adminUrl).port}`;
    const { status, stdout, stderr } = await run([], {
      ROUTE_ENGINE: 'memory',
      ROUTE_LISTEN: '127.0.0.1:0',
      ROUTE_ADMIN_LISTEN: '127.0.0.1:0',
      [setting]: taken,
    });
    expect(status).toBe(1);
    expect(stderr).toBe('');
    const [line, ...more] = fatalLines(stdout);
    expect(more).toEqual([]);
    expect(line).toContain('"event":"start-failed"');
    expect(line).toContain('address already in use');
    expect(line).toContain(taken);
  },
);

test('a node whose link address is in use acquires no lease and sends nothing to Redis', async () => {
  await using node = await startRouteNode();
  const { status, stdout } = await run([], {
    ROUTE_ENGINE: 'redis',
    REDIS_URL: sharedRedisUrl(),
    ROUTE_NAMESPACE: uniqueNamespace(),
    ROUTE_LISTEN: `${node.host}:${node.port}`,
    ROUTE_ADMIN_LISTEN: '127.0.0.1:0',
  });
  expect(status).toBe(1);
  expect(fatalLines(stdout)).toHaveLength(1);
  expect(stdout).not.toContain('"event":"waiting-for-redis"');
  expect(stdout).not.toContain('"event":"lease-acquired"');
});

test('reports all invalid settings at once, with exit status 2', async () => {
  const { status, stdout, stderr } = await run(['--route-listen', 'nowhere'], {
    ROUTE_MAX_PDU_BYTES: '15',
    ROUTE_LINKS: 'some',
    ROUTE_LEASE_SECONDS: 'long',
    REDIS_URL: 'http://user:secret@example.org',
  });
  expect(status).toBe(2);
  expect(stdout).toBe('');
  for (const name of [
    'ROUTE_LISTEN is "nowhere": expected host:port',
    'ROUTE_MAX_PDU_BYTES is "15": expected a whole number from 16',
    'ROUTE_LINKS is "some": expected all or master',
    'ROUTE_LEASE_SECONDS is "long": expected seconds from 1',
    'REDIS_URL is (not shown): expected redis://',
  ]) {
    expect(stderr).toContain(name);
  }
  expect(stderr).not.toContain('secret');
});

test('rejects an unknown flag with a pointer to the help', async () => {
  const { status, stderr } = await run(['--route-lissen', '0.0.0.0:1'], {});
  expect(status).toBe(2);
  expect(stderr).toContain('--route-lissen');
  expect(stderr).toContain('--help');
});

test('--help lists the settings with their defaults and exits with status 0', async () => {
  const { status, stdout, stderr } = await run(['--help'], { ROUTE_LISTEN: 'nonsense' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const name of ['ROUTE_LISTEN', '--route-listen', '0.0.0.0:8200', 'REDIS_URL', 'LOG_LEVEL']) {
    expect(stdout).toContain(name);
  }
});
