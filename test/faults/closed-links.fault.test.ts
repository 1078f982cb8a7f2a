import { setTimeout as delay } from 'node:timers/promises';
import { AdminClient } from '@route/admin-api';
import { CLIENT_TYPE, encodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { Dues, openTrafficLink, type TrafficLink } from '../traffic/index.ts';
import { judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const TOKEN = 'the-token-of-this-test';
const LASTS_MS = 8_000;
const ROUND_MS = 200;
const LISTED_USERS = 20_000;

/** Users outside the crowd, so that any record left behind is found in Redis. */
const FIRST_LISTED = 0x7000_0000;

/** Links closed by an operator count for one lease longer. */
const EXACT_WITHIN_MS = (LEASE_SECONDS + 5) * 1000;

type Close = (scene: Scene, link: TrafficLink) => Promise<void>;

/** POST /api/v1/links/:id/close, as routectl close-link sends it. */
async function closeAsOperator(scene: Scene, { address }: TrafficLink): Promise<void> {
  for (const { adminUrl } of scene.running) {
    const admin = new AdminClient({ address: new URL(adminUrl).host, token: TOKEN });
    const { links } = await admin.links();
    const found = links.find(({ peer }) => peer === address);
    // The link may have closed itself since.
    if (found !== undefined) await admin.closeLink(found.link).catch(() => undefined);
  }
}

/**
 * A link that is closed while the node imports its user list, or while it receives other links'
 * PDUs.
 */
async function closeInList(scene: Scene, close: Close): Promise<void> {
  const target = scene.random.pick(scene.welcoming);
  await using link = await openTrafficLink(target, { dues: new Dues(scene.traffic.mailboxes) });
  const userStatList = Array.from({ length: LISTED_USERS }, (_, i) => ({
    userId: FIRST_LISTED + i,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.ios,
  }));
  link.write(encodeMessage('online_user_info', { userStatList }));
  await delay(scene.random.between(0, 30));
  await close(scene, link);
}

const CLOSINGS: readonly (readonly [name: string, close: Close])[] = [
  [
    'links closed by msg_servers during traffic and a list',
    async (scene, link) => {
      const server = scene.crowd.servers.find(({ participant }) => participant?.link === link);
      await (server === undefined ? link.close() : server.reconnect());
    },
  ],
  ['links closed by an operator during traffic and a list', closeAsOperator],
];

test.for(CLOSINGS)('%s: nothing of them or of others is lost', async ([fault, close]) => {
  await using scene = await startScene({
    seed: seedOf(fault),
    env: { ROUTE_ADMIN_TOKEN: TOKEN },
  });
  let closings = 0;
  for (const untilMs = performance.now() + LASTS_MS; performance.now() < untilMs; ) {
    const server = scene.random.pick(scene.crowd.servers);
    const link = server.participant?.link;
    if (link !== undefined) {
      await close(scene, link);
      closings++;
    }
    await closeInList(scene, close);
    await delay(ROUND_MS);
  }
  scene.story.note(`${closings} links of msg_servers were closed`);
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: EXACT_WITHIN_MS });
  // Everything that the closed links had sent was read.
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(closings).toBeGreaterThan(5);
});
