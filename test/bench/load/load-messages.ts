import { isOfKind } from '../told-process.ts';
import type { DialectName } from './dialect.ts';

/** Where a link connects to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** One link of a load. */
export interface LinkOrder extends Target {
  readonly id: number;
  readonly sends: boolean;
}

/** What a load's process is told; it answers each order once. */
export type LoadOrder =
  | {
      readonly kind: 'open';
      readonly links: readonly LinkOrder[];
      readonly dialect: DialectName;
      readonly pduBytes: number;
      /** How many of the process's links receive each PDU. */
      readonly copies: number;
      /** Links that do not send read the stamps of what they receive. */
      readonly readsStamps: boolean;
    }
  /** Each sender sends one PDU. */
  | { readonly kind: 'probe' }
  /** Counts begin at 0 from here on. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'flood' }
  /** Send stamped PDUs at a steady rate, all senders of the process together; answered when done. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly ms: number }
  /** Send no more; answered when all that was begun has left. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' }
  /** What the stamps read since the last reset tell. */
  | { readonly kind: 'latency' };

/** How long stamped PDUs were under way, in microseconds. */
export interface Latency {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/** What one link has counted since the last reset. */
export interface LinkCount {
  readonly id: number;
  readonly sentPdus: number;
  readonly receivedBytes: number;
  readonly isOpen: boolean;
}

/** What a load's process has counted. */
export interface LoadCount {
  /** Monotonic, in ms, when it counted. */
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
export function isLoadOrder(message: unknown): message is LoadOrder {
  return isOfKind(message, ORDER_KINDS);
}

/** Whether a message is an answer. */
export function isLoadAnswer(message: unknown): message is LoadAnswer {
  return isOfKind(message, ANSWER_KINDS);
}
