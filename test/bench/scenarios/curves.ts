import { HEADER_BYTES } from '@route/protocol';
import {
  DELIVERED_BYTES_FIGURE,
  FLAT_OUT_FIGURES,
  type FlatOutOptions,
  measureFlatOut,
} from '../flat-out.ts';
import type { Case, Effort, Preparation, Scenario } from '../scenario.ts';
import { installedNats } from '../subjects/nats.ts';
import { bareRelay } from '../subjects/probes.ts';
import { routeNodes } from '../subjects/route-nodes.ts';
import type { Subject } from '../subjects/subject.ts';

const LINKS = { links: 8, senders: 4, pduBytes: 160 };
const LINK_COUNTS = [2, 8, 32, 128];
const NODE_COUNTS = [1, 2, 4];
const BODY_BYTES = [64, 256, 1024, 4096, 16_384];

/** How relaying scales: with links, with nodes, with PDU size. */
export const curves: Scenario = {
  name: 'curves',
  meaning: 'flat out over 2 to 128 links, 1 to 4 nodes, bodies of 64 B to 16 KiB; plots',
  figures: [DELIVERED_BYTES_FIGURE, ...FLAT_OUT_FIGURES],
  goals: [],
  plots: [
    {
      file: 'relay-links',
      title: 'Flat out over links',
      unit: 'links, half of them send',
      figure: 'deliveredPerSecond',
      yLabel: 'PDUs delivered a second',
    },
    {
      file: 'relay-nodes',
      title: 'Flat out over nodes, 8 links',
      unit: 'nodes',
      figure: 'deliveredPerSecond',
      yLabel: 'PDUs delivered a second',
    },
    {
      file: 'relay-bodies',
      title: 'Flat out over bodies, 8 links',
      unit: 'bytes of body',
      figure: 'deliveredMibPerSecond',
      yLabel: 'MiB delivered a second',
    },
  ],
  mostRounds: 2,
  cases,
};

async function cases(preparation: Preparation): Promise<readonly Case[]> {
  const { effort, nodeEnv, say } = preparation;
  const redis = await preparation.redis();
  const nats = await installedNats(say);
  const singles = [routeNodes(redis, 1, nodeEnv), bareRelay, ...nats(1)];
  const points = (all: readonly number[]): readonly number[] =>
    effort.quick ? all.filter((_, i) => i === 0 || i === all.length - 1) : all;
  return [
    ...points(LINK_COUNTS).flatMap((links) => {
      const load = { ...LINKS, links, senders: links / 2 };
      return singles.map((one) => curveCase(one, `${links} links, half of them send`, load));
    }),
    ...points(NODE_COUNTS).flatMap((count) => {
      const at = `${count} nodes`;
      const nodes = curveCase(routeNodes(redis, count, nodeEnv), at, LINKS);
      const servers = nats(count).map((one) => curveCase(one, at, LINKS));
      return [
        { ...nodes, subject: 'route nodes' },
        ...servers.map((one) => ({ ...one, subject: 'nats-servers' })),
      ];
    }),
    ...points(BODY_BYTES).flatMap((bytes) => {
      const load = { ...LINKS, pduBytes: HEADER_BYTES + bytes };
      return singles.map((one) => curveCase(one, `${bytes} bytes of body`, load));
    }),
  ];
}

function curveCase(subject: Subject, at: string, load: FlatOutOptions): Case {
  return {
    subject: subject.name,
    at,
    measure: (effort: Effort) => measureFlatOut(subject, load, effort),
  };
}
