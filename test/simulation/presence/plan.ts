import type { ClientStatus } from '@route/protocol';

/** Initial configuration of a run. */
export interface Setup {
  readonly nodes: number;
  readonly servers: number;
  readonly users: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly links: 'all' | 'master';
  readonly commandTimeoutMs: number;
  /** A single node without Redis; 'redis' by default. */
  readonly engine?: 'memory';
  /** ROUTE_OFFLINE_GRACE_PER_SECOND, if not the default. */
  readonly lostPerSecond?: number;
}

/** The data of Redis when it returns. */
export type RedisData = 'kept' | 'lost' | 'snapshot';

type ActKind =
  | { readonly kind: 'update'; readonly server: number; readonly client: ClientStatus }
  | { readonly kind: 'query'; readonly server: number }
  | {
      readonly kind: 'relink';
      readonly server: number;
      readonly afterMs: number;
      readonly abrupt: boolean;
    }
  /** The msg_server is away for a while or for good, and returns without its clients. */
  | { readonly kind: 'server-restart'; readonly server: number; readonly afterMs: number }
  | { readonly kind: 'role'; readonly server: number; readonly master: boolean }
  /** Without startMs, no node replaces it. */
  | { readonly kind: 'node-kill'; readonly node: number; readonly startMs?: number }
  | { readonly kind: 'node-freeze'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'node-drain'; readonly node: number; readonly overMs: number }
  | { readonly kind: 'node-shed'; readonly node: number; readonly count: number }
  | { readonly kind: 'node-start' }
  | { readonly kind: 'path-cut'; readonly node: number }
  | {
      readonly kind: 'path-slow';
      readonly node: number;
      readonly latencyMs: number;
      readonly forMs: number;
    }
  | {
      readonly kind: 'path-dark';
      readonly node: number;
      readonly out: boolean;
      readonly in: boolean;
      readonly forMs: number;
    }
  | {
      readonly kind: 'redis-away';
      readonly forMs: number;
      readonly data: RedisData;
      /** Whether its machine disappears silently. */
      readonly silent: boolean;
    }
  | { readonly kind: 'redis-empty' }
  | { readonly kind: 'redis-save' }
  | { readonly kind: 'redis-copy' }
  | {
      readonly kind: 'redis-promote';
      /** 'primary': it goes on as before, and only its name leads elsewhere. */
      readonly old: 'dead' | 'demoted' | 'demoted-keeps-connections' | 'primary';
      readonly data: 'copy' | 'none';
      readonly clockMs: number;
    }
  | { readonly kind: 'redis-clock'; readonly stepMs: number }
  | {
      readonly kind: 'redis-refuse';
      readonly refusal:
        | 'oom'
        | 'readonly'
        | 'busy'
        | 'loading'
        | 'masterdown'
        | 'misconf'
        | 'noperm';
      readonly forMs: number;
    }
  | { readonly kind: 'redis-forget-scripts' }
  | { readonly kind: 'redis-garbage'; readonly pick: number };

/** An act and its time, in ms since the start of its episode. */
export type Act = ActKind & { readonly at: number };

/** A period with faults; afterwards the cluster must recover. */
export interface Episode {
  readonly lengthMs: number;
  readonly acts: readonly Act[];
}

/** Everything that a run does. A seed makes a plan; shrinking removes parts of it. */
export interface Plan {
  readonly seed: number;
  readonly setup: Setup;
  readonly episodes: readonly Episode[];
}

/** Id of the i-th user of a run: ids that share shards, and both ends of the range. */
export function userId(i: number): number {
  if (i === 0) return 0;
  if (i === 1) return 4_294_967_295;
  return i * 7;
}

/** Parses a printed plan. @throws Error if it is invalid. */
export function readPlan(text: string): Plan {
  const plan: unknown = JSON.parse(text);
  if (isPlan(plan)) return plan;
  throw new Error('the file holds no plan, expected what a failing run prints');
}

function isPlan(value: unknown): value is Plan {
  return typeof value === 'object' && value !== null && 'setup' in value && 'episodes' in value;
}
