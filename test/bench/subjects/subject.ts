import type { DialectName } from '../load/dialect.ts';
import type { Target } from '../load/load-messages.ts';

/** A relay that can be measured and started repeatedly. */
export interface Subject {
  readonly name: string;
  readonly dialect: DialectName;
  /** Whether it delivers what was sent. */
  readonly relays: boolean;
  start(): Promise<RunningSubject>;
}

/** A running relay; at the end of its scope its processes are gone. */
export interface RunningSubject extends AsyncDisposable {
  /** Where links go, in turn. */
  readonly targets: readonly Target[];
  /** The processes that do the work, without Redis. */
  readonly pids: readonly number[];
  /** The Redis that they use, if any. */
  readonly redisPort?: number;
}
