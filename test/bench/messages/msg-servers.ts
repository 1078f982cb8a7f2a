import { setTimeout as delay } from 'node:timers/promises';
import { WorkerProcesses } from '../../harness/worker-process.ts';
import type { Latency, Target } from '../load/load-messages.ts';
import {
  isServersAnswer,
  type ServerCounts,
  type ServerOrder,
  type ServersAnswer,
  type ServersCount,
  type ServersRequest,
} from './msg-server-messages.ts';
import { Traffic, type TrafficPlan } from './traffic.ts';

const CHILD = new URL('./msg-servers-child.ts', import.meta.url);
const POLL_MS = 50;
/** After this time (ms) without new messages, missing ones count as lost. */
const STALLED_MS = 5_000;
/** Time (ms) to wait for possible repeats. */
const AFTERWARDS_MS = 200;
/** The senders, and the receivers where these are separate. */
const SENDING = 0;
const RECEIVING = 1;

export interface MsgServersOptions {
  readonly plan: TrafficPlan;
  /** The nodes that they connect to in turn. */
  readonly targets: readonly Target[];
}

/** Sums over all msg_servers. */
export interface Totals {
  readonly sent: number;
  readonly deliveries: number;
  readonly singles: number;
  readonly groups: number;
}

/** Counts between two moments, per second. */
export interface MsgServersRates {
  /** Single messages that reached their destination. */
  readonly singlesPerSecond: number;
  /** Processors that all msg_servers together have kept busy. */
  readonly cores: number;
}

/** Differences between messages sent and received. */
export interface Faults {
  readonly lost: number;
  /** Received more often than sent. */
  readonly doubled: number;
  /** Received out of order. */
  readonly outOfOrder: number;
}

/**
 * Simulated msg_servers. At full speed they share one process, as more would only compete on a
 * small machine; where only half of them send, senders and receivers have a process each.
 */
export class MsgServers implements AsyncDisposable {
  readonly #traffic: Traffic;
  readonly #processes: WorkerProcesses<ServersRequest, ServersAnswer>;

  private constructor({ plan }: MsgServersOptions) {
    this.#traffic = new Traffic(plan);
    this.#processes = new WorkerProcesses(CHILD, isServersAnswer, plan.senders === 'half' ? 2 : 1);
  }

  /** Connects all, and has them list their users. */
  static async open(options: MsgServersOptions): Promise<MsgServers> {
    const { plan, targets } = options;
    const all = new MsgServers(options);
    try {
      const servers = Array.from({ length: plan.servers }, (_, id): ServerOrder => {
        const target = targets[id % targets.length];
        if (target === undefined) throw new Error('no nodes to connect to');
        return { id, ...target };
      });
      await all.#processes.requestAll((process) => ({
        kind: 'open',
        plan,
        readsStamps: plan.senders === 'half',
        servers: servers.filter(({ id }) => all.#processOf(id) === process),
      }));
      return all;
    } catch (error) {
      await all[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts sending at full speed. */
  async flood(): Promise<void> {
    await this.#processes.requestAll(() => ({ kind: 'flood' }));
  }

  /** Sends stamped messages at a steady rate for a while. */
  async pace(perSecond: number, ms: number): Promise<void> {
    await this.#processes.request(SENDING, { kind: 'pace', perSecond, ms });
  }

  /** Returns delivery times of single messages since the last call. */
  async latency(): Promise<Latency> {
    const answer = await this.#processes.request(RECEIVING, { kind: 'latency' });
    if (answer?.kind !== 'latency') throw new Error('these msg_servers stamp no messages');
    return answer.latency;
  }

  /** Measures what arrives in the next `ms`. */
  async measure(ms: number): Promise<MsgServersRates> {
    const before = await this.#counts();
    await delay(ms);
    const after = await this.#counts();
    const rates = { singlesPerSecond: 0, cores: 0 };
    after.forEach((count, i) => {
      const earlier = before[i];
      if (earlier === undefined) return;
      const seconds = (count.atMs - earlier.atMs) / 1000;
      const came = totalOf(count.servers).singles - totalOf(earlier.servers).singles;
      rates.singlesPerSecond += came / seconds;
      rates.cores += (count.cpuMs - earlier.cpuMs) / 1000 / seconds;
    });
    return rates;
  }

  /** Stops the senders. Resolves when every message has arrived, or none arrives any more. */
  async finish(): Promise<Totals> {
    await this.#processes.requestAll(() => ({ kind: 'stop' }));
    let last = await this.#totals();
    let grewAt = performance.now();
    while (!(await this.#allCame()) && performance.now() - grewAt < STALLED_MS) {
      await delay(POLL_MS);
      const totals = await this.#totals();
      if (totals.deliveries > last.deliveries) grewAt = performance.now();
      last = totals;
    }
    await delay(AFTERWARDS_MS);
    return await this.#totals();
  }

  /** Compares the messages received by each with those sent to it by each. */
  async faults(): Promise<Faults> {
    const sent = (await this.#counts()).flatMap(({ servers }) => servers);
    const answers = await this.#processes.requestAll(() => ({ kind: 'arrivals' }));
    const faults = { lost: 0, doubled: 0, outOfOrder: 0 };
    const compare = (due: number, came: number): void => {
      faults.lost += Math.max(0, due - came);
      faults.doubled += Math.max(0, came - due);
    };
    const arrivals = answers.flatMap((answer) =>
      answer.kind === 'arrivals' ? answer.arrivals : [],
    );
    for (const { outOfOrder } of arrivals) faults.outOfOrder += outOfOrder;
    for (const from of sent.filter(({ id }) => this.#traffic.sends(id))) {
      const { singlesTo, groups } = this.#traffic.due(from.id, from.sent);
      for (const { id, singlesFrom, groupsFrom } of arrivals) {
        compare(singlesTo[id] ?? 0, singlesFrom[from.id] ?? 0);
        compare(id === from.id ? 0 : groups, groupsFrom[from.id] ?? 0);
      }
    }
    return faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes[Symbol.asyncDispose]();
  }

  /** As far as sums show. */
  async #allCame(): Promise<boolean> {
    const servers = (await this.#counts()).flatMap((count) => count.servers);
    const { singles, groups } = totalOf(servers);
    let dueSingles = 0;
    let dueGroups = 0;
    for (const { id, sent } of servers) {
      if (!this.#traffic.sends(id)) continue;
      const due = this.#traffic.due(id, sent);
      dueSingles += due.singlesTo.reduce((sum, count) => sum + count, 0);
      dueGroups += due.groups * (this.#traffic.plan.servers - 1);
    }
    return singles >= dueSingles && groups >= dueGroups;
  }

  #processOf(server: number): number {
    if (this.#traffic.plan.senders === 'all') return SENDING;
    return this.#traffic.sends(server) ? SENDING : RECEIVING;
  }

  async #totals(): Promise<Totals> {
    return totalOf((await this.#counts()).flatMap(({ servers }) => servers));
  }

  async #counts(): Promise<ServersCount[]> {
    const answers = await this.#processes.requestAll(() => ({ kind: 'count' }));
    return answers.flatMap((answer) => (answer.kind === 'count' ? [answer.count] : []));
  }
}

function totalOf(servers: readonly ServerCounts[]): Totals {
  const totals = { sent: 0, deliveries: 0, singles: 0, groups: 0 };
  for (const { sent, deliveries, singles, groups } of servers) {
    totals.sent += sent;
    totals.deliveries += deliveries;
    totals.singles += singles;
    totals.groups += groups;
  }
  return totals;
}
