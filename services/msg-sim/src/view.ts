import type { Delivery } from './delivery-check.ts';
import type { Counts, Latency } from './figures.ts';

/** A check and its result so far. */
export interface CheckLine {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** A node as the simulated msg_servers see it. */
export interface NodeLine {
  readonly address: string;
  /** Number of msg_servers with a link to it. */
  readonly links: number;
  /** Its process, if this program started it. */
  readonly pid: number | undefined;
  /** `ended`: this program started it, and its process is gone. */
  readonly state: 'linked' | 'idle' | 'unreachable' | 'ended';
}

/** A snapshot of everything that a view shows. */
export interface Picture {
  readonly elapsedSeconds: number;
  readonly delivery: Delivery;
  readonly nodes: readonly NodeLine[];
  readonly servers: { readonly linked: number; readonly all: number };
  readonly users: { readonly online: number; readonly all: number; readonly clients: number };
  /** Per second, over the last second. */
  readonly rates: Readonly<Counts>;
  readonly counts: Readonly<Counts>;
  /** Milliseconds, over the last second with values. */
  readonly recent: { readonly relay: Latency | undefined; readonly query: Latency | undefined };
  /** Milliseconds, since the start. */
  readonly overall: { readonly relay: Latency | undefined; readonly query: Latency | undefined };
  readonly checks: readonly CheckLine[];
  /** PDUs cut off with a lost link. Their delivery is not promised. */
  readonly cutOff: number;
  readonly events: readonly SimEvent[];
}

/** An event for the user. */
export interface SimEvent {
  readonly atSeconds: number;
  readonly text: string;
}

/** Shows the simulation while it runs and at its end. */
export interface View {
  /** Interval in ms at which to call {@link View.show}. */
  readonly everyMs: number;
  show(picture: Picture): void;
  event(event: SimEvent): void;
  /** Called when all activity has stopped and the last checks run. */
  settling(): void;
  /** Shows the summary; the last call. */
  finish(picture: Picture): void;
}

/** Writes text for a person or a program. */
export type Write = (text: string) => void;

/** Whether every check passed. */
export function allHold({ checks }: Picture): boolean {
  return checks.every(({ holds }) => holds);
}
