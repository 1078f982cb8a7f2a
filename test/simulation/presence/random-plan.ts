import { CLIENT_TYPE, type ClientType, USER_STATUS } from '@route/protocol';
import { Random } from '@route/random';
import { type Act, type Episode, type Plan, type Setup, userId } from './plan.ts';
import { makeScene } from './scenes.ts';

const TYPES: readonly ClientType[] = [
  CLIENT_TYPE.windows,
  CLIENT_TYPE.windows,
  CLIENT_TYPE.mac,
  CLIENT_TYPE.ios,
  CLIENT_TYPE.android,
];

const REFUSALS = ['oom', 'readonly', 'busy', 'loading', 'masterdown', 'misconf'] as const;

/** Makes the plan of a seed: faults drawn freely, or a scene with random times and details. */
export function makePlan(seed: number): Plan {
  const random = new Random(seed);
  if (random.chance(0.4)) return { seed, ...makeScene(random) };
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
  // Some users do not change: they must not be announced.
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

/** Relative frequency of each kind of fault. */
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

/** Adds the acts of one fault; returns the time of its end. */
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
      const old = random.pick(['dead', 'demoted', 'demoted-keeps-connections', 'primary'] as const);
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
