import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'vitest';
import { ExampleServer } from '../examples/example-server.ts';
import { startCluster } from '../harness/index.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** A folder with the packages installed as they are published, and the example msg_server. */
async function installPublished(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'link-client-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@types'), { recursive: true });
  await run(process.execPath, [
    join(REPOSITORY, 'packages/link-client/pack.ts'),
    join(folder, 'npm'),
  ]);
  await rename(join(folder, 'npm'), join(modules, '@route'));
  for (const name of ['protobufjs', '@types/node']) {
    await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const server = join(folder, 'server.ts');
  await cp(join(modules, '@route/link-client/example/server.ts'), server);
  return server;
}

test('the example msg_server, with the packages as published, has right types and delivers between nodes', async () => {
  await using stack = new AsyncDisposableStack();
  const file = await installPublished(stack);
  const tsc = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  const strict = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--target',
    'es2024',
  ];
  await run(process.execPath, [tsc, ...strict, file]);

  const cluster = stack.use(await startCluster({ nodes: 2 }));
  const [first, second] = await Promise.all(
    cluster.nodes.map(async ({ host, port }) =>
      stack.use(await ExampleServer.start({ file, route: `${host}:${port}` })),
    ),
  );
  if (first === undefined || second === undefined) throw new Error('there are two nodes');
  const ann = stack.use(await first.login(1));
  const bob = stack.use(await second.login(2));
  await bob.sayUntil('1 hello', () => ann.received.includes('2: hello\n'));
  await ann.sayUntil('2 hello to you', () => bob.received.includes('1: hello to you\n'));

  // Bob logs in at the other server: the first one drops this client.
  stack.use(await first.login(2));
  await bob.waitForText('you have logged in elsewhere\n');
});
