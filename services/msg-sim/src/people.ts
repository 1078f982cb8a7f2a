import { CLIENT_TYPE, type ClientType } from '@route/link-client';
import type { Random } from '@route/random';
import type { KickCheck } from './kick-check.ts';
import type { SimServer } from './sim-server.ts';

/** Actions of online users, in percent. Offline users log in. */
const DEEDS = {
  /** Away from the keyboard, or back. */
  turn: 45,
  logOff: 25,
  /** Logs in at another server with the same type, which kicks the older client. */
  move: 20,
  /** Logs in with another type as well: a phone beside the PC. */
  second: 10,
} as const;

/** Client types at login, in percent. */
const TYPES = { windows: 40, mac: 15, ios: 20, android: 25 } as const;

/** Share of users online at the start. */
const ONLINE_SHARE = 2 / 3;

export interface PeopleOptions {
  readonly users: number;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  readonly kicks: KickCheck;
}

/** Simulates users that log in, move, go away, return and log off. */
export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Most are online before the servers connect; a few with a phone as well. */
  settleIn(): void {
    const { users, random } = this.#options;
    for (let user = 0; user < users; user++) {
      if (random.next() > ONLINE_SHARE) continue;
      random.pickIfAny(this.#options.servers)?.seat(user, this.#drawType());
      if (random.next() < 0.1) random.pickIfAny(this.#options.servers)?.seat(user, CLIENT_TYPE.ios);
    }
  }

  /** Lets a random user act. */
  act(): void {
    const { users, random, servers } = this.#options;
    const user = random.below(users);
    const server = random.pickIfAny(servers.filter(({ clients }) => clients.has(user)));
    const type = server && random.pickIfAny(server.clients.typesOf(user));
    if (server === undefined || type === undefined) {
      this.logIn(user, this.#drawType());
      return;
    }
    switch (random.weighted(DEEDS)) {
      case 'turn':
        server.turnAway(user, type);
        break;
      case 'logOff':
        server.logoff(user, type);
        break;
      case 'move':
        this.logIn(user, type);
        break;
      case 'second':
        this.logIn(user, this.#drawType());
        break;
    }
  }

  /** Logs a user in at a random linked server where the user has no such client. */
  logIn(user: number, type: ClientType = this.#drawType()): void {
    const { servers, random, kicks } = this.#options;
    const free = servers.filter(
      ({ isJoined, clients }) => isJoined && clients.sinceMs(user, type) === undefined,
    );
    const server = random.pickIfAny(free);
    if (server === undefined) return;
    kicks.loggingIn(server, user, type);
    server.login(user, type);
  }

  #drawType(): ClientType {
    return CLIENT_TYPE[this.#options.random.weighted(TYPES)];
  }
}
