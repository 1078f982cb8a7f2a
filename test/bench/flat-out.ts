import { setTimeout as delay } from 'node:timers/promises';
import { Load } from './load/load.ts';
import type { Effort, FigureSpec, Reading } from './scenario.ts';
import type { Subject } from './subjects/subject.ts';
import { CORES_FIGURES, coresReading, usageDuring } from './usage.ts';

/** Figures of links that send at full speed. */
export const FLAT_OUT_FIGURES: readonly FigureSpec[] = [
  { key: 'deliveredPerSecond', heading: 'delivered/s', digits: 0, kind: 'result' },
  { key: 'relayedPerSecond', heading: 'relayed/s', digits: 0, kind: 'result' },
  { key: 'deliveredCoreUs', heading: 'core µs a delivery', digits: 3, kind: 'result' },
  { key: 'lostPdus', heading: 'PDUs lost', digits: 0, kind: 'result' },
  ...CORES_FIGURES,
];

/** PDU size in bytes, as in the other scenarios. */
export const DELIVERED_BYTES_FIGURE: FigureSpec = {
  key: 'deliveredMibPerSecond',
  heading: 'MiB delivered/s',
  digits: 0,
  kind: 'result',
};

export interface FlatOutOptions {
  readonly links: number;
  readonly senders: number;
  readonly pduBytes: number;
}

/**
 * Links that send at full speed to a subject: deliveries per second, and a check that nothing is
 * lost.
 */
export async function measureFlatOut(
  subject: Subject,
  { links, senders, pduBytes }: FlatOutOptions,
  { warmUpMs, measureMs }: Effort,
): Promise<Reading> {
  await using running = await subject.start();
  await using load = await Load.open({
    links,
    senders,
    pduBytes,
    dialect: subject.dialect,
    targets: running.targets,
    purpose: 'flat-out',
  });
  await load.flood();
  await delay(warmUpMs);
  const { result: rates, usage } = await usageDuring(running, () => load.measure(measureMs));
  const totals = await load.finish();
  return {
    deliveredPerSecond: rates.deliveredPerSecond,
    deliveredMibPerSecond: (rates.deliveredPerSecond * pduBytes) / 2 ** 20,
    deliveredCoreUs: (usage.subjectCores / rates.deliveredPerSecond) * 1e6,
    // The pump generates its deliveries.
    ...(subject.relays && {
      relayedPerSecond: rates.sentPerSecond,
      lostPdus: totals.duePdus - totals.deliveredPdus,
    }),
    ...coresReading(usage, rates.loadCores, running),
  };
}
