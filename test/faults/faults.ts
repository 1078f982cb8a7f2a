import { setTimeout as delay } from 'node:timers/promises';
import type { Cut } from '@route/fixtures';
import { askRedis } from '@route/local-cluster';
import type { Scene } from './scene.ts';

const KILL_EVERY_MS = 200;
const REDIS_DEADLINE_MS = 5_000;
const BURST_EVERY_MS = 250;
const BURST_PDUS = 1_000;
const BURST_PDU_BYTES = 160;

/** Redis stops in good order and restarts empty. */
export async function restartRedisEmpty({ redis }: Scene): Promise<void> {
  await redis.restart({ empty: true });
}

/** Redis is killed, and restarts empty after a while. */
export async function killRedis({ redis }: Scene, seconds: number): Promise<void> {
  await redis.kill();
  await delay(seconds * 1000);
  await redis.startAgain();
}

/** Redis hangs: its connections stay open without answers. */
export async function pauseRedis({ redis }: Scene, seconds: number): Promise<void> {
  await redis.pause();
  await delay(seconds * 1000);
  await redis.unpause();
}

/** Redis closes all connections, several times a second. */
export async function killConnections({ redis }: Scene, seconds: number): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= KILL_EVERY_MS) {
    await askRedis(redis.url, 'CLIENT KILL TYPE pubsub', REDIS_DEADLINE_MS);
    await askRedis(redis.url, 'CLIENT KILL TYPE normal', REDIS_DEADLINE_MS);
    await delay(KILL_EVERY_MS);
  }
}

/** Redis disconnects subscribers after a small lag, while bursts of PDUs arrive. */
export async function lowerOutputLimit(scene: Scene, seconds: number): Promise<void> {
  const { redis, traffic } = scene;
  await setOutputLimit(redis.url, '64kb 32kb 1');
  for (let left = seconds * 1000; left > 0; left -= BURST_EVERY_MS) {
    for (const sender of traffic.open) traffic.send(sender, BURST_PDUS, BURST_PDU_BYTES);
    await delay(BURST_EVERY_MS);
  }
  await setOutputLimit(redis.url, '32mb 8mb 60');
}

async function setOutputLimit(url: string, limit: string): Promise<void> {
  const command = `CONFIG SET client-output-buffer-limit "pubsub ${limit}"`;
  const answer = await askRedis(url, command, REDIS_DEADLINE_MS);
  if (answer !== '+OK') throw new Error(`Redis answers ${answer} to ${command}`);
}

/** A node's connection to Redis is cut and restored. */
export async function cutNode(
  scene: Scene,
  { index, cut, seconds }: { index: number; cut: Cut; seconds: number },
): Promise<void> {
  scene.proxy(index).cut(cut);
  await delay(seconds * 1000);
  scene.proxy(index).mend();
}

/** A node is paused, as when a virtual machine migrates, and continues. */
export async function stopNode(scene: Scene, index: number, seconds: number): Promise<void> {
  const node = scene.cluster.node(index);
  scene.setAvoided(node, true);
  node.signal('SIGSTOP');
  await delay(seconds * 1000);
  node.signal('SIGCONT');
  scene.setAvoided(node, false);
}
