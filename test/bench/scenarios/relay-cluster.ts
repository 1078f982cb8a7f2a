import { FLAT_OUT_FIGURES, measureFlatOut } from '../flat-out.ts';
import type { Case, Preparation, Scenario } from '../scenario.ts';
import { installedNats } from '../subjects/nats.ts';
import { bareRelaysOverRedis } from '../subjects/probes.ts';
import { routeNodes } from '../subjects/route-nodes.ts';

const LINKS = { links: 8, senders: 4, pduBytes: 160 };
const delivered = { subject: '2 route nodes', figure: 'deliveredPerSecond' };

/** Two nodes over one Redis, at full speed. */
export const relayCluster: Scenario = {
  name: 'relay-cluster',
  meaning: 'two nodes over one Redis flat out: 4 links each, 2 of them send 160-byte PDUs',
  figures: FLAT_OUT_FIGURES,
  goals: [
    { ...delivered, against: '2 clustered nats-servers', bound: { atLeast: 2.5 } },
    { ...delivered, figure: 'lostPdus', bound: { atMost: 0 } },
  ],
  plots: [],
  cases,
};

async function cases({ redis, nodeEnv, say }: Preparation): Promise<readonly Case[]> {
  const server = await redis();
  const nats = await installedNats(say);
  const subjects = [routeNodes(server, 2, nodeEnv), bareRelaysOverRedis(server), ...nats(2)];
  return subjects.map((subject) => ({
    subject: subject.name,
    measure: (effort) => measureFlatOut(subject, LINKS, effort),
  }));
}
