import { Load } from '../load/load.ts';
import type { Case, Effort, Preparation, Reading, Scenario } from '../scenario.ts';
import { installedNats } from '../subjects/nats.ts';
import { bareRelay, bareRelaysOverRedis } from '../subjects/probes.ts';
import { routeNodes } from '../subjects/route-nodes.ts';
import type { Subject } from '../subjects/subject.ts';
import { CORES_FIGURES, coresReading, usageDuring } from '../usage.ts';

const LINKS = { links: 8, senders: 4, pduBytes: 160 };
const PER_SECOND = 4_000;
/** A 99th percentile depends on few PDUs: it takes longer to measure than a rate. */
const MEASURE_TIMES = 2;

/** The delivery time of a PDU at low load. */
export const latency: Scenario = {
  name: 'latency',
  meaning: `${PER_SECOND} PDUs/s in all, from 4 links to 4 others, on one node and from one to another`,
  figures: [
    { key: 'p50Ms', heading: 'p50, ms', digits: 3, kind: 'result' },
    { key: 'p99Ms', heading: 'p99, ms', digits: 3, kind: 'result' },
    { key: 'p999Ms', heading: 'p99.9, ms', digits: 3, kind: 'result' },
    { key: 'lostPdus', heading: 'PDUs lost', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [
    { subject: 'route node', figure: 'p99Ms', against: 'nats-server', bound: { atMost: 1 } },
    {
      subject: '2 route nodes',
      figure: 'p99Ms',
      against: '2 clustered nats-servers',
      bound: { atMost: 1.5 },
    },
  ],
  plots: [],
  cases,
};

async function cases({ redis, nodeEnv, say }: Preparation): Promise<readonly Case[]> {
  const server = await redis();
  const nats = await installedNats(say);
  const subjects = [
    routeNodes(server, 1, nodeEnv),
    bareRelay,
    ...nats(1),
    routeNodes(server, 2, nodeEnv),
    bareRelaysOverRedis(server),
    ...nats(2),
  ];
  return subjects.map((subject) => ({
    subject: subject.name,
    measure: (effort) => measureLatency(subject, effort),
  }));
}

async function measureLatency(subject: Subject, effort: Effort): Promise<Reading> {
  const measureMs = effort.measureMs * MEASURE_TIMES;
  await using running = await subject.start();
  await using load = await Load.open({
    ...LINKS,
    dialect: subject.dialect,
    targets: running.targets,
    purpose: 'paced',
  });
  await load.pace(PER_SECOND, effort.warmUpMs);
  await load.finish();
  await load.reset();
  const measured = await usageDuring(running, async () => {
    const [rates] = await Promise.all([load.measure(measureMs), load.pace(PER_SECOND, measureMs)]);
    return rates;
  });
  const totals = await load.finish();
  const { p50Us, p99Us, p999Us } = await load.latency();
  return {
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    p999Ms: p999Us / 1000,
    lostPdus: totals.duePdus - totals.deliveredPdus,
    ...coresReading(measured.usage, measured.result.loadCores, running),
  };
}
