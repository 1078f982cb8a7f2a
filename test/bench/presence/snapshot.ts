import { setTimeout as delay } from 'node:timers/promises';
import { SHARD_COUNT, shardOf } from '@route/redis';
import type { Effort, Reading } from '../scenario.ts';
import { queryPdus, snapshotPdu } from './pdus.ts';
import type { PresenceLink } from './presence-link.ts';
import { RelayBeside } from './relay-beside.ts';
import type { Stage } from './stage.ts';
import { usersFrom } from './users.ts';

/** Maximum number of users that one msg_server lists; more users are listed by several at once. */
const PC = { status: 'online', clientType: 'windows' } as const;
const USERS_PER_LINK = 100_000;
const QUERY_IDS = 100;
/** Queries cost time too and must not be the bottleneck. */
const ASK_EVERY_MS = 5;
const RELAYED_PER_SECOND = 1000;
/**
 * The node samples its event loop at this interval (ms): shorter delays are invisible, and observed
 * ones include it.
 */
const LOOP_RESOLUTION_MS = 10;

/**
 * Lists users on the first of two nodes: the time until the other knows them all, and the effect on
 * relaying on the first.
 */
export async function measureSnapshot(
  stage: Stage,
  users: number,
  { warmUpMs }: Effort,
): Promise<Reading> {
  const [node] = stage.nodes;
  const userIds = usersFrom(1_000_000, users);
  const senders: { link: PresenceLink; pdu: Buffer; last: readonly number[] }[] = [];
  for (let at = 0; at < users; at += USERS_PER_LINK) {
    const listed = userIds.slice(at, at + USERS_PER_LINK);
    const pdu = snapshotPdu(listed, PC);
    senders.push({ link: await stage.link(0), pdu, last: lastOfShards(listed) });
  }
  const asker = await stage.link(1);
  const beside = new RelayBeside(await stage.link(0), await stage.link(0), RELAYED_PER_SECOND);
  await delay(warmUpMs);
  beside.reset();
  await node?.metric('nodejs_eventloop_lag_max_seconds');
  const { seconds, cores } = await stage.timed(async () => {
    const sent = senders.map(({ link, pdu }) => link.send(pdu));
    for (const { last } of senders) await untilOnline(asker, last);
    await Promise.all(sent);
  });
  const loopMaxMs = ((await node?.metric('nodejs_eventloop_lag_max_seconds')) ?? 0) * 1000;
  const relayP99Ms = beside.p99Ms;
  beside.stop();
  await expectOnline(asker, userIds);
  return {
    visibleMs: seconds * 1000,
    usersPerSecond: users / seconds,
    relayP99Ms,
    blockedMs: Math.max(0, loopMaxMs - LOOP_RESOLUTION_MS),
    ...cores,
  };
}

/** Queries these users until all are online. */
export async function untilOnline(link: PresenceLink, userIds: readonly number[]): Promise<void> {
  const pdus = queryPdus(userIds, QUERY_IDS);
  for (;;) {
    const { ids, online } = link.received;
    link.write(pdus);
    await link.until('answer', (received) => received.ids === ids + userIds.length);
    if (link.received.online === online + userIds.length) return;
    await delay(ASK_EVERY_MS);
  }
}

/** @throws Error when one of these is not online. */
async function expectOnline(link: PresenceLink, userIds: readonly number[]): Promise<void> {
  const { ids, online } = link.received;
  await link.send(queryPdus(userIds, QUERY_IDS));
  await link.until('answers', (received) => received.ids === ids + userIds.length);
  const seen = link.received.online - online;
  if (seen !== userIds.length) throw new Error(`${seen} of ${userIds.length} users are visible`);
}

/**
 * The last user of each shard to become visible: those of one list are set in its order. (Which
 * list is set last does not depend on when it was sent.)
 */
function lastOfShards(userIds: readonly number[]): number[] {
  const shards = Array.from({ length: SHARD_COUNT }, (): number[] => []);
  for (const userId of userIds) shards[shardOf(userId)]?.push(userId);
  return shards.flatMap((shard) => shard.slice(-3));
}
