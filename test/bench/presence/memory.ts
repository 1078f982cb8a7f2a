import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@route/fixtures';
import type { Reading } from '../scenario.ts';
import { residentBytes } from '../usage.ts';
import { snapshotPdu } from './pdus.ts';
import type { Stage } from './stage.ts';
import { usersFrom } from './users.ts';

const PC = { status: 'online', clientType: 'windows' } as const;
const USERS_PER_LINK = 100_000;
const SETTLE_MS = 2000;
const DEADLINE_MS = 60_000;

/** The cost of many users in Redis, and in the node of their links. */
export async function measureMemory(stage: Stage, users: number): Promise<Reading> {
  const [node] = stage.nodes;
  // Buffers and code that a first snapshot leaves behind are no cost of a user.
  const first = await stage.link(0);
  await first.send(snapshotPdu(usersFrom(1, USERS_PER_LINK), PC));
  await waitForUsers(stage, USERS_PER_LINK);
  await delay(SETTLE_MS);
  const before = {
    redis: await stage.redisBytes(),
    resident: residentBytes(stage.watched.pids),
    inUse: await inUseBytes(node),
  };
  const { cores } = await stage.timed(async () => {
    for (let at = USERS_PER_LINK; at < users; at += USERS_PER_LINK) {
      const link = await stage.link(0);
      await link.send(snapshotPdu(usersFrom(1 + at, USERS_PER_LINK), PC));
    }
    await waitForUsers(stage, users);
  });
  await delay(SETTLE_MS);
  const added = users - USERS_PER_LINK;
  return {
    redisBytesPerUser: ((await stage.redisBytes()) - before.redis) / added,
    inUseBytesPerUser: ((await inUseBytes(node)) - before.inUse) / added,
    residentBytesPerUser: (residentBytes(stage.watched.pids) - before.resident) / added,
    ...cores,
  };
}

/** The memory in use by a node's process: V8's heap, and memory outside of it. */
async function inUseBytes(node: Stage['nodes'][number] | undefined): Promise<number> {
  const heap = (await node?.metric('nodejs_heap_size_used_bytes')) ?? 0;
  return heap + ((await node?.metric('nodejs_external_memory_bytes')) ?? 0);
}

async function waitForUsers(stage: Stage, users: number): Promise<void> {
  await waitFor(async () => (await stage.usersInRedis()) === users, {
    what: `${users} users to be in Redis`,
    deadlineMs: DEADLINE_MS,
  });
}
