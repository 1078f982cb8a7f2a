import { setTimeout as delay } from 'node:timers/promises';
import { Load } from './load/load.ts';
import { type Effort, type FigureSpec, OTHER_CORES, type Reading } from './scenario.ts';
import type { Subject } from './subjects/subject.ts';
import { usageDuring } from './usage.ts';

/** What is measured when links send as fast as they can. */
export const FLAT_OUT_FIGURES: readonly FigureSpec[] = [
  { key: 'deliveredPerSecond', heading: 'delivered/s', digits: 0 },
  { key: 'relayedPerSecond', heading: 'relayed/s', digits: 0 },
  { key: 'lostPdus', heading: 'lost', digits: 0 },
  { key: 'subjectCores', heading: 'its cores', digits: 2 },
  { key: 'redisCores', heading: 'Redis cores', digits: 2 },
  { key: 'loadCores', heading: 'load cores', digits: 2 },
  { key: OTHER_CORES, heading: 'other cores', digits: 2 },
];

export interface FlatOutOptions {
  readonly links: number;
  readonly senders: number;
  readonly pduBytes: number;
}

/** The load's processes; more of them only take turns on a small machine. */
const LOAD_PROCESSES = 1;

/** Links on a subject that send flat out: what is delivered a second, and that nothing is lost. */
export async function measureFlatOut(
  subject: Subject,
  { links, senders, pduBytes }: FlatOutOptions,
  { warmUpMs, measureMs }: Effort,
): Promise<Reading> {
  await using running = await subject.start();
  await using load = await Load.open({
    ...{ links, senders, pduBytes, dialect: subject.dialect },
    ...{ targets: running.targets, processes: LOAD_PROCESSES },
  });
  await load.flood();
  await delay(warmUpMs);
  const { result: rates, usage } = await usageDuring(running, () => load.measure(measureMs));
  const totals = await load.finish();
  const known = usage.subjectCores + usage.redisCores + rates.loadCores;
  return {
    deliveredPerSecond: rates.deliveredPerSecond,
    // The pump invents what it delivers.
    ...(subject.relays && {
      relayedPerSecond: rates.sentPerSecond,
      lostPdus: totals.duePdus - totals.deliveredPdus,
    }),
    subjectCores: usage.subjectCores,
    ...(running.redisPort !== undefined && { redisCores: usage.redisCores }),
    loadCores: rates.loadCores,
    [OTHER_CORES]: Math.max(0, usage.machineCores - known),
  };
}
