import type { FaultKind, Mode, Schedule } from './schedule.ts';

/** Work for a worker. */
export interface Order {
  readonly kind: 'run';
  /** The first seed; later ones follow in steps of `step`. */
  readonly seed: number;
  readonly step: number;
  readonly schedules: number;
  /** Real time after which no further schedule starts. */
  readonly forMs: number;
  readonly modes: readonly Mode[];
  readonly kinds: readonly FaultKind[];
  readonly mutant: string | undefined;
  /** Runs only this schedule. */
  readonly replay: Schedule | undefined;
  /** Whether to print each frame. */
  readonly trace: boolean;
}

/** A schedule that broke a check. */
export interface Failure {
  readonly schedule: Schedule;
  readonly check: string;
  readonly problem: string;
}

/** Result of a part of the schedules. */
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
