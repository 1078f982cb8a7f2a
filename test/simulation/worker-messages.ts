import type { FaultKind, Mode, Schedule } from './schedule.ts';

/** What a worker is to run. */
export interface Order {
  readonly kind: 'run';
  /** The first seed; the next ones follow it, `step` apart. */
  readonly seed: number;
  readonly step: number;
  readonly schedules: number;
  /** Real time after which no further schedule is begun. */
  readonly forMs: number;
  readonly modes: readonly Mode[];
  readonly kinds: readonly FaultKind[];
  readonly mutant: string | undefined;
  /** Runs this one alone. */
  readonly replay: Schedule | undefined;
}

/** A schedule whose run broke a check. */
export interface Failure {
  readonly schedule: Schedule;
  readonly check: string;
  readonly problem: string;
}

/** What a part of the schedules came to. */
export interface Report {
  readonly kind: 'report';
  readonly schedules: number;
  readonly virtualMs: number;
  readonly pdus: number;
  readonly deliveries: number;
  readonly frames: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly failure: Failure | undefined;
  readonly digest: number;
  readonly isLast: boolean;
}

export function isOrder(value: unknown): value is Order {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'run';
}

export function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'report';
}
