import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askServer, type RedisDeployment, startPrivateRedis, waitFor } from '@route/fixtures';
import { expect, test } from 'vitest';
import { judgeRecovery } from './judge.ts';
import { startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const PASSWORDS = ['before-the-rotation', 'after-the-rotation'] as const;
const FILE_IS_LATE_MS = 3_000;

interface RotatedRedis extends RedisDeployment {
  /**
   * Redis accepts only the new password and closes all connections; the nodes' file still has the
   * old one.
   */
  readonly rotate: () => Promise<void>;
  readonly writeFile: () => Promise<void>;
}

async function startRotatedRedis(): Promise<RotatedRedis> {
  await using stack = new AsyncDisposableStack();
  const [before, after] = PASSWORDS;
  const redis = stack.use(await startPrivateRedis());
  const folder = await mkdtemp(join(tmpdir(), 'route-rotation-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'url');
  const urlWith = (password: string): string => `redis://:${password}@127.0.0.1:${redis.port}`;
  await askServer(redis.port, ['CONFIG', 'SET', 'requirepass', before]);
  await writeFile(file, `${urlWith(before)}\n`);
  let password: string = before;
  const owned = stack.move();
  return {
    env: { REDIS_URL: '', REDIS_URL_FILE: file },
    get target() {
      return { kind: 'single' as const, url: urlWith(password) };
    },
    switches: [],
    killPrimary: () => redis.kill(),
    rotate: async () => {
      await askServer(redis.port, ['CONFIG', 'SET', 'requirepass', after], { password: before });
      password = after;
      for (const type of ['normal', 'pubsub']) {
        await askServer(redis.port, ['CLIENT', 'KILL', 'TYPE', type], { password: after });
      }
    },
    writeFile: () => writeFile(file, `${urlWith(after)}\n`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('a password changes before the file does: nodes report it, read the new one, and lose nothing', async () => {
  const fault = `a password changed, its file ${FILE_IS_LATE_MS / 1000} s late`;
  const redis = await startRotatedRedis();
  await using scene = await startScene({ seed: seedOf(fault), deployment: redis });
  await redis.rotate();
  scene.story.note('Redis accepts only the new password');
  for (const node of scene.cluster.nodes) {
    await waitFor(
      async () => {
        const response = await fetch(`${node.adminUrl}/readyz`);
        return response.status === 503 && (await response.text()).includes('WRONGPASS');
      },
      { what: '/readyz to contain WRONGPASS' },
    );
  }
  await delay(FILE_IS_LATE_MS);
  await redis.writeFile();
  scene.story.note('the file has the new password');
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});
