import { randomBytes } from 'node:crypto';
import { waitFor } from '@route/fixtures';
import type { ClientStatus } from '@route/protocol';
import { createRedisClient, type RedisClient, type RedisTarget, SHARD_COUNT } from '@route/redis';
import { Lease, type Members } from '../cluster/lease.ts';
import type { NodeInfo } from '../cluster/node-info.ts';
import { type Reaped, Reaper } from '../cluster/reaper.ts';
import { Reconciler } from '../cluster/reconciler.ts';
import { OfflineGrace } from '../grace/offline-grace.ts';
import type { LateCommit, LinkId, UserState } from '../presence.ts';
import { PresenceRedis } from '../redis/presence-redis.ts';

export interface TestNodeOptions {
  /** Which Redis: one server by its URL, or any other kind. */
  readonly url: string | RedisTarget;
  readonly namespace: string;
  readonly leaseMs?: number;
  readonly commandTimeoutMs?: number;
  readonly maxOperationsPerCall?: number;
  readonly offlineGraceMs?: number;
  readonly lingerMs?: number;
}

/** The presence of one node, wired as in the service. Sweeps only when told to. */
export interface TestNode extends AsyncDisposable {
  readonly nodeId: string;
  readonly redis: RedisClient;
  readonly presence: PresenceRedis;
  readonly lease: Lease;
  readonly reaper: Reaper;
  readonly reconciler: Reconciler;
  /** Records that its reconciler has repaired. */
  readonly mended: { readonly records: number };
  readonly lost: OfflineGrace;
  /** Users announced offline by this node, in order. */
  readonly announced: {
    readonly userId: number;
    readonly state: UserState;
    readonly version: number;
  }[];
  /** What was told, in order: 'taken', 'doubted', 'refused', 'full' or 'not full'. */
  readonly leaseEvents: string[];
  readonly lateCommits: LateCommit[];
  /** Users announced offline after the grace who are back. */
  readonly back: {
    readonly update: ClientStatus;
    readonly toldVersion: number;
    readonly version: number;
  }[];
  readonly reaped: Reaped[];
  readonly members: () => Members;
  /** The info that the node publishes. A test may change it. */
  readonly about: { -readonly [Field in keyof NodeInfo]: NodeInfo[Field] };
  /** Moves the node's clock on. */
  readonly advance: (ms: number) => void;
  /** A link id that was never used before. */
  readonly newLink: () => LinkId;
  readonly settled: () => Promise<void>;
}

/** A node that has not requested its lease yet. */
export async function startNode(options: TestNodeOptions): Promise<TestNode> {
  const { namespace, leaseMs = 5_000 } = options;
  const nodeId = randomNodeId();
  const { url } = options;
  const redis = await connectTo(typeof url === 'string' ? { kind: 'single', url } : url, {
    name: nodeId,
    commandTimeoutMs: options.commandTimeoutMs ?? 2_000,
  });
  const leaseEvents: string[] = [];
  const lateCommits: LateCommit[] = [];
  const back: TestNode['back'] = [];
  const reaped: Reaped[] = [];
  let members: Members = { live: [], dead: [], nodes: [], malformed: 0 };
  const about = {
    ...{ node: nodeId, admin: '127.0.0.1:9200', listen: null, links: 0, leaving: 0 },
    ...{ draining: false, startedAtMs: 0, version: '0.0.0' },
  };
  const announced: TestNode['announced'] = [];
  const failures: string[] = [];
  let ahead = 0;
  const now = (): number => performance.now() + ahead;
  let links = 0;

  const lease = new Lease({
    redis,
    namespace,
    nodeId,
    leaseMs,
    nodeInfo: () => about,
    presence: () => presence,
    now,
    events: {
      acquired: () => {
        leaseEvents.push('taken');
        presence.resumed();
      },
      settled: () => presence.settled(),
      lost: () => {
        leaseEvents.push('doubted');
        presence.suspended();
      },
      refused: (reason) => {
        if (leaseEvents.at(-1) !== reason) leaseEvents.push(reason);
      },
      members: (seen) => {
        members = seen;
      },
    },
  });
  const presence = new PresenceRedis({
    redis,
    namespace,
    nodeId,
    events: {
      lateCommit: (late) => lateCommits.push(late),
      back: (update, toldVersion, version) => back.push({ update, toldVersion, version }),
    },
    failed: (reason) => {
      failures.push(reason);
      lease.markLost(reason);
    },
    full: (reason) => {
      const event = reason === undefined ? 'not full' : 'full';
      if (leaseEvents.at(-1) !== event) leaseEvents.push(event);
    },
    offlineGraceMs: options.offlineGraceMs ?? 0,
    lingerMs: options.lingerMs ?? 100,
    maxOperationsPerCall: options.maxOperationsPerCall ?? 256,
    now,
  });
  const reaper = new Reaper({
    redis,
    namespace,
    readMembers: (found) => lease.readMembers(found),
    reaped: (what) => reaped.push(what),
    failed: () => {},
    offlineGraceMs: options.offlineGraceMs ?? 0,
    sweepEveryMs: 1_000,
    random: () => 0,
  });

  const failed = (): void => {};
  const mended = { records: 0 };
  const reconciler = new Reconciler({
    ...{ redis, namespace, presence, failed },
    repaired: (records) => {
      mended.records += records;
    },
    shardEveryMs: 10,
  });
  const lost = new OfflineGrace({
    ...{ redis, namespace, presence, failed },
    perSecond: 10_000,
    lost: (userId, state, version) => {
      announced.push({ userId, state, version });
      presence.announced(userId, 'grace-over', version);
    },
    back: (update, toldVersion, version) => back.push({ update, toldVersion, version }),
  });

  return {
    nodeId,
    redis,
    presence,
    lease,
    reaper,
    reconciler,
    mended,
    lost,
    announced,
    leaseEvents,
    lateCommits,
    back,
    reaped,
    members: () => members,
    about,
    advance: (ms) => {
      ahead += ms;
    },
    newLink: () => `${nodeId}.${links++}`,
    settled: async () => {
      const isSettled = (): boolean | Promise<boolean> =>
        (lease.held && presence.isIdle) ||
        Promise.reject(new Error(`calls that failed: ${failures.slice(-5).join(', ')}`));
      await waitFor(isSettled, {
        deadlineMs: 15_000,
        what: `node ${nodeId} to have said everything`,
      });
    },
    [Symbol.asyncDispose]: async () => {
      lease.stop();
      reaper.stop();
      reconciler.stop();
      lost.stop();
      redis.disconnect();
    },
  };
}

/** Reconciles every shard once. */
export async function reconcileAll({ reconciler }: TestNode): Promise<void> {
  for (let shard = 0; shard < SHARD_COUNT; shard++) await reconciler.reconcileNext();
}

/** A node that has its lease and whose presence is settled. */
export async function startLiveNode(options: TestNodeOptions): Promise<TestNode> {
  const node = await startNode(options);
  node.lease.start();
  await node.settled();
  return node;
}

/** A connected client of one server. */
export async function connect(url: string): Promise<RedisClient> {
  return await connectTo({ kind: 'single', url }, {});
}

async function connectTo(
  target: RedisTarget,
  { name = 'presence-test', commandTimeoutMs = 2_000 },
): Promise<RedisClient> {
  const redis = createRedisClient({
    target,
    commandTimeoutMs,
    connectTimeoutMs: 2_000,
    connectionName: name,
  });
  redis.on('error', () => {});
  await redis.connect();
  return redis;
}

/** A node id as the service makes them: lower-case base32. */
export function randomNodeId(): string {
  return Array.from(randomBytes(13), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join(
    '',
  );
}
