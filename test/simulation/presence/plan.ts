import { CLIENT_TYPE, type ClientStatus, type ClientType, USER_STATUS } from '@route/protocol';
import { Random } from '@route/random';

/** What a run begins with. */
export interface Setup {
  readonly nodes: number;
  readonly servers: number;
  readonly users: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly links: 'all' | 'master';
  readonly commandTimeoutMs: number;
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
  | { readonly kind: 'node-kill'; readonly node: number; readonly startMs: number }
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
      readonly refusal: 'oom' | 'readonly' | 'busy' | 'loading' | 'masterdown' | 'misconf';
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

const TYPES: readonly ClientType[] = [
  CLIENT_TYPE.windows,
  CLIENT_TYPE.windows,
  CLIENT_TYPE.mac,
  CLIENT_TYPE.ios,
  CLIENT_TYPE.android,
];

const REFUSALS = ['oom', 'readonly', 'busy', 'loading', 'masterdown', 'misconf'] as const;

/** The id of a run's i-th user: ids that meet in shards, and the ends of their range. */
export function userId(i: number): number {
  if (i === 0) return 0;
  if (i === 1) return 4_294_967_295;
  return i * 7;
}

/** Makes the plan that a seed stands for. */
export function makePlan(seed: number): Plan {
  const random = new Random(seed);
  const leaseMs = random.whole(2, 4) * 1000;
  const setup: Setup = {
    nodes: random.chance(0.1) ? random.whole(5, 10) : random.whole(2, 4),
    servers: random.whole(2, 6),
    users: random.whole(3, 14),
    leaseMs,
    graceMs: random.chance(0.1) ? 0 : random.whole(1, 4) * 1000,
    links: random.chance(0.15) ? 'master' : 'all',
    commandTimeoutMs: random.pick([400, 1000]),
  };
  const episodes = Array.from({ length: random.whole(1, 3) }, () => makeEpisode(setup, random));
  return { seed, setup, episodes };
}

function makeEpisode(setup: Setup, random: Random): Episode {
  const acts: Act[] = [];
  // Some users stay as they are: nothing may be said of them.
  const busyUsers = random.whole(1, setup.users);
  const troubleAt = random.whole(300, 1500);
  let endMs = troubleAt;
  const faults = random.chance(0.05) ? 0 : random.whole(1, random.chance(0.4) ? 4 : 2);
  for (let i = 0; i < faults; i++) {
    const at = troubleAt + (i === 0 ? 0 : random.whole(0, 3000));
    endMs = Math.max(endMs, addFault(acts, { at, setup, random }));
  }
  const lengthMs = endMs + random.whole(100, 1500);
  const moment = (): number => random.whole(0, lengthMs);
  const server = (): number => random.below(setup.servers);
  for (let i = random.whole(2, random.chance(0.3) ? 60 : 16); i > 0; i--) {
    const user = userId(random.below(busyUsers));
    const client = { userId: user, clientType: random.pick(TYPES), status: random.pick(STATUSES) };
    acts.push({ kind: 'update', at: moment(), server: server(), client });
  }
  for (let i = random.whole(0, 6); i > 0; i--) {
    acts.push({ kind: 'query', at: moment(), server: server() });
  }
  for (let i = random.whole(0, 2); i > 0; i--) {
    const afterMs = random.whole(50, random.chance(0.5) ? 1000 : setup.graceMs + 2000);
    const act = { at: moment(), server: server(), afterMs };
    if (random.chance(0.5)) acts.push({ kind: 'relink', ...act, abrupt: random.chance(0.5) });
    else acts.push({ kind: 'server-restart', ...act });
  }
  if (setup.links === 'master') {
    for (let i = random.whole(0, 4); i > 0; i--) {
      acts.push({ kind: 'role', at: moment(), server: server(), master: random.chance(0.6) });
    }
  }
  return { lengthMs, acts: acts.sort((a, b) => a.at - b.at) };
}

const STATUSES = [
  ...[USER_STATUS.online, USER_STATUS.online, USER_STATUS.offline, USER_STATUS.offline],
  USER_STATUS.leave,
];

/** How often each kind of fault is drawn. */
const FAULTS = {
  kill: 3,
  freeze: 4,
  drain: 2,
  shed: 1,
  start: 1,
  cut: 1,
  slow: 1,
  dark: 3,
  away: 5,
  empty: 3,
  rollback: 3,
  promote: 4,
  clock: 2,
  refuse: 3,
  'forget-scripts': 1,
  garbage: 1,
} as const;

/** Adds the acts of one fault; returns when it is over. */
function addFault(
  acts: Act[],
  { at, setup, random }: { readonly at: number; readonly setup: Setup; readonly random: Random },
): number {
  const node = random.below(setup.nodes);
  // Shorter than the lease as often as longer.
  const forMs = random.whole(
    200,
    random.chance(0.5) ? setup.leaseMs - 500 : 2 * setup.leaseMs + 1000,
  );
  const clockMs = random.chance(0.5) ? 0 : random.whole(-120_000, 120_000);
  switch (random.weighted(FAULTS)) {
    case 'kill':
      acts.push({ kind: 'node-kill', at, node, startMs: random.whole(100, 3000) });
      return at;
    case 'freeze':
      acts.push({ kind: 'node-freeze', at, node, forMs });
      return at + forMs;
    case 'drain': {
      const overMs = random.pick([0, 500, 2 * setup.leaseMs]);
      acts.push({ kind: 'node-start', at }, { kind: 'node-drain', at: at + 500, node, overMs });
      return at + 500 + overMs;
    }
    case 'shed':
      acts.push({ kind: 'node-shed', at, node, count: random.whole(1, 3) });
      return at;
    case 'start':
      acts.push({ kind: 'node-start', at });
      return at;
    case 'cut':
      acts.push({ kind: 'path-cut', at, node });
      return at;
    case 'slow':
      acts.push({ kind: 'path-slow', at, node, latencyMs: random.pick([20, 200]), forMs });
      return at + forMs;
    case 'dark': {
      const way = random.pick(['both', 'out', 'in']);
      acts.push({ kind: 'path-dark', at, node, out: way !== 'in', in: way !== 'out', forMs });
      return at + forMs;
    }
    case 'away': {
      const data = random.pick(['kept', 'lost', 'snapshot'] as const);
      const silent = random.chance(0.3);
      if (data === 'snapshot') acts.push({ kind: 'redis-save', at: random.whole(0, at) });
      acts.push({ kind: 'redis-away', at, forMs, data, silent });
      return at + forMs;
    }
    case 'empty':
      acts.push({ kind: 'redis-empty', at });
      return at;
    case 'rollback':
      acts.push({ kind: 'redis-save', at: random.whole(0, at) });
      acts.push({
        kind: 'redis-away',
        at,
        forMs: random.whole(50, 500),
        data: 'snapshot',
        silent: false,
      });
      return at + 500;
    case 'promote': {
      const data = random.pick(['copy', 'copy', 'none'] as const);
      const old = random.pick(['dead', 'demoted', 'demoted-keeps-connections'] as const);
      acts.push({ kind: 'redis-copy', at: Math.max(0, at - random.whole(0, 1500)) });
      acts.push({ kind: 'redis-promote', at, old, data, clockMs });
      return at;
    }
    case 'clock':
      acts.push({ kind: 'redis-clock', at, stepMs: random.whole(-120_000, 120_000) });
      return at;
    case 'refuse':
      acts.push({ kind: 'redis-refuse', at, refusal: random.pick(REFUSALS), forMs });
      return at + forMs;
    case 'forget-scripts':
      acts.push({ kind: 'redis-forget-scripts', at });
      return at;
    case 'garbage':
      acts.push({ kind: 'redis-garbage', at, pick: random.below(1000) });
      return at;
  }
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
