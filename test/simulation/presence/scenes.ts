import { CLIENT_TYPE, type ClientType, USER_STATUS, type UserStatus } from '@route/protocol';
import type { Random } from '@route/random';
import { type Act, type Episode, type Plan, type Setup, userId } from './plan.ts';

/** A plan without the seed. */
type Scene = Omit<Plan, 'seed'>;

const { windows, ios, android } = CLIENT_TYPE;

/**
 * Situations that random faults rarely produce: each combines the conditions of a fault, with
 * random times, users and nodes. The number is the relative frequency.
 */
const SCENES = {
  'clients-apart': 3,
  'holder-cut-off': 3,
  'full-while-links-end': 2,
  'announced-before-loss': 2,
  'lost-after-a-list': 2,
  'sweep-fails': 2,
  'paced-losses': 2,
  'one-node-alone': 4,
} as const;

export function makeScene(random: Random): Scene {
  const setup: Setup = {
    nodes: random.whole(2, 3),
    servers: random.whole(3, 5),
    users: random.whole(4, 12),
    leaseMs: random.whole(2, 4) * 1000,
    graceMs: random.whole(1, 3) * 1000,
    links: 'all',
    commandTimeoutMs: random.pick([400, 1000]),
  };
  const cast = new Cast(setup, random);
  switch (random.weighted(SCENES)) {
    case 'clients-apart':
      return clientsApart(cast);
    case 'holder-cut-off':
      return holderCutOff(cast);
    case 'full-while-links-end':
      return fullWhileLinksEnd(cast);
    case 'announced-before-loss':
      return announcedBeforeLoss(cast);
    case 'lost-after-a-list':
      return lostAfterAList(cast);
    case 'sweep-fails':
      return sweepFails(cast);
    case 'paced-losses':
      return pacedLosses(cast);
    case 'one-node-alone':
      return oneNodeAlone(cast);
  }
}

/** Users and msg_servers of a scene. */
class Cast {
  readonly setup: Setup;
  readonly random: Random;

  constructor(setup: Setup, random: Random) {
    this.setup = setup;
    this.random = random;
  }

  at(from: number, to: number): number {
    return this.random.whole(from, to);
  }

  update(at: number, server: number, [user, clientType, status]: Doing): Act {
    return { kind: 'update', at, server, client: { userId: userId(user), clientType, status } };
  }

  /** Two msg_servers, usually on two nodes. */
  twoServers(): [number, number] {
    const first = this.random.below(this.setup.servers);
    return [first, (first + this.random.whole(1, this.setup.servers - 1)) % this.setup.servers];
  }

  /** All users log in on one msg_server. */
  comeOn(server: number, clientType: ClientType): Act[] {
    const { online } = USER_STATUS;
    return this.users.map((user) =>
      this.update(this.at(0, 800), server, [user, clientType, online]),
    );
  }

  get users(): number[] {
    return Array.from({ length: this.setup.users }, (_, i) => i);
  }

  scene(episodes: readonly (readonly Act[])[], setup: Partial<Setup> = {}): Scene {
    return { setup: { ...this.setup, ...setup }, episodes: episodes.map(inOrder) };
  }
}

/** A user, by number, with a client type and a new status. */
type Doing = readonly [user: number, clientType: ClientType, status: UserStatus];

function inOrder(acts: readonly Act[]): Episode {
  const sorted = acts.toSorted((a, b) => a.at - b.at);
  const ends = sorted.map((act) => act.at + ('forMs' in act ? act.forMs : 0));
  return { lengthMs: Math.max(0, ...ends) + 300, acts: sorted };
}

/** Redis loses its data, in one of the possible ways. */
function losesData(
  { random, setup }: Cast,
  at: number,
): { readonly acts: Act[]; readonly endMs: number } {
  const forMs = random.whole(50, setup.leaseMs + 1000);
  switch (random.pick(['empty', 'away', 'promoted'] as const)) {
    case 'empty':
      return { acts: [{ kind: 'redis-empty', at }], endMs: at };
    case 'away':
      return {
        acts: [{ kind: 'redis-away', at, forMs, data: 'lost', silent: false }],
        endMs: at + forMs,
      };
    case 'promoted':
      return {
        acts: [{ kind: 'redis-promote', at, old: 'dead', data: 'none', clockMs: 0 }],
        endMs: at,
      };
  }
}

/**
 * Users have a PC client at one msg_server and a mobile one at another, or are about to get the
 * second one. Redis loses its data, and the one update of each user falls before or during the
 * nodes' assertion of their links.
 */
function clientsApart(cast: Cast): Scene {
  const { random } = cast;
  const [one, other] = cast.twoServers();
  const { online, offline } = USER_STATUS;
  const loss = losesData(cast, 500);
  const coming: Act[] = [];
  const changing: Act[] = [];
  for (const user of cast.users) {
    const at = cast.at(400, loss.endMs + 600);
    coming.push(cast.update(cast.at(0, 500), one, [user, windows, online]));
    if (random.chance(0.5)) {
      coming.push(cast.update(cast.at(0, 500), other, [user, ios, online]));
      changing.push(cast.update(at, one, [user, windows, offline]));
    } else changing.push(cast.update(at, other, [user, android, online]));
  }
  return cast.scene([coming, [...loss.acts, ...changing]]);
}

/**
 * As before, but a node is cut off or frozen until it counts as dead: notifications of that time do
 * not consider the mobile clients on its links.
 */
function holderCutOff(cast: Cast): Scene {
  const { random, setup } = cast;
  const [one, other] = cast.twoServers();
  const { offline } = USER_STATUS;
  const forMs = 2 * setup.leaseMs + random.whole(1000, 3000);
  const node = random.below(setup.nodes);
  const trouble: Act = random.chance(0.5)
    ? { kind: 'node-freeze', at: 200, node, forMs }
    : { kind: 'path-dark', at: 200, node, out: true, in: true, forMs };
  const coming = [...cast.comeOn(one, windows), ...cast.comeOn(other, ios)];
  const going = cast.users
    .filter(() => random.chance(0.7))
    .map((user) => cast.update(cast.at(200, forMs), one, [user, windows, offline]));
  return cast.scene([coming, [trouble, ...going]]);
}

/**
 * Redis is at maxmemory for a long time and refuses clients that come, while a msg_server
 * disconnects or its clients log out.
 */
function fullWhileLinksEnd(cast: Cast): Scene {
  const { random } = cast;
  const [one, other] = cast.twoServers();
  const { online, offline } = USER_STATUS;
  const forMs = random.whole(4000, 8000);
  const moment = (): number => cast.at(300, 1000);
  const ends: Act = { kind: 'server-restart', at: moment(), server: one, afterMs: forMs + 500 };
  const goes = (user: number): Act => cast.update(moment(), one, [user, windows, offline]);
  const comes = (user: number): Act =>
    cast.update(moment(), random.pick([one, other]), [user, random.pick([windows, ios]), online]);
  const comesAndGoes = (user: number): Act[] => [
    cast.update(cast.at(300, 600), other, [user, windows, online]),
    cast.update(cast.at(601, 1000), other, [user, windows, offline]),
  ];
  return cast.scene([
    cast.comeOn(one, windows),
    [
      ...cast.users.filter(() => random.chance(0.3)).flatMap(comesAndGoes),
      { kind: 'redis-refuse', at: 200, refusal: 'oom', forMs },
      ...(random.chance(0.5) ? [ends] : cast.users.map(goes)),
      ...cast.users.filter(() => random.chance(0.4)).map(comes),
    ],
  ]);
}

/** Users are announced offline, Redis loses its data, and the users return by a snapshot. */
function announcedBeforeLoss(cast: Cast): Scene {
  const { random, setup } = cast;
  const [one] = cast.twoServers();
  const lostAt = 300 + setup.graceMs + random.whole(1200, 2500);
  const loss = losesData(cast, lostAt);
  const afterMs = lostAt - 300 + random.whole(-200, setup.leaseMs + 1500);
  const relink: Act = { kind: 'relink', at: 300, server: one, abrupt: true, afterMs };
  return cast.scene([cast.comeOn(one, windows), [relink, ...loss.acts]]);
}

/**
 * While a msg_server is away its users go offline by updates on another link. They return by its
 * list, which announces nothing, and are lost with its next link.
 */
function lostAfterAList(cast: Cast): Scene {
  const [one, other] = cast.twoServers();
  const { offline } = USER_STATUS;
  const afterMs = cast.at(1500, 2500);
  return cast.scene([
    [...cast.comeOn(one, windows), ...cast.comeOn(other, windows)],
    [
      { kind: 'relink', at: 200, server: other, abrupt: true, afterMs },
      ...cast.users.map((user) => cast.update(cast.at(400, 1200), one, [user, windows, offline])),
    ],
    [{ kind: 'server-restart', at: 300, server: other, afterMs: 500 }],
  ]);
}

/** A node dies, and the first sweeps fail, because the account lacks a command at that time. */
function sweepFails(cast: Cast): Scene {
  const { random, setup } = cast;
  const leaseMs = 6000;
  const killedAt = random.whole(300, 800);
  const seenAt = killedAt + leaseMs;
  return cast.scene(
    [
      cast.users.map((user) =>
        cast.update(cast.at(0, 500), random.below(setup.servers), [
          user,
          windows,
          USER_STATUS.online,
        ]),
      ),
      [
        { kind: 'node-kill', at: killedAt, node: random.below(2) },
        { kind: 'redis-refuse', at: seenAt - 700, refusal: 'noperm', forMs: 1900 },
      ],
    ],
    { leaseMs, nodes: 2 },
  );
}

/** Many users enter the grace at once, with a low limit of announcements per second. */
function pacedLosses(cast: Cast): Scene {
  const { random } = cast;
  const [one] = cast.twoServers();
  const all = new Cast({ ...cast.setup, users: 30 }, random);
  return all.scene(
    [all.comeOn(one, windows), [{ kind: 'server-restart', at: 300, server: one, afterMs: 500 }]],
    { nodes: 2, lostPerSecond: 1 },
  );
}

/** The memory engine: msg_servers that connect, disconnect and change roles. */
function oneNodeAlone(cast: Cast): Scene {
  const { random, setup } = cast;
  const links = random.pick(['all', 'master', 'master'] as const);
  const episode = (): Act[] => {
    const acts: Act[] = [];
    const moment = (): number => cast.at(0, 6000);
    const server = (): number => random.below(setup.servers);
    for (let i = random.whole(4, 25); i > 0; i--) {
      const doing: Doing = [
        random.below(setup.users),
        random.pick([windows, windows, ios]),
        random.pick([
          USER_STATUS.online,
          USER_STATUS.online,
          USER_STATUS.offline,
          USER_STATUS.leave,
        ]),
      ];
      acts.push(cast.update(moment(), server(), doing));
    }
    for (let i = random.whole(1, 4); i > 0; i--) {
      const afterMs = random.whole(50, setup.graceMs + 2000);
      acts.push({ kind: 'relink', at: moment(), server: server(), abrupt: false, afterMs });
    }
    for (let i = random.whole(0, 3); i > 0; i--) {
      acts.push({ kind: 'query', at: moment(), server: server() });
    }
    for (let i = random.whole(0, 5); i > 0; i--) {
      acts.push({ kind: 'role', at: moment(), server: server(), master: random.chance(0.3) });
    }
    if (random.chance(0.3)) acts.push({ kind: 'node-shed', at: moment(), node: 0, count: 2 });
    return acts;
  };
  return cast.scene([episode(), episode(), episode()], {
    nodes: 1,
    links,
    engine: 'memory',
    graceMs: 1000,
  });
}
