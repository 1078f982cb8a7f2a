import { type Outcome, runSchedule } from './run.ts';
import { drawSchedule, type FaultKind, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import type { Order, Report } from './worker-messages.ts';

/** Real time in ms that one part takes before it is reported. */
const PART_MS = 500;

/** Runs one seed after another. */
export class SeedRunner {
  readonly #order: Order;
  readonly #endAt: number;
  #done = 0;
  #rejection: unknown;
  #last: Schedule | undefined;

  constructor(order: Order) {
    this.#order = order;
    this.#endAt = performance.now() + order.forMs;
  }

  /** Records an unhandled rejection of the code under test: a real process would have ended. */
  rejected(error: unknown): void {
    this.#rejection ??= error;
  }

  /** Runs schedules for a short while. A failing one is shrunk, and ends the run. */
  runPart(): Report {
    const { seed, step, schedules, modes, kinds, replay, trace } = this.#order;
    const sum = { schedules: 0, virtualMs: 0, pdus: 0, deliveries: 0, frames: 0, digest: 0 };
    const faults: Partial<Record<FaultKind, number>> = {};
    const until = performance.now() + PART_MS;
    for (;;) {
      if (this.#rejection !== undefined && this.#last !== undefined) {
        const problem = String(this.#rejection);
        return this.#report(
          { ...sum, faults },
          { schedule: this.#last, check: 'rejection', problem },
        );
      }
      const now = performance.now();
      const isLast = this.#done >= schedules || now >= this.#endAt;
      if (isLast || now >= until) return this.#report({ ...sum, faults }, undefined, isLast);
      const mode = modes[this.#done % modes.length] ?? 'broadcast';
      const options = { mode, kinds: new Set(kinds) };
      const schedule = replay ?? drawSchedule(seed + this.#done * step, options);
      this.#done++;
      this.#last = schedule;
      const outcome = runSchedule(schedule, trace ? print : undefined);
      sum.schedules++;
      sum.virtualMs += outcome.virtualMs;
      sum.pdus += outcome.pdus;
      sum.deliveries += outcome.deliveries;
      sum.frames += outcome.frames;
      // A sum, because the number of schedules per part depends on real time.
      sum.digest = (sum.digest + Math.imul(outcome.digest, schedule.seed | 1)) >>> 0;
      for (const { kind } of schedule.faults) faults[kind] = (faults[kind] ?? 0) + 1;
      if (outcome.check !== undefined) {
        const failure = this.#shrunk(schedule, outcome, outcome.check);
        return this.#report({ ...sum, faults }, failure);
      }
    }
  }

  #shrunk(schedule: Schedule, outcome: Outcome, check: string): Report['failure'] {
    const isReplay = this.#order.replay !== undefined || this.#order.mutant !== undefined;
    const short = isReplay ? schedule : shrink(schedule, check);
    const problem = short === schedule ? outcome.problem : runSchedule(short).problem;
    return { schedule: short, check, problem: problem ?? '' };
  }

  #report(
    sums: Omit<Report, 'kind' | 'failure' | 'isLast'>,
    failure: Report['failure'],
    isLast = true,
  ): Report {
    return { kind: 'report', ...sums, failure, isLast };
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
