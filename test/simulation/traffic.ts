import { CLIENT_TYPE } from '@route/protocol';
import type { Random } from '@route/random';
import type { Cluster } from './cluster.ts';
import type { MsgServer } from './world/msg-server.ts';

const CLIENT_TYPES = [CLIENT_TYPE.windows, CLIENT_TYPE.mac, CLIENT_TYPE.ios] as const;

/** Actions of a msg_server, by frequency. */
const ACTS = [
  ...Array.from({ length: 12 }, () => 'messages' as const),
  ...(['login', 'login', 'logout', 'away', 'query', 'sign'] as const),
];

/** The first user id. */
const FIRST_USER = 1001;

/** Average interval between two actions of a msg_server while the cluster recovers from faults. */
const CALM_PACE_MS = 300;

/** Users of a run. */
export function usersOf(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => FIRST_USER + i);
}

/** Lets msg_servers act until it is stopped. */
export class Traffic {
  readonly #cluster: Cluster;
  readonly #users: readonly number[];
  #isOn = true;
  #paceMs: number;
  /** Whether users still log in and out. */
  usersMove = true;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#users = usersOf(cluster.schedule.users);
    this.#paceMs = cluster.schedule.paceMs;
  }

  /** After the faults: reduces traffic to what is needed to show that the cluster is well. */
  slowDown(): void {
    this.#paceMs = Math.max(this.#paceMs, CALM_PACE_MS);
  }

  begin(server: MsgServer): void {
    for (const user of this.#users) {
      if (server.random.chance(0.4)) server.clients.set(user, server.random.pick(CLIENT_TYPES));
    }
    const { time, clients } = this.#cluster;
    const next = (): void => {
      if (!this.#isOn || server.stopped) return;
      if (server.link !== undefined) this.#act(server, server.random);
      time.after(-Math.log(1 - server.random.next()) * this.#paceMs, next, clients);
    };
    time.after(server.random.between(0, this.#paceMs), next, clients);
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Each msg_server sends one message to all and one to each user. */
  probe(): void {
    for (const server of this.#cluster.servers) {
      if (server.link === undefined) continue;
      this.#cluster.pdus += 1 + this.#users.length;
      server.relay([
        server.message('all', 20),
        ...this.#users.map((user) => server.message([user, user], 20)),
      ]);
    }
  }

  /** Part of the messages that is large. */
  get #largePart(): number {
    return this.#cluster.schedule.kernelBytes < 64 * 1024 ? 0 : 0.002;
  }

  #act(server: MsgServer, random: Random): void {
    const users = this.#users;
    const kind = random.pick(ACTS);
    if (kind === 'messages') this.#send(server, random);
    else if (kind === 'sign') this.#relay(server, [server.signInfo(random.pick(users))]);
    else if (kind === 'query') server.query(1 + random.below(1000), users);
    else if (!this.usersMove) return;
    else if (kind === 'login') this.#login(server, random);
    else if (kind === 'logout') server.logout(random.pick(users));
    else server.toggleAway(random.pick(users));
  }

  #login(server: MsgServer, random: Random): void {
    this.#cluster.pdus++;
    server.login(random.pick(this.#users), random.pick(CLIENT_TYPES));
  }

  #send(server: MsgServer, random: Random): void {
    const count = random.chance(0.2) ? random.whole(2, 12) : 1;
    const pdus = Array.from({ length: count }, () => {
      const bytes = random.chance(this.#largePart)
        ? random.whole(60_000, 200_000)
        : random.chance(0.03)
          ? random.whole(1000, 30_000)
          : random.whole(0, 200);
      if (random.chance(0.3)) return server.message('all', bytes);
      return server.message([random.pick(this.#users), random.pick(this.#users)], bytes);
    });
    this.#relay(server, pdus);
  }

  #relay(server: MsgServer, pdus: Parameters<MsgServer['relay']>[0]): void {
    this.#cluster.pdus += pdus.length;
    server.relay(pdus);
  }
}
