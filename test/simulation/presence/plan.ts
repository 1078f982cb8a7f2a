import type { ClientStatus } from '@route/protocol';

/** What a run begins with. */
export interface Setup {
  readonly nodes: number;
  readonly servers: number;
  readonly users: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly links: 'all' | 'master';
  readonly commandTimeoutMs: number;
  /** One node alone, without Redis; 'redis' by default. */
  readonly engine?: 'memory';
  /** ROUTE_OFFLINE_GRACE_PER_SECOND, where it is not the default. */
  readonly lostPerSecond?: number;
}

/** How Redis comes back, or what it has. */
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
  /** The msg_server is gone for good, or for a while, and comes back without its clients. */
  | { readonly kind: 'server-restart'; readonly server: number; readonly afterMs: number }
  | { readonly kind: 'role'; readonly server: number; readonly master: boolean }
  /** Without startMs no node takes its place. */
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
      /** Whether its machine is gone without a word. */
      readonly silent: boolean;
    }
  | { readonly kind: 'redis-empty' }
  | { readonly kind: 'redis-save' }
  | { readonly kind: 'redis-copy' }
  | {
      readonly kind: 'redis-promote';
      readonly old: 'dead' | 'demoted' | 'demoted-keeps-connections';
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

/** Something that happens, and when: ms since its episode began. */
export type Act = ActKind & { readonly at: number };

/** Some time of trouble; behind it everything must come right. */
export interface Episode {
  readonly lengthMs: number;
  readonly acts: readonly Act[];
}

/** All that a run does: a seed makes one, and a shrunk one has less in it. */
export interface Plan {
  readonly seed: number;
  readonly setup: Setup;
  readonly episodes: readonly Episode[];
}

/** The id of a run's i-th user: ids that meet in shards, and the ends of their range. */
export function userId(i: number): number {
  if (i === 0) return 0;
  if (i === 1) return 4_294_967_295;
  return i * 7;
}

/** Reads a plan as it is printed. @throws Error when it is none. */
export function readPlan(text: string): Plan {
  const plan: unknown = JSON.parse(text);
  if (isPlan(plan)) return plan;
  throw new Error('the file holds no plan, expected what a failing run prints');
}

function isPlan(value: unknown): value is Plan {
  return typeof value === 'object' && value !== null && 'setup' in value && 'episodes' in value;
}
