/** The senders and recipients. Users are numbered consecutively, msg_server by msg_server. */
export interface TrafficPlan {
  readonly servers: number;
  readonly usersPerServer: number;
  /**
   * `all`: users of every msg_server send. `half`: users of the first half send to those of the
   * other.
   */
  readonly senders: 'all' | 'half';
}

/** One message; `to` is the recipient's msg_server, undefined for a group. */
export interface PlannedMessage {
  readonly fromUser: number;
  readonly to: number | undefined;
  /** The user, or the group. */
  readonly toSession: number;
  /**
   * Ordinal of the message from the sender's msg_server to that msg_server, or to groups, from 1.
   */
  readonly ordinal: number;
}

/** The messages that one msg_server sends, repeatedly. */
interface Cycle {
  readonly messages: readonly PlannedMessage[];
  /** Number of them for users of each msg_server. */
  readonly singlesTo: readonly number[];
}

/** Messages per cycle: enough for many users, and a multiple of the block size. */
export const CYCLE_MESSAGES = 1600;
/** Every fifth message goes to a group. */
const GROUP_EVERY = 5;
export const SINGLE_SHARE: number = 1 - 1 / GROUP_EVERY;
const GROUPS = 500;
/**
 * Ids of four bytes on the wire from here on, so that messages with the same text have the same
 * length.
 */
const FIRST_ID = 10_000_000;

/**
 * The messages of each msg_server's users, identical in every process with the same plan. A single
 * message goes to a user of any other msg_server: one within a msg_server would need no route node,
 * and would flatter small numbers of msg_servers.
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

  /** The messages of a msg_server in one cycle. */
  messagesOf(server: number): readonly PlannedMessage[] {
    return this.#cycleOf(server).messages;
  }

  /** Number of messages per cycle from one msg_server to users of another. */
  singlesPerCycle(from: number, to: number): number {
    return this.#cycleOf(from).singlesTo[to] ?? 0;
  }

  /**
   * Of the first `count` messages of a msg_server, the number for users of each, and for groups.
   */
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

/** Group messages per cycle. */
export const GROUPS_PER_CYCLE: number = CYCLE_MESSAGES / GROUP_EVERY;

/** Pseudo-random numbers below a bound, repeatable by seed (mulberry32). */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed + 1;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
