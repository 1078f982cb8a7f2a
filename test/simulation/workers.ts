import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FAULT_KINDS, type FaultKind } from './schedule.ts';
import { type Failure, isReport, type Order, type Report } from './worker-messages.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Combined result of all workers. */
export interface Totals {
  schedules: number;
  virtualMs: number;
  pdus: number;
  deliveries: number;
  frames: number;
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly failures: Failure[];
  /** Hash of what a single worker has run. */
  digest: number;
}

/**
 * Runs an order on several workers, each with every n-th seed, until all are done or one has
 * failed.
 */
export async function runOnWorkers(
  order: Order,
  workers: number,
  progress: (totals: Totals) => void = () => {},
): Promise<Totals> {
  const totals: Totals = {
    ...{ schedules: 0, virtualMs: 0, pdus: 0, deliveries: 0, frames: 0, digest: 0 },
    ...{ faults: {}, failures: [] },
  };
  const children = Array.from({ length: workers }, () => fork(WORKER, { execArgv: [] }));
  const ended = children.map(async (child, i) => {
    const exited = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (code === 0 || signal === 'SIGTERM') resolve();
        else reject(new Error(`a worker ended with ${code ?? signal}`));
      });
    });
    child.on('message', (report: unknown) => {
      if (!isReport(report)) return;
      add(totals, report);
      progress(totals);
      if (report.failure !== undefined) {
        for (const other of children) if (other !== child) other.kill('SIGTERM');
      }
    });
    child.send({
      ...order,
      seed: order.seed + i,
      step: workers,
      schedules: Math.ceil(order.schedules / workers),
    });
    await exited;
  });
  await Promise.all(ended);
  return totals;
}

function add(totals: Totals, report: Report): void {
  totals.schedules += report.schedules;
  totals.virtualMs += report.virtualMs;
  totals.pdus += report.pdus;
  totals.deliveries += report.deliveries;
  totals.frames += report.frames;
  totals.digest = (totals.digest + report.digest) >>> 0;
  for (const kind of FAULT_KINDS)
    totals.faults[kind] = (totals.faults[kind] ?? 0) + (report.faults[kind] ?? 0);
  if (report.failure !== undefined) totals.failures.push(report.failure);
}
