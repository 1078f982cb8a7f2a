import { isOfKind } from '../../harness/worker-process.ts';
import type { Latency, Target } from '../load/load-messages.ts';
import type { ArrivalCounts } from './arrivals.ts';
import type { TrafficPlan } from './traffic.ts';

/** One msg_server, and its node. */
export interface ServerOrder extends Target {
  readonly id: number;
}

/** An order to a process of msg_servers, which answers each once. */
export type ServersRequest =
  | {
      readonly kind: 'open';
      readonly plan: TrafficPlan;
      readonly servers: readonly ServerOrder[];
      /** Messages are stamped, and receivers read the delivery times. */
      readonly readsStamps: boolean;
    }
  | { readonly kind: 'flood' }
  /** Sends stamped messages at a steady rate over the process; answered when done. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly ms: number }
  /** Stops sending; answered when all writes are flushed. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' }
  | { readonly kind: 'arrivals' }
  /** Returns the stamps read since the last time. */
  | { readonly kind: 'latency' };

/** Counts of one msg_server. */
export interface ServerCounts {
  readonly id: number;
  readonly sent: number;
  readonly deliveries: number;
  readonly singles: number;
  readonly groups: number;
}

/** Counts of a process. */
export interface ServersCount {
  /** Monotonic time of the counts, in ms. */
  readonly atMs: number;
  /** Processor time of the process since its start, in ms. */
  readonly cpuMs: number;
  readonly servers: readonly ServerCounts[];
}

export type ServersAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'count'; readonly count: ServersCount }
  | { readonly kind: 'arrivals'; readonly arrivals: readonly ServerArrivals[] }
  | { readonly kind: 'latency'; readonly latency: Latency };

/** Messages received by one msg_server. */
export interface ServerArrivals extends ArrivalCounts {
  readonly id: number;
}

const ORDER_KINDS: readonly unknown[] = [
  ...['open', 'flood', 'pace', 'stop', 'count', 'arrivals', 'latency'],
];
const ANSWER_KINDS: readonly unknown[] = ['done', 'count', 'arrivals', 'latency'];

/** Whether a message is an order. */
export function isServersRequest(message: unknown): message is ServersRequest {
  return isOfKind(message, ORDER_KINDS);
}

/** Whether a message is an answer. */
export function isServersAnswer(message: unknown): message is ServersAnswer {
  return isOfKind(message, ANSWER_KINDS);
}
