import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startCluster } from '../harness/index.ts';
import { ReadmeServer, readmeServerText } from './readme-server.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** A folder of somebody who has installed the packages as they are published, and the README's code. */
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
  await writeFile(server, await readmeServerText());
  return server;
}

test('the README’s msg_server, with the packages as published, has right types and does what it says', async () => {
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
  expect((await readmeServerText()).trim().split('\n').length).toBeLessThan(35);

  const cluster = stack.use(await startCluster({ nodes: 2 }));
  const [first, second] = await Promise.all(
    cluster.nodes.map(async ({ host, port }) =>
      stack.use(await ReadmeServer.start(file, `${host}:${port}`)),
    ),
  );
  if (first === undefined || second === undefined) throw new Error('there are two nodes');
  const ann = stack.use(await first.login(1));
  const bob = stack.use(await second.login(2));
  await bob.sayUntil('1 hello', () => ann.hasRead('2: hello\n'));
  await ann.sayUntil('2 hello to you', () => bob.hasRead('1: hello to you\n'));

  // Bob logs in at the other server: the first one drops him.
  stack.use(await first.login(2));
  await bob.sayUntil('1 still here?', () => bob.hasRead('you have logged in elsewhere\n'));
});
