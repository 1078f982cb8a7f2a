import { setTimeout as delay } from 'node:timers/promises';
import type { NodeView } from '@route/admin-api';
import { type Answer, ask, type KnownNode } from './nodes.ts';

/** Per second, over the time between two looks. */
export interface Rates {
  readonly pdusIn: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly busBytesOut: number;
}

/** A node and its answer, with rates where it was sampled twice. */
export interface Sample {
  readonly known: KnownNode;
  readonly answer: Answer<NodeView>;
  readonly rates: Rates | undefined;
}

/** Asks all live nodes how they are. */
export async function lookAt(nodes: readonly KnownNode[]): Promise<Sample[]> {
  return await Promise.all(
    nodes
      .filter(({ alive }) => alive)
      .map(async (known) => ({
        known,
        answer: await ask(known.admin, (admin) => admin.node()),
        rates: undefined,
      })),
  );
}

/** Sampled twice, for rates. */
export async function lookTwice(nodes: readonly KnownNode[], apartMs: number): Promise<Sample[]> {
  const first = await lookAt(nodes);
  await delay(apartMs);
  return withRates(first, await lookAt(nodes));
}

/** The later look, with rates against the one before. */
export function withRates(before: readonly Sample[], now: readonly Sample[]): Sample[] {
  return now.map((sample) => {
    const { answer } = sample;
    const earlier = before.find(
      ({ known }) => known.admin?.address === sample.known.admin?.address,
    );
    if (answer.kind !== 'answered' || earlier?.answer.kind !== 'answered') return sample;
    return { ...sample, rates: ratesBetween(earlier.answer.value, answer.value) };
  });
}

/** undefined where the node is another one, or its clock went back. */
function ratesBetween(before: NodeView, now: NodeView): Rates | undefined {
  const seconds = (now.nowMs - before.nowMs) / 1000;
  if (before.node !== now.node || seconds <= 0) return undefined;
  return {
    pdusIn: (now.traffic.receivedPdus - before.traffic.receivedPdus) / seconds,
    bytesIn: (now.traffic.receivedBytes - before.traffic.receivedBytes) / seconds,
    bytesOut: (now.traffic.sentBytes - before.traffic.sentBytes) / seconds,
    busBytesOut: ((now.bus?.bytesSent ?? 0) - (before.bus?.bytesSent ?? 0)) / seconds,
  };
}
