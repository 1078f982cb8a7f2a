/** Who talks to whom. Users are numbered through, those of one msg_server after those of the one before. */
export interface TrafficPlan {
  readonly servers: number;
  readonly usersPerServer: number;
  /** `all`: every msg_server's users send. `half`: those of the first half do, to those of the other. */
  readonly senders: 'all' | 'half';
}

/** One message; `to` is the msg_server of the user that it is for, undefined for one to a group. */
export interface PlannedMessage {
  readonly fromUser: number;
  readonly to: number | undefined;
  /** The user, or the group. */
  readonly toSession: number;
  /** Counts from 1 what the sender's msg_server sends to that msg_server, or to groups. */
  readonly ordinal: number;
}

/** What one msg_server sends, again and again. */
interface Cycle {
  readonly messages: readonly PlannedMessage[];
  /** How many of them are for users of each msg_server. */
  readonly singlesTo: readonly number[];
}

/** Messages of a cycle: long enough to touch many users, and a whole number of blocks. */
export const CYCLE_MESSAGES = 1600;
/** Every fifth message is one to a group. */
const GROUP_EVERY = 5;
export const SINGLE_SHARE: number = 1 - 1 / GROUP_EVERY;
const GROUPS = 500;
/** Ids of four bytes on the wire from here on, so that all messages with the same text have the same length. */
const FIRST_ID = 10_000_000;

/**
 * Which messages each msg_server's users send, the same in every process that is told the same plan. The user of a
 * single message is on any of the other msg_servers: one to a user of the same msg_server would need no route
 * node, and would make few msg_servers look better than they are.
 */
export class Traffic {
  readonly plan: TrafficPlan;
  readonly #cycles = new Map<number, Cycle>();

  constructor(plan: TrafficPlan) {
    this.plan = plan;
  }

  sends(server: number): boolean {
    return this.plan.senders === 'all' || server < this.plan.servers / 2;
  }

  /** The users of a msg_server. */
  usersOf(server: number): number[] {
    const { usersPerServer } = this.plan;
    return Array.from({ length: usersPerServer }, (_, i) => FIRST_ID + server * usersPerServer + i);
  }

  /** The msg_server of a user. */
  serverOf(userId: number): number {
    return Math.floor((userId - FIRST_ID) / this.plan.usersPerServer);
  }

  /** What a msg_server sends in one cycle. */
  messagesOf(server: number): readonly PlannedMessage[] {
    return this.#cycleOf(server).messages;
  }

  /** How many messages of a cycle of the one are for users of the other. */
  singlesPerCycle(from: number, to: number): number {
    return this.#cycleOf(from).singlesTo[to] ?? 0;
  }

  /** Of the first so many messages of a msg_server: how many are for users of each, and for groups. */
  due(
    from: number,
    sent: number,
  ): { readonly singlesTo: readonly number[]; readonly groups: number } {
    const { messages, singlesTo } = this.#cycleOf(from);
    const cycles = Math.floor(sent / CYCLE_MESSAGES);
    const due = singlesTo.map((count) => count * cycles);
    let groups = (cycles * CYCLE_MESSAGES) / GROUP_EVERY;
    for (const { to } of messages.slice(0, sent % CYCLE_MESSAGES)) {
      if (to === undefined) groups++;
      else due[to] = (due[to] ?? 0) + 1;
    }
    return { singlesTo: due, groups };
  }

  #cycleOf(server: number): Cycle {
    const known = this.#cycles.get(server);
    if (known !== undefined) return known;
    const { servers, usersPerServer, senders } = this.plan;
    const random = randomFrom(server);
    const firstTo = senders === 'all' ? 0 : Math.ceil(servers / 2);
    const others = Array.from({ length: servers - firstTo }, (_, i) => firstTo + i).filter(
      (other) => other !== server,
    );
    const singlesTo = Array.from({ length: servers }, () => 0);
    let groups = 0;
    const userOf = (of: number): number => FIRST_ID + of * usersPerServer + random(usersPerServer);
    const messages = Array.from({ length: CYCLE_MESSAGES }, (_, i): PlannedMessage => {
      const fromUser = userOf(server);
      if (i % GROUP_EVERY === GROUP_EVERY - 1) {
        groups++;
        return { fromUser, to: undefined, toSession: FIRST_ID + random(GROUPS), ordinal: groups };
      }
      const to = others[random(others.length)] ?? server;
      const ordinal = (singlesTo[to] ?? 0) + 1;
      singlesTo[to] = ordinal;
      return { fromUser, to, toSession: userOf(to), ordinal };
    });
    const cycle = { messages, singlesTo };
    this.#cycles.set(server, cycle);
    return cycle;
  }
}

/** Groups' messages of one cycle. */
export const GROUPS_PER_CYCLE: number = CYCLE_MESSAGES / GROUP_EVERY;

/** Numbers below a bound, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed + 1;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
