import { Load } from '../load/load.ts';
import type { Case, Effort, Preparation, Reading, Scenario } from '../scenario.ts';
import { installedNats } from '../subjects/nats.ts';
import { routeNodes } from '../subjects/route-nodes.ts';
import type { Subject } from '../subjects/subject.ts';
import { CORES_FIGURES, coresReading, residentBytes, usageDuring } from '../usage.ts';

const LINKS = 1_000;
const MIB = 2 ** 20;

/** The cost of idle links. */
export const links: Scenario = {
  name: 'links',
  meaning: `memory of ${LINKS} idle links`,
  figures: [
    { key: 'addedMib', heading: 'MiB added by the links', digits: 1, kind: 'result' },
    { key: 'residentMib', heading: 'MiB resident', digits: 0, kind: 'result' },
    ...CORES_FIGURES,
  ],
  goals: [{ subject: 'route node', figure: 'addedMib', bound: { atMost: 100 } }],
  plots: [],
  cases,
};

async function cases({ redis, nodeEnv, say }: Preparation): Promise<readonly Case[]> {
  const nats = await installedNats(say);
  const subjects = [routeNodes(await redis(), 1, nodeEnv), ...nats(1)];
  return subjects.map((subject) => ({
    subject: subject.name,
    measure: (effort) => measureIdle(subject, effort),
  }));
}

async function measureIdle(subject: Subject, { measureMs }: Effort): Promise<Reading> {
  await using running = await subject.start();
  const beforeBytes = residentBytes(running.pids);
  await using load = await Load.open({
    links: LINKS,
    senders: 1,
    pduBytes: 160,
    dialect: subject.dialect,
    targets: running.targets,
    purpose: 'flat-out',
  });
  const { usage, result } = await usageDuring(running, () => load.measure(measureMs));
  const afterBytes = residentBytes(running.pids);
  return {
    addedMib: (afterBytes - beforeBytes) / MIB,
    residentMib: afterBytes / MIB,
    ...coresReading(usage, result.loadCores, running),
  };
}
