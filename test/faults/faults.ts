import { setTimeout as delay } from 'node:timers/promises';
import { askRedis } from '@route/local-cluster';
import type { Cut } from './cut-proxy.ts';
import type { Scene } from './scene.ts';

const KILL_EVERY_MS = 200;
const REDIS_DEADLINE_MS = 5_000;

/** Redis stops in good order and comes back with nothing. */
export async function restartRedisEmpty({ redis }: Scene): Promise<void> {
  await redis.restart({ empty: true });
}

/** Redis is killed, and comes back with nothing after a while. */
export async function killRedis({ redis }: Scene, seconds: number): Promise<void> {
  await redis.kill();
  await delay(seconds * 1000);
  await redis.startAgain();
}

/** Redis hangs: its connections stay open, nothing answers. */
export async function pauseRedis({ redis }: Scene, seconds: number): Promise<void> {
  await redis.pause();
  await delay(seconds * 1000);
  await redis.unpause();
}

/** Redis ends all connections, several times a second. */
export async function killConnections({ redis }: Scene, seconds: number): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= KILL_EVERY_MS) {
    await askRedis(redis.url, 'CLIENT KILL TYPE pubsub', REDIS_DEADLINE_MS);
    await askRedis(redis.url, 'CLIENT KILL TYPE normal', REDIS_DEADLINE_MS);
    await delay(KILL_EVERY_MS);
  }
}

/** A node's way to Redis is cut and mended. */
export async function cutNode(
  scene: Scene,
  { index, cut, seconds }: { index: number; cut: Cut; seconds: number },
): Promise<void> {
  scene.proxy(index).cut(cut);
  await delay(seconds * 1000);
  scene.proxy(index).mend();
}

/** A node is stopped, as by a virtual machine that is moved, and goes on. */
export async function stopNode(scene: Scene, index: number, seconds: number): Promise<void> {
  const node = scene.cluster.node(index);
  scene.setAvoided(node, true);
  node.signal('SIGSTOP');
  await delay(seconds * 1000);
  node.signal('SIGCONT');
  scene.setAvoided(node, false);
}

/** A node is killed; another takes its place when `replaced`. */
export async function killNode(scene: Scene, index: number): Promise<void> {
  await scene.kill(scene.cluster.node(index));
}
