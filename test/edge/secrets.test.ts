import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '@route/admin-api';
import { type RedisProcess, startRedisProcess, uniqueNamespace, waitFor } from '@route/fixtures';
import { findFreePort } from '@route/local-cluster';
import { expect, test } from 'vitest';
import { openKnownLink } from '../cluster/known-links.ts';
import { type RouteNode, startRouteNode } from '../harness/index.ts';

const PASSWORD = 'password-of-redis/+=';
const WRONG = 'password-that-is-wrong';
const TOKEN = 'token-of-the-admin-port';
const STRANGE_TOKEN = 'token-that-is-another';

/** Forms in which a secret may be written. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, encodeURIComponent(secret), encodeURI(secret), base64];
}

function expectNoSecrets(node: RouteNode): void {
  const written = [...node.logs.map((line) => JSON.stringify(line)), ...node.otherOutput];
  for (const secret of [PASSWORD, WRONG, TOKEN, STRANGE_TOKEN].flatMap(formsOf)) {
    expect(written.filter((line) => line.includes(secret))).toEqual([]);
  }
}

async function startGuardedRedis(): Promise<RedisProcess> {
  const port = await findFreePort();
  return await startRedisProcess({
    port,
    config: (directory) => [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, 'save ""'],
      `requirepass ${PASSWORD}`,
    ],
  });
}

function urlOf(redis: RedisProcess, password: string): string {
  return `redis://:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
}

const ENV = { ROUTE_ENGINE: 'redis', LOG_LEVEL: 'trace', ROUTE_ADMIN_TOKEN: TOKEN };

test('no log line of a node contains a secret, while it works, loses Redis or answers strangers', async () => {
  await using redis = await startGuardedRedis();
  const env = {
    ...ENV,
    REDIS_URL: urlOf(redis, PASSWORD),
    ROUTE_NAMESPACE: uniqueNamespace(),
    REDIS_CONNECT_TIMEOUT_MS: '300',
  };
  await using node = await startRouteNode({ env });
  await using link = await openKnownLink(node);
  const address = new URL(node.adminUrl).host;
  await expect(new AdminClient({ address, token: STRANGE_TOKEN }).drain()).rejects.toThrow();
  const admin = new AdminClient({ address, token: TOKEN });
  const [view] = (await admin.links()).links;
  await redis.kill();
  await node.waitForLog('redis-error');
  await admin.closeLink(view?.link ?? '');
  await link.closedByServer;
  node.signal('SIGTERM');
  await node.exited;
  await waitFor(() => node.logsOf('stopped').length === 1, { what: 'the last line' });
  expectNoSecrets(node);
});

test('no log line of a node that Redis refuses contains a secret', async () => {
  await using redis = await startGuardedRedis();
  const env = { ...ENV, REDIS_URL: urlOf(redis, WRONG), ROUTE_NAMESPACE: uniqueNamespace() };
  await using node = await startRouteNode({ env, waitUntilReady: false });
  await node.waitForLog('redis-error', ({ problem }) => /WRONGPASS/.test(String(problem)));
  expectNoSecrets(node);
});

test.each([
  ['REDIS_URL', `http://:${WRONG}@redis:6379`],
  ['ROUTE_ADMIN_TOKEN', `${WRONG} with spaces`],
])('%s that cannot be used is named and not shown', async (name, value) => {
  const start = startRouteNode({ env: { [name]: value } });
  await expect(start).rejects.toThrow(`${name} is (not shown)`);
  await expect(start).rejects.not.toThrow(WRONG);
});

test('secrets can be given in files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'route-secrets-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const redis = stack.use(await startGuardedRedis());
  await writeFile(join(folder, 'redis'), `${urlOf(redis, PASSWORD)}\n`);
  await writeFile(join(folder, 'token'), `${TOKEN}\n`);
  await using node = await startRouteNode({
    env: {
      ROUTE_ENGINE: 'redis',
      ROUTE_NAMESPACE: uniqueNamespace(),
      REDIS_URL_FILE: join(folder, 'redis'),
      ROUTE_ADMIN_TOKEN_FILE: join(folder, 'token'),
    },
  });
  await using _link = await openKnownLink(node);
  const address = new URL(node.adminUrl).host;
  const [view] = (await new AdminClient({ address, token: TOKEN }).links()).links;
  await new AdminClient({ address, token: TOKEN }).closeLink(view?.link ?? '');
  expectNoSecrets(node);
});
