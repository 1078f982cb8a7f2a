import { measureLogins, measureMobileUpdates } from '../presence/changes.ts';
import { measureMemory } from '../presence/memory.ts';
import { measureAsking, measureQueries } from '../presence/queries.ts';
import { measureSnapshot } from '../presence/snapshot.ts';
import { Stage } from '../presence/stage.ts';
import type { Case, Effort, Preparation, Reading, Scenario } from '../scenario.ts';
import { CORES_FIGURES } from '../usage.ts';

const SNAPSHOT_USERS = [10_000, 100_000, 1_000_000, 2_000_000];
const QUICK_SNAPSHOT_USERS = [10_000, 100_000, 1_000_000];
const MEMORY_USERS = 1_000_000;
const CHANGES_PER_LINK = 200_000;
const IDS_PER_QUERY = 100;
const IDS_PER_LINK = 1_500_000;

const users = (count: number): string => `${count} users`;

/** One case: its name, its number of nodes, and its measurement. */
function caseOn(
  { redis, nodeEnv }: Preparation,
  { subject, at, nodes }: { subject: string; at?: string; nodes: number },
  measure: (stage: Stage, effort: Effort) => Promise<Reading>,
): Case {
  return {
    subject,
    ...(at !== undefined && { at }),
    measure: async (effort) => {
      await using stage = await Stage.start(await redis(), nodes, nodeEnv);
      return await measure(stage, effort);
    },
  };
}

/** Users listed on one node and queried on another. */
export const presenceSnapshot: Scenario = {
  name: 'presence-snapshot',
  meaning: 'users listed on one node until the other knows all, with 1,000 PDUs/s relayed beside',
  figures: [
    { key: 'visibleMs', heading: 'all visible after, ms', digits: 0, kind: 'result' },
    { key: 'usersPerSecond', heading: 'users/s', digits: 0, kind: 'result' },
    { key: 'relayP99Ms', heading: 'relay p99, ms', digits: 1, kind: 'result' },
    { key: 'blockedMs', heading: 'loop blocked, ms', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [
    { at: users(100_000), figure: 'visibleMs', bound: { atMost: 500 } },
    { at: users(1_000_000), figure: 'visibleMs', bound: { atMost: 5000 } },
    { at: users(100_000), figure: 'blockedMs', bound: { atMost: 50 } },
    { at: users(1_000_000), figure: 'blockedMs', bound: { atMost: 50 } },
  ].map((goal) => ({ subject: '2 route nodes', ...goal })),
  plots: [
    {
      file: 'presence-snapshot',
      title: 'Users listed and visible elsewhere',
      unit: 'users',
      figure: 'usersPerSecond',
      yLabel: 'users a second',
    },
  ],
  mostRounds: 2,
  cases: async (preparation) =>
    (preparation.effort.quick ? QUICK_SNAPSHOT_USERS : SNAPSHOT_USERS).map((count) =>
      caseOn(
        preparation,
        { subject: '2 route nodes', at: users(count), nodes: 2 },
        (stage, effort) => measureSnapshot(stage, count, effort),
      ),
    ),
};

/** Clients that connect at full speed. */
export const presenceChanges: Scenario = {
  name: 'presence-changes',
  meaning:
    'mobile updates, and PC logins with both notifications to every link; two links flat out',
  figures: [
    { key: 'changesPerSecond', heading: 'changes/s', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [
    { subject: 'mobile updates, 1 node', figure: 'changesPerSecond', bound: { atLeast: 100_000 } },
    { subject: 'PC logins, 1 node', figure: 'changesPerSecond', bound: { atLeast: 50_000 } },
  ],
  plots: [],
  cases: async (preparation) =>
    [1, 2].flatMap((nodes) => {
      const on = `${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;
      return [
        caseOn(preparation, { subject: `mobile updates, ${on}`, nodes }, (stage) =>
          measureMobileUpdates(stage, CHANGES_PER_LINK),
        ),
        caseOn(preparation, { subject: `PC logins, ${on}`, nodes }, (stage) =>
          measureLogins(stage, CHANGES_PER_LINK / 2),
        ),
      ];
    }),
};

/** Queries, at full speed and one at a time. */
export const presenceQueries: Scenario = {
  name: 'presence-queries',
  meaning: `queries of ${IDS_PER_QUERY} ids flat out on two links, and of one id at a time`,
  figures: [
    { key: 'idsPerSecond', heading: 'ids/s', digits: 0, kind: 'result' },
    { key: 'p50Us', heading: 'p50, µs', digits: 0, kind: 'result' },
    { key: 'p99Us', heading: 'p99, µs', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [
    { subject: 'flat out, 1 node', figure: 'idsPerSecond', bound: { atLeast: 1_000_000 } },
    { subject: 'one id at a time', figure: 'p50Us', bound: { atMost: 250 } },
  ],
  plots: [],
  cases: async (preparation) => [
    ...[1, 2].map((nodes) =>
      caseOn(
        preparation,
        { subject: `flat out, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`, nodes },
        (stage) => measureQueries(stage, { idsPerQuery: IDS_PER_QUERY, idsPerLink: IDS_PER_LINK }),
      ),
    ),
    caseOn(preparation, { subject: 'one id at a time', nodes: 1 }, measureAsking),
  ],
};

/** The cost of online users. */
export const presenceMemory: Scenario = {
  name: 'presence-memory',
  meaning: `memory of ${MEMORY_USERS} users online, in Redis and in their node`,
  figures: [
    { key: 'redisBytesPerUser', heading: 'Redis, bytes a user', digits: 0, kind: 'result' },
    { key: 'inUseBytesPerUser', heading: 'node, bytes in use a user', digits: 0, kind: 'result' },
    { key: 'residentBytesPerUser', heading: 'resident, bytes a user', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [
    { subject: 'route node', figure: 'redisBytesPerUser', bound: { atMost: 200 } },
    { subject: 'route node', figure: 'inUseBytesPerUser', bound: { atMost: 150 } },
  ],
  plots: [],
  mostRounds: 1,
  cases: async (preparation) => [
    caseOn(preparation, { subject: 'route node', nodes: 1 }, (stage) =>
      measureMemory(stage, MEMORY_USERS),
    ),
  ],
};
