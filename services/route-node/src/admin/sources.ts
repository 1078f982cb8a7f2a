import type { RebalanceResult } from '@route/admin-api';
import type { ConsoleFile } from '@route/console';
import type { NodeInfo } from '@route/presence';
import type { Settings } from '../config/settings.ts';
import type { Engine } from '../engine/engine.ts';
import type { LinkServer } from '../link/link-server.ts';
import type { Counters } from '../observability/counters.ts';
import type { EventLog } from '../observability/event-log.ts';
import type { LoopWatch } from '../observability/loop-delay.ts';
import type { PduMonitor } from '../observability/pdu-monitor.ts';
import type { Readiness } from '../observability/readiness.ts';
import type { Guard } from './http/guard.ts';
import type { MetricsText } from './metrics-answer.ts';

/** The sources of the admin port's answers. */
export interface AdminSources {
  readonly nodeId: string;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly engine: Engine;
  readonly links: LinkServer;
  readonly readiness: Pick<Readiness, 'explained'>;
  readonly loop: LoopWatch;
  readonly eventLog: EventLog;
  readonly watch: PduMonitor;
  readonly guard: Guard;
  readonly metrics: MetricsText;
  /** The files of the console; none where it is not built. */
  readonly console: readonly ConsoleFile[];
  /** The node's published state. */
  info(): NodeInfo;
  /** Starts a drain, as SIGTERM does. */
  drain(): void;
  /** Closes links above this node's fair share; undefined while the share is unknown. */
  rebalance(): Omit<RebalanceResult, 'node'> | undefined;
}
