import type { Delivery } from './delivery.ts';
import type { Counts, Latency } from './figures.ts';

/** One thing that must hold, and what has been seen of it. */
export interface CheckLine {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** A node, as the simulated msg_servers see it. */
export interface NodeLine {
  readonly address: string;
  /** How many msg_servers have their links on it. */
  readonly links: number;
  /** Its process, where it is one of ours. */
  readonly pid: number | undefined;
  /** `ended`: it is one of ours, and its process is gone. */
  readonly state: 'linked' | 'idle' | 'unreachable' | 'ended';
}

/** Everything that a view shows, at one moment. */
export interface Picture {
  readonly elapsedSeconds: number;
  readonly delivery: Delivery;
  readonly nodes: readonly NodeLine[];
  readonly servers: { readonly linked: number; readonly all: number };
  readonly users: { readonly online: number; readonly all: number; readonly clients: number };
  /** A second, over the last one. */
  readonly rates: Readonly<Counts>;
  readonly counts: Readonly<Counts>;
  /** Milliseconds, over the last second that had any. */
  readonly recent: { readonly relay: Latency | undefined; readonly query: Latency | undefined };
  /** Milliseconds, from the beginning on. */
  readonly overall: { readonly relay: Latency | undefined; readonly query: Latency | undefined };
  readonly checks: readonly CheckLine[];
  /** PDUs that went down with a link: not promised. */
  readonly cutOff: number;
  readonly events: readonly SimEvent[];
}

/** Something worth telling. */
export interface SimEvent {
  readonly atSeconds: number;
  readonly text: string;
}
