import { setTimeout as delay } from 'node:timers/promises';
import { coresDuring } from './cpu-time.ts';
import { Load } from './load/load.ts';
import type { Effort, FigureSpec, Reading } from './scenario.ts';
import type { Subject } from './subjects/subject.ts';

/** What is measured when links send as fast as they can. */
export const FLAT_OUT_FIGURES: readonly FigureSpec[] = [
  { key: 'deliveredPerSecond', heading: 'delivered/s', digits: 0 },
  { key: 'relayedPerSecond', heading: 'relayed/s', digits: 0 },
  { key: 'lostPdus', heading: 'lost', digits: 0 },
  { key: 'subjectCores', heading: 'its cores', digits: 2 },
  { key: 'loadCores', heading: 'load cores', digits: 2 },
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
  const { result: rates, cores } = await coresDuring(running.pids, () => load.measure(measureMs));
  const totals = await load.finish();
  return {
    deliveredPerSecond: rates.deliveredPerSecond,
    relayedPerSecond: rates.sentPerSecond,
    lostPdus: totals.duePdus - totals.deliveredPdus,
    subjectCores: cores,
    loadCores: rates.loadCores,
  };
}
