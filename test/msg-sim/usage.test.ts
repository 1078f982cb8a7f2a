import { sharedRedisUrl, uniqueNamespace, waitFor } from '@route/fixtures';
import { findFreePort, isPortFree } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { Demo } from './demo.ts';

test('without an address it starts a cluster, names its processes, and stops it again on Ctrl-C', async () => {
  const port = await freePorts();
  await using demo = new Demo(['--json', '--users', '40', '--msg-servers', '3'], {
    REDIS_URL: sharedRedisUrl(),
    ROUTE_NAMESPACE: uniqueNamespace(),
    ROUTE_START_PORT: String(port),
    ROUTE_START_ADMIN_PORT: String(port + 3),
  });
  const second = await demo.line(({ kind }) => kind === 'second', 'the first second');
  expect(second.nodes?.map(({ address }) => address)).toEqual(
    [0, 1, 2].map((i) => `127.0.0.1:${port + i}`),
  );
  expect(second.nodes?.every(({ pid }) => typeof pid === 'number')).toBe(true);
  demo.process.kill('SIGINT');
  expect(await demo.exitStatus(), demo.output).toBe(0);
  for (let i = 0; i < 6; i++) expect(await isPortFree('127.0.0.1', port + i)).toBe(true);
});

test('invalid arguments are reported with the help: exit status 2', async () => {
  await using demo = new Demo(['--users', 'many', '--storm', 'snow']);
  expect(await demo.exitStatus()).toBe(2);
  expect(demo.errors).toContain('--users is "many", expected a whole number');
  expect(demo.errors).toContain('--storm is "snow", expected login or reconnect');
  expect(demo.errors).toContain('Examples:');
});

test('where no node accepts a link it reports that: exit status 1', async () => {
  const port = await findFreePort();
  await using demo = new Demo(['--route', `127.0.0.1:${port}`, '--json']);
  expect(await demo.exitStatus()).toBe(1);
  expect(demo.errors).toContain(`No node accepts links at 127.0.0.1:${port}.`);
});

/** The first of six neighbouring ports that are free. */
async function freePorts(): Promise<number> {
  return await waitFor(
    async () => {
      const first = await findFreePort();
      const free = await Promise.all(
        [0, 1, 2, 3, 4, 5].map((i) => isPortFree('127.0.0.1', first + i)),
      );
      return free.every(Boolean) ? first : undefined;
    },
    { what: 'neighbouring free ports' },
  );
}
