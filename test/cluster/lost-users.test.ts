import { waitFor } from '@route/fixtures';
import { CLIENT_TYPE, COMMANDS, decodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { startCluster, type TestLink } from '../harness/index.ts';
import { openKnownLink } from './known-links.ts';

const { windows, ios } = CLIENT_TYPE;
const GRACE_SECONDS = '1';

/** The notifications of a link, in order: 'login 1 off', 'status 1 offline', and so on. */
function toldOn(link: TestLink): string[] {
  return link.received.flatMap(({ bytes }) => {
    const message = decodeMessage(bytes);
    if (message?.command === 'login_status_notify') {
      const { userId, loginStatus } = message.fields;
      return [`login ${userId} ${loginStatus === 1 ? 'on' : 'off'}`];
    }
    if (message?.command === 'status_notify') {
      const { userId, status } = message.fields.userStat;
      return [`status ${userId} ${status === USER_STATUS.offline ? 'offline' : 'online'}`];
    }
    return [];
  });
}

function online(userId: number, clientType: (typeof CLIENT_TYPE)[keyof typeof CLIENT_TYPE]) {
  return { userId, clientType, status: USER_STATUS.online };
}

async function untilToldOf(link: TestLink, userId: number): Promise<void> {
  await link.waitForPdu(({ commandId, body }) => {
    const isStatus = commandId === COMMANDS.status_notify.commandId;
    return isStatus && body.includes(Buffer.from([0x08, userId]));
  }, 20_000);
}

test.for([{ end: 'its msg_server closes it' }, { end: 'its node dies' }])(
  'announces users after their link’s end ($end) as offline on every link, once, unless they are back',
  async ({ end }) => {
    await using cluster = await startCluster({
      nodes: 3,
      env: { ROUTE_OFFLINE_GRACE_SECONDS: GRACE_SECONDS, ROUTE_LEASE_SECONDS: '1' },
    });
    await using leaving = await openKnownLink(cluster.node(0));
    await using near = await openKnownLink(cluster.node(1));
    await using far = await openKnownLink(cluster.node(2));
    // 1 goes offline, 2 keeps a phone elsewhere, 3 reconnects, 4 keeps a PC elsewhere, 5 had a
    // phone only.
    leaving.online([1, 2, 3, 4].map((id) => online(id, windows)).concat(online(5, ios)));
    near.online([online(2, ios), online(4, windows)]);
    await leaving.query([1]);
    await near.query([2]);

    if (end === 'its node dies') {
      cluster.node(0).kill();
      await cluster.node(0).exited;
    } else {
      leaving.close();
    }
    far.online([online(3, windows)]);

    await Promise.all([untilToldOf(near, 1), untilToldOf(far, 1)]);
    await Promise.all([untilToldOf(near, 2), untilToldOf(far, 2)]);
    const expected = ['login 2 off', 'status 1 offline', 'status 2 offline'];
    for (const link of [near, far]) {
      // A query and its answer on the link: all earlier notifications have arrived.
      await link.query([1]);
      expect(toldOn(link).sort()).toEqual(expected);
    }
    const told = await Promise.all(
      [cluster.node(1), cluster.node(2)].map((node) =>
        node.metric('route_presence_offline_grace_expired_total'),
      ),
    );
    const toldByFirst =
      end === 'its node dies'
        ? 0
        : await cluster.node(0).metric('route_presence_offline_grace_expired_total');
    expect(told.reduce((sum, n) => sum + n, toldByFirst)).toBe(2);
  },
);

test('announces a user online again when a link lists it after the grace time', async () => {
  await using cluster = await startCluster({
    nodes: 2,
    env: { ROUTE_OFFLINE_GRACE_SECONDS: GRACE_SECONDS },
  });
  await using near = await openKnownLink(cluster.node(0));
  await using far = await openKnownLink(cluster.node(1));
  const leaving = await openKnownLink(cluster.node(0));
  leaving.online([online(1, windows), online(2, windows)]);
  await leaving.query([1]);
  leaving.close();
  for (const link of [near, far]) {
    for (const userId of [1, 2]) await untilToldOf(link, userId);
  }
  await using back = await openKnownLink(cluster.node(1));
  back.online([online(1, windows)]);
  back.status(online(2, windows));
  for (const link of [near, far]) {
    await waitFor(() => toldOn(link).length >= 6, { what: 'both users to be announced again' });
    await link.query([1]);
    expect(toldOn(link).slice(2).sort()).toEqual([
      ...['login 1 on', 'login 2 on', 'status 1 online', 'status 2 online'],
    ]);
  }
});

test('a long drain does not prolong presence: users are announced offline one lease and the grace after their link closed', async () => {
  const [leaseSeconds, drainSeconds] = [2, 30];
  await using cluster = await startCluster({
    nodes: 2,
    env: {
      ROUTE_OFFLINE_GRACE_SECONDS: GRACE_SECONDS,
      ROUTE_LEASE_SECONDS: String(leaseSeconds),
      ROUTE_DRAIN_SECONDS: String(drainSeconds),
    },
  });
  await using leaving = await openKnownLink(cluster.node(0));
  await using watching = await openKnownLink(cluster.node(1));
  leaving.online([online(1, windows)]);
  await leaving.query([1]);
  // It keeps the drain under way long after the first link has closed.
  await using _other = await openKnownLink(cluster.node(0));
  cluster.node(0).signal('SIGTERM');
  await leaving.closedByServer;
  const closedAt = performance.now();
  await untilToldOf(watching, 1);
  const tookMs = performance.now() - closedAt;
  // Apart from the allowance for a busy machine, far less than what is left of the drain.
  expect(tookMs).toBeGreaterThan(leaseSeconds * 1000);
  expect(tookMs).toBeLessThan((leaseSeconds + Number(GRACE_SECONDS)) * 1000 + 5000);
  expect(await watching.query([1])).toEqual([{ userId: 1, status: USER_STATUS.offline }]);
  expect(cluster.node(0).isRunning, 'the drain to be under way still').toBe(true);
  cluster.node(0).kill();
});
