import { startPrivateRedis } from '@route/fixtures';
import { startCluster } from '../harness/index.ts';
import { Dues, Load, mailboxesFor, peakMemoryBytes } from '../traffic/index.ts';
import { type DeliveryMode, faultIn } from './delivery.ts';
import { type Figures, recordFigures } from './figures.ts';

const LINKS = 8;
const PDU_BYTES = 160;
const PROCESSES = 2;

/** Links 0, 2, 4 and 6 are on the first node, the others on the second: two of each send. */
const SENDERS: readonly number[] = [0, 1, 4, 5];

/** The result of a flood, and the number of links open at its end. */
export interface Flooded {
  readonly figures: Figures;
  /** Number of deliveries when every PDU arrives. */
  readonly due: number;
  readonly openLinks: number;
  readonly pdusPerSecond: number;
}

/** Four of eight links on two nodes send `pdus` PDUs in total, as fast as the nodes read them. */
export async function flood(
  pdus: number,
  { deadlineMs, delivery }: { readonly deadlineMs: number; readonly delivery: DeliveryMode },
): Promise<Flooded> {
  const mailboxes = delivery === 'directed' ? mailboxesFor(LINKS) : [];
  const env = { ROUTE_DELIVERY: delivery };
  await using redis = await startPrivateRedis();
  await using cluster = await startCluster({ nodes: 2, redisUrl: redis.url, env });
  const options = { links: LINKS, processes: PROCESSES, mailboxes };
  await using load = await Load.open(cluster.nodes, options);
  const begunMs = performance.now();
  const count = pdus / SENDERS.length;
  await load.flood(SENDERS, { count, pduBytes: PDU_BYTES, deadlineMs });
  const { openLinks, ...report } = await load.settle(deadlineMs);
  const seconds = (performance.now() - begunMs) / 1000;
  const peaks = cluster.nodes.map(({ pid }) => peakMemoryBytes(pid) ?? Number.NaN);
  const figures: Figures = {
    fault: faultIn(delivery, `${pdus.toLocaleString('en')} PDUs at full speed, 2 nodes, 8 links`),
    seed: 0,
    sent: pdus,
    cutOff: 0,
    ...report,
    peakMemoryBytes: Math.max(...peaks),
  };
  recordFigures(figures);
  let due = 0;
  for (let link = 0; link < LINKS; link++) {
    const others = SENDERS.filter((sender) => sender !== link).length;
    due += others * new Dues(mailboxes, link).rank(count);
  }
  return { figures, due, openLinks, pdusPerSecond: Math.round(pdus / seconds) };
}
