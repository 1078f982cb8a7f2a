import type { Latency, Target } from '../load/load-messages.ts';
import { isOfKind } from '../told-process.ts';
import type { ArrivalCounts } from './arrivals.ts';
import type { TrafficPlan } from './traffic.ts';

/** One msg_server, and the node that it connects to. */
export interface ServerOrder extends Target {
  readonly id: number;
}

/** What a process of msg_servers is told; it answers each order once. */
export type ServersOrder =
  | {
      readonly kind: 'open';
      readonly plan: TrafficPlan;
      readonly servers: readonly ServerOrder[];
      /** Messages are stamped, and those that come are looked at for how long they took. */
      readonly readsStamps: boolean;
    }
  | { readonly kind: 'flood' }
  /** Send stamped messages at a steady rate, all of the process together; answered when done. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly ms: number }
  /** Send no more; answered when all that was begun has left. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' }
  | { readonly kind: 'arrivals' }
  /** What the stamps read since the last time tell. */
  | { readonly kind: 'latency' };

/** What one msg_server has counted. */
export interface ServerCounts {
  readonly id: number;
  readonly sent: number;
  readonly deliveries: number;
  readonly singles: number;
  readonly groups: number;
}

/** What a process has counted. */
export interface ServersCount {
  /** Monotonic, in ms, when it counted. */
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

/** What came to one msg_server. */
export interface ServerArrivals extends ArrivalCounts {
  readonly id: number;
}

const ORDER_KINDS: readonly unknown[] = [
  ...['open', 'flood', 'pace', 'stop', 'count', 'arrivals', 'latency'],
];
const ANSWER_KINDS: readonly unknown[] = ['done', 'count', 'arrivals', 'latency'];

/** Whether a message is an order. */
export function isServersOrder(message: unknown): message is ServersOrder {
  return isOfKind(message, ORDER_KINDS);
}

/** Whether a message is an answer. */
export function isServersAnswer(message: unknown): message is ServersAnswer {
  return isOfKind(message, ANSWER_KINDS);
}
