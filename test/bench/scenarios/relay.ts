import { FLAT_OUT_FIGURES, measureFlatOut } from '../flat-out.ts';
import type { Case, Preparation, Scenario } from '../scenario.ts';
import { installedNats } from '../subjects/nats.ts';
import { bareRelay, loadAlone } from '../subjects/probes.ts';
import { memoryNode, routeNodes } from '../subjects/route-nodes.ts';

const LINKS = { links: 8, senders: 4, pduBytes: 160 };

/** One node at full speed. */
export const relay: Scenario = {
  name: 'relay',
  meaning: 'one node flat out: 8 links, 4 send 160-byte PDUs, every PDU goes to the 7 others',
  figures: FLAT_OUT_FIGURES,
  goals: [
    {
      subject: 'route node',
      figure: 'deliveredPerSecond',
      against: 'nats-server',
      bound: { atLeast: 4 },
    },
    {
      subject: 'route node',
      figure: 'deliveredPerSecond',
      against: 'bare relay',
      bound: { atLeast: 0.8 },
    },
    { subject: 'route node', figure: 'lostPdus', bound: { atMost: 0 } },
  ],
  plots: [],
  cases,
};

async function cases({ redis, nodeEnv, say }: Preparation): Promise<readonly Case[]> {
  const nats = await installedNats(say);
  const subjects = [
    routeNodes(await redis(), 1, nodeEnv),
    memoryNode(nodeEnv),
    bareRelay,
    ...nats(1),
    loadAlone(LINKS.pduBytes),
  ];
  return subjects.map((subject) => ({
    subject: subject.name,
    measure: (effort) => measureFlatOut(subject, LINKS, effort),
  }));
}
