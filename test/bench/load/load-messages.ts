import { isOfKind } from '../../harness/worker-process.ts';
import type { DialectName } from './dialect.ts';

/** The address that a link connects to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** One link of a load. */
export interface LinkOrder extends Target {
  readonly id: number;
  readonly sends: boolean;
}

/** An order to a load process, which answers each once. */
export type LoadRequest =
  | {
      readonly kind: 'open';
      readonly links: readonly LinkOrder[];
      readonly dialect: DialectName;
      readonly pduBytes: number;
      /** Number of the process's links that receive each PDU. */
      readonly copies: number;
      /** Links that do not send read the stamps of received PDUs. */
      readonly readsStamps: boolean;
    }
  /** Each sender sends one PDU. */
  | { readonly kind: 'probe' }
  /** Resets all counts. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'flood' }
  /** Sends stamped PDUs at a steady rate over all senders of the process; answered when done. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly ms: number }
  /** Stops sending; answered when all writes are flushed. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' }
  /** Returns the stamps read since the last reset. */
  | { readonly kind: 'latency' };

/** Delivery times of stamped PDUs, in microseconds. */
export interface Latency {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/** Counts of one link since the last reset. */
export interface LinkCount {
  readonly id: number;
  readonly sentPdus: number;
  readonly receivedBytes: number;
  readonly isOpen: boolean;
}

/** Counts of a load process. */
export interface LoadCount {
  /** Monotonic time of the counts, in ms. */
  readonly atMs: number;
  /** Processor time of the process since its start, in ms. */
  readonly cpuMs: number;
  readonly links: readonly LinkCount[];
}

export type LoadAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'count'; readonly count: LoadCount }
  | { readonly kind: 'latency'; readonly latency: Latency };

const ORDER_KINDS: readonly unknown[] = [
  ...['open', 'probe', 'reset', 'flood', 'pace', 'stop', 'count', 'latency'],
];
const ANSWER_KINDS: readonly unknown[] = ['done', 'count', 'latency'];

/** Whether a message is an order. */
export function isLoadRequest(message: unknown): message is LoadRequest {
  return isOfKind(message, ORDER_KINDS);
}

/** Whether a message is an answer. */
export function isLoadAnswer(message: unknown): message is LoadAnswer {
  return isOfKind(message, ANSWER_KINDS);
}
