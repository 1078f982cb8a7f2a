import { measureFlatOut, measurePaced } from '../messages/measure.ts';
import type { TrafficPlan } from '../messages/traffic.ts';
import { Stage } from '../presence/stage.ts';
import type { Case, Effort, Preparation, Reading, Scenario } from '../scenario.ts';
import { CORES_FIGURES } from '../usage.ts';

const UNIT = 'msg_servers';
const MODES = ['broadcast', 'directed'] as const;
const USERS_PER_SERVER = 1_000;
const NODES = 2;

/**
 * Numbers of msg_servers, with a message rate that both modes can sustain: in broadcast mode each
 * message is a write to every link.
 */
const POINTS = [
  { servers: 2, perSecond: 2_000 },
  { servers: 8, perSecond: 2_000 },
  { servers: 32, perSecond: 1_000 },
  { servers: 128, perSecond: 250 },
];
const QUICK_SERVERS: readonly number[] = [2, 32];

const at = (servers: number): string => `${servers} ${UNIT}`;
const directedAt = (servers: number) => ({ subject: 'directed', at: at(servers) });
const againstBroadcast = { against: 'broadcast' };

/** Both delivery modes over the number of msg_servers. */
export const directed: Scenario = {
  name: 'directed',
  meaning:
    'messages of 160 bytes, 80 % to single users, from 2 to 128 msg_servers of 1,000 users each over two nodes, in both modes; plots',
  figures: [
    { key: 'singlesPerSecond', heading: 'single messages/s', digits: 0, kind: 'result' },
    { key: 'deliveriesPerMessage', heading: 'deliveries a message', digits: 2, kind: 'result' },
    { key: 'nodesUs', heading: 'nodes, µs a message', digits: 2, kind: 'result' },
    { key: 'redisUs', heading: 'Redis, µs a message', digits: 2, kind: 'result' },
    { key: 'msgServersUs', heading: 'msg_servers, µs a message', digits: 2, kind: 'result' },
    { key: 'busBytesPerMessage', heading: 'bytes on the bus a message', digits: 0, kind: 'result' },
    { key: 'doubtfulPercent', heading: 'broadcast as fallback, %', digits: 1, kind: 'result' },
    { key: 'lostMessages', heading: 'lost', digits: 0, kind: 'result' },
    { key: 'doubledMessages', heading: 'doubled', digits: 0, kind: 'result' },
    { key: 'outOfOrderMessages', heading: 'out of order', digits: 0, kind: 'result' },
    { key: 'p50Ms', heading: 'p50 paced, ms', digits: 2, kind: 'result' },
    { key: 'p99Ms', heading: 'p99 paced, ms', digits: 2, kind: 'result' },
    ...CORES_FIGURES.map((figure) =>
      figure.key === 'loadCores' ? { ...figure, heading: UNIT } : figure,
    ),
  ],
  goals: [
    {
      ...directedAt(32),
      ...againstBroadcast,
      figure: 'singlesPerSecond',
      bound: { atLeast: 3 },
    },
    {
      ...directedAt(32),
      ...againstBroadcast,
      figure: 'deliveriesPerMessage',
      bound: { atMost: 1 / 8 },
    },
    { ...directedAt(32), ...againstBroadcast, figure: 'p99Ms', bound: { atMost: 1 } },
    {
      ...directedAt(2),
      ...againstBroadcast,
      figure: 'singlesPerSecond',
      bound: { atLeast: 0.8 },
    },
    ...POINTS.flatMap(({ servers }) =>
      ['lostMessages', 'doubledMessages', 'outOfOrderMessages'].map((figure) => ({
        ...directedAt(servers),
        figure,
        bound: { atMost: 0 },
      })),
    ),
  ],
  plots: [
    {
      file: 'directed-messages',
      title: 'Single messages over msg_servers',
      unit: UNIT,
      figure: 'singlesPerSecond',
      yLabel: 'single messages a second',
    },
    {
      file: 'directed-deliveries',
      title: 'Deliveries over msg_servers',
      unit: UNIT,
      figure: 'deliveriesPerMessage',
      yLabel: 'deliveries a message',
    },
  ],
  cases,
};

async function cases(preparation: Preparation): Promise<readonly Case[]> {
  const { effort } = preparation;
  return POINTS.filter(({ servers }) => !effort.quick || QUICK_SERVERS.includes(servers)).flatMap(
    (point) =>
      MODES.map((mode) => ({
        subject: mode,
        at: at(point.servers),
        measure: (own: Effort) => measure(preparation, { mode, ...point }, own),
      })),
  );
}

async function measure(
  { redis, nodeEnv }: Preparation,
  { mode, servers, perSecond }: { mode: string; servers: number; perSecond: number },
  effort: Effort,
): Promise<Reading> {
  const plan: TrafficPlan = { servers, usersPerServer: USERS_PER_SERVER, senders: 'all' };
  const env = { ...nodeEnv, ROUTE_DELIVERY: mode };
  await using stage = await Stage.start(await redis(), NODES, env);
  const flatOut = await measureFlatOut(stage, plan, effort);
  return { ...flatOut, ...(await measurePaced(stage, { plan, perSecond }, effort)) };
}
