import { setTimeout as delay } from 'node:timers/promises';
import { ClockProxy, startPrivateRedis, waitFor } from '@route/fixtures';
import { askRedis } from '@route/local-cluster';
import { CLIENT_TYPE, COMMANDS, decodeFields, encodeMessage, USER_STATUS } from '@route/protocol';
import { expect, test } from 'vitest';
import { Dues, openTrafficLink } from '../traffic/index.ts';
import { pauseRedis } from './faults.ts';
import { judge, judgeRecovery } from './judge.ts';
import { LEASE_SECONDS, type Scene, startScene } from './scene.ts';
import { seedOf } from './seed.ts';

const REDIS_DEADLINE_MS = 5_000;
const GRACE_SECONDS = 4;
const LEAVING = 1_000;
const FIRST_LEAVING = 0x6000_0000;

async function tell({ redis }: Scene, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const answer = await askRedis(redis.url, command, REDIS_DEADLINE_MS);
    if (answer !== '+OK') throw new Error(`Redis answers ${answer} to ${command}`);
  }
}

/** Faults in which Redis loses, delays or refuses the nodes' writes. */
const FAULTS: readonly (readonly [name: string, inflict: (scene: Scene) => Promise<void>])[] = [
  [
    'Redis rolled back by 4 s, links ended since',
    async (scene) => {
      await tell(scene, 'SAVE');
      await delay(2_000);
      const [one, other] = scene.crowd.servers;
      await Promise.all([one?.reconnect('close'), other?.reconnect('cut')]);
      await delay(2_000);
      await scene.redis.kill();
      await scene.redis.startAgain();
    },
  ],
  ['Redis emptied by FLUSHALL', (scene) => tell(scene, 'FLUSHALL')],
  [
    'Redis down for twice the lease, with its data',
    (scene) => pauseRedis(scene, 2 * LEASE_SECONDS + 1),
  ],
  [
    'Redis at maxmemory for 4 s',
    async (scene) => {
      await tell(scene, 'CONFIG SET maxmemory 1mb');
      await delay(4_000);
      await tell(scene, 'CONFIG SET maxmemory 0');
    },
  ],
  [
    'Redis busy with a script for 4 s',
    async (scene) => {
      await tell(scene, 'CONFIG SET busy-reply-threshold 100');
      const script = askRedis(scene.redis.url, `EVAL "while true do end" 0`, 10_000);
      await delay(4_000);
      await tell(scene, 'SCRIPT KILL');
      await script;
    },
  ],
];

test.for(FAULTS)('%s: nothing is lost, presence is exact within 5 s', async ([fault, inflict]) => {
  await using scene = await startScene({ seed: seedOf(fault) });
  await inflict(scene);
  const figures = await judgeRecovery(scene, { fault });
  expect(figures.lost).toBe(0);
  // PDUs of a msg_server that cut its own link may be lost.
  if (scene.keptLinks) expect(figures.cutOff).toBe(0);
  expect(scene.lostLinks, 'links lost').toBe(0);
});

/** Puts garbage into half of all records and one key of another type into every fifth shard. */
const GARBAGE = `
for i, key in ipairs(redis.call('keys', ARGV[1] .. ':*:users')) do
  local record = redis.call('hgetall', key)
  for at = 1, #record, 4 do
    redis.call('hset', key, record[at], string.reverse(record[at + 1]) .. ';x')
  end
  local shard = string.sub(key, 1, -6)
  redis.call('sadd', shard .. 'links', '', 'nobody', string.rep('x', 300))
  redis.call('hset', shard .. 'meta', '@clock', 'nan', '@grace', 'inf')
  if i % 5 == 0 then redis.call('set', shard .. 'links', 'garbage') end
end
return 'done'`;

test('garbage in the keys of presence: nothing is lost, presence is exact once it is reconciled', async () => {
  const fault = 'garbage in the keys of presence';
  await using scene = await startScene({
    seed: seedOf(fault),
    env: { ROUTE_RECONCILE_SECONDS: '5' },
  });
  const script = GARBAGE.replaceAll('\n', ' ').replaceAll('"', '\\"');
  const answer = await askRedis(
    scene.redis.url,
    `EVAL "${script}" 0 ${scene.cluster.namespace}`,
    REDIS_DEADLINE_MS,
  );
  expect(answer).toBe('$4');
  const figures = await judgeRecovery(scene, { fault, exactWithinMs: 15_000 });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('Redis emptied within the grace time: users of a closed link are announced once, and others not', async () => {
  const fault = 'Redis emptied within a grace';
  await using scene = await startScene({
    seed: seedOf(fault),
    env: { ROUTE_OFFLINE_GRACE_SECONDS: String(GRACE_SECONDS) },
  });
  const dues = new Dues(scene.traffic.mailboxes);
  await using leaving = await openTrafficLink(scene.cluster.node(0), { dues });
  await using watching = await openTrafficLink(scene.cluster.node(1), { dues });
  const announced = new Map<number, number>();
  watching.onOther = (commandId, pdu) => {
    if (commandId !== COMMANDS.status_notify.commandId) return;
    const stat = decodeFields('status_notify', pdu)?.userStat;
    if (stat === undefined || stat.userId < FIRST_LEAVING) return;
    if (stat.userId >= FIRST_LEAVING + LEAVING || stat.status !== USER_STATUS.offline) return;
    announced.set(stat.userId, (announced.get(stat.userId) ?? 0) + 1);
  };
  const userStatList = Array.from({ length: LEAVING }, (_, i) => ({
    userId: FIRST_LEAVING + i,
    status: USER_STATUS.online,
    clientType: CLIENT_TYPE.windows,
  }));
  leaving.write(encodeMessage('online_user_info', { userStatList }));
  await leaving.query([0]);
  await watching.query([0]);
  await leaving.close();
  await delay(1_000);
  expect(announced.size).toBe(0);
  await tell(scene, 'FLUSHALL');
  scene.story.note('Redis is emptied');
  const exact = await scene.untilExact(5_000);
  await waitFor(() => announced.size === LEAVING, {
    what: 'all users of the ended link to be announced offline',
    deadlineMs: (GRACE_SECONDS + 5) * 1000,
  });
  await scene.untilFlowing();
  const figures = await judge(scene, { fault, exact });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(new Set(announced.values())).toEqual(new Set([1]));
  expect(scene.lostLinks, 'links lost').toBe(0);
});

test('Redis’s clock set by -120 s and +120 s: nothing is lost, no node is reaped, presence is exact within 5 s', async () => {
  const fault = 'Redis’s clock set back and forth by 120 s';
  await using server = await startPrivateRedis();
  await using clock = await ClockProxy.to(server.url);
  await using scene = await startScene({
    seed: seedOf(fault),
    deployment: {
      env: { REDIS_URL: clock.url },
      target: { kind: 'single', url: server.url },
      switches: [],
      killPrimary: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  });
  for (const seconds of [-120, 120, 0]) {
    await clock.set(seconds);
    await delay(1_000);
  }
  const figures = await judgeRecovery(scene, { fault });
  expect(figures).toMatchObject({ lost: 0, cutOff: 0 });
  expect(scene.cluster.nodes.flatMap((node) => node.logsOf('node-reaped'))).toEqual([]);
});
