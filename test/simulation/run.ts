import { Bounds } from './bounds.ts';
import { Cluster } from './cluster.ts';
import { FaultScene } from './faults.ts';
import type { Schedule } from './schedule.ts';
import { Traffic, usersOf } from './traffic.ts';
import { Violation } from './troubles.ts';
import { ProcessCrash } from './world/virtual-time.ts';

/** Result of a run. */
export interface Outcome {
  /** The check that failed; undefined if all passed. */
  readonly check: string | undefined;
  readonly problem: string | undefined;
  readonly digest: number;
  readonly virtualMs: number;
  readonly pdus: number;
  readonly deliveries: number;
  readonly frames: number;
  readonly tasks: number;
}

/** Time after the last fault within which the cluster recovers. */
const RECOVERY_MS = 15_000;
const START_MS = 10_000;
const STEP_MS = 250;

/** Number of the last status query. */
const ANSWER = 5000;

/**
 * Runs a schedule to its end, or to the first violation. Must not be called within a promise.
 * `trace` gets a line for each frame.
 */
export function runSchedule(schedule: Schedule, trace?: (line: string) => void): Outcome {
  const cluster = new Cluster(schedule);
  cluster.pubSub.trace = trace && ((line) => trace(`${cluster.time.now.toFixed(1)} ${line}`));
  const uninstall = cluster.time.install(() => cluster.random.next());
  let check: string | undefined;
  let problem: string | undefined;
  try {
    new Run(cluster).go();
  } catch (error) {
    if (error instanceof Violation) check = error.check;
    else if (error instanceof ProcessCrash) {
      check = error.cause instanceof Violation ? error.cause.check : 'crash';
    } else check = 'simulator';
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (error instanceof Violation) problem = error.message;
    if (error instanceof ProcessCrash && error.cause instanceof Violation)
      problem = error.cause.message;
    problem = `at ${Math.round(cluster.time.now)} ms: ${problem}`;
  } finally {
    uninstall();
  }
  const { time, digest, pdus, pubSub, judge } = cluster;
  return {
    ...{ check, problem, digest, pdus, virtualMs: time.now, tasks: time.tasks },
    ...{ deliveries: judge.deliveries, frames: pubSub.frames },
  };
}

class Run {
  readonly #cluster: Cluster;
  readonly #traffic: Traffic;
  readonly #scene: FaultScene;
  readonly #bounds: Bounds;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#bounds = new Bounds(cluster);
    this.#traffic = new Traffic(cluster);
    this.#scene = new FaultScene(cluster, this.#traffic);
  }

  go(): void {
    const { schedule, time } = this.#cluster;
    this.#start();
    const begunAt = time.now;
    for (const fault of schedule.faults) {
      time.after(fault.atMs, () => this.#scene.carryOut(fault), undefined);
    }
    this.#pass(begunAt + schedule.durationMs);
    this.#scene.endAll();
    this.#pass(time.now + 500);
    this.#traffic.slowDown();
    this.#recover();
    this.#probe();
    this.#end();
  }

  #start(): void {
    const { cluster } = this.#self;
    for (let i = 0; i < cluster.schedule.nodes; i++) cluster.addMember().start();
    this.#until('not-ready', START_MS, () => this.#unready());
    for (let i = 0; i < cluster.schedule.servers; i++) {
      const server = cluster.addServer();
      this.#traffic.begin(server);
      server.connect();
    }
    this.#pass(cluster.time.now + 300);
  }

  get #self(): { readonly cluster: Cluster } {
    return { cluster: this.#cluster };
  }

  /** Waits until every node is ready again and every msg_server has its link. */
  #recover(): void {
    const { cluster } = this.#self;
    this.#until('not-ready', RECOVERY_MS + this.#heldMs, () => this.#unready());
    this.#until('not-connected', RECOVERY_MS, () => this.#unconnected());
    this.#traffic.usersMove = false;
    this.#pass(cluster.time.now + 1000);
    this.#until('held', RECOVERY_MS, () => this.#held());
    this.#pass(cluster.judge.forgedUntil);
    // The longest retention would take most of the run's time.
    if (this.#heldMs < 10_000) {
      this.#until('membership', RECOVERY_MS + this.#heldMs, () => this.#wrongMembership());
    }
  }

  /**
   * Checks that messages reach exactly the links that they are sent to, and that nothing is left
   * undone.
   */
  #probe(): void {
    const { cluster } = this.#self;
    this.#traffic.stop();
    this.#pass(cluster.time.now + 300);
    // Missed frames are redelivered at a bounded rate: only after that is the interest of all nodes
    // known.
    this.#until('behind', RECOVERY_MS, () => this.#behind());
    this.#pass(cluster.time.now + 500);
    const isSure =
      this.#heldMs < 10_000 && cluster.existing.every((member) => !cluster.bad.has(member));
    const doubtful = this.#doubtful();
    this.#traffic.probe();
    this.#until('lost', RECOVERY_MS + this.#heldMs, () => cluster.judge.missing());
    if (isSure && this.#doubtful() > doubtful) {
      throw new Violation('doubtful', 'nodes do not know where users are, and nothing is wrong');
    }
    const lost = cluster.judge.unexcusedLoss(cluster.members);
    if (lost !== undefined) throw new Violation('frames-lost', lost);
    for (const member of cluster.members) cluster.judge.closed(member, cluster.good);
  }

  #end(): void {
    const { cluster } = this.#self;
    this.#until('window', RECOVERY_MS, () => this.#unsettled());
    this.#until('echo', RECOVERY_MS, () => this.#lateEcho());
    const users = usersOf(cluster.schedule.users);
    const asked = cluster.servers.filter(({ link }) => link !== undefined);
    for (const server of asked) server.query(ANSWER, users);
    this.#until('presence', RECOVERY_MS, () => this.#wrongPresence(users));
  }

  get #heldMs(): number {
    return this.#cluster.schedule.heldMs;
  }

  #pass(end: number): void {
    const { time } = this.#cluster;
    while (time.now < end) {
      time.runUntil(Math.min(end, time.now + STEP_MS));
      this.#bounds.judge();
    }
  }

  /** Advances time until there is no difference, or until the time limit. */
  #until(check: string, ms: number, differs: () => string | undefined): void {
    const { time } = this.#cluster;
    const end = time.now + ms;
    for (let wrong = differs(); wrong !== undefined; wrong = differs()) {
      if (time.now >= end) throw new Violation(check, wrong);
      this.#pass(time.now + STEP_MS);
    }
  }

  #unready(): string | undefined {
    for (const member of this.#cluster.good) {
      if (member.drainedAt !== undefined) continue;
      if (!member.ready) return `${member.id} is not ready: ${[...member.unready].join(' ')}`;
    }
    return undefined;
  }

  #unconnected(): string | undefined {
    for (const { index, link, stopped } of this.#cluster.servers) {
      if (!stopped && link?.isOpen !== true) return `msg_server ${index} has no link`;
    }
    return undefined;
  }

  /** Nodes read their links again. */
  #held(): string | undefined {
    for (const member of this.#cluster.good) {
      if (member.core?.links.reading === false) return `${member.id} does not read its links`;
    }
    return undefined;
  }

  /** Healthy nodes have received everything from each other. */
  #behind(): string | undefined {
    const serving = this.#cluster.good.filter(({ drainedAt }) => drainedAt === undefined);
    const ids = new Set(serving.map(({ id }) => id));
    for (const { id, engine } of serving) {
      const gap = engine?.bus.peers.find(({ node, gap }) => gap && ids.has(node));
      if (gap !== undefined) return `${id} lacks something of ${gap.node}`;
      const bytes = engine?.bus.counters.windowBytes ?? 0;
      if (bytes > 0) return `${id} has ${bytes} bytes in its window`;
    }
    return undefined;
  }

  #unsettled(): string | undefined {
    for (const member of this.#cluster.good) {
      const { core, engine } = member;
      if (core === undefined || engine === undefined || member.drainedAt !== undefined) continue;
      const { windowBytes } = engine.bus.counters;
      if (windowBytes > 0) return `${member.id} has ${windowBytes} bytes in its window`;
      if (core.links.unsentBytes > 0)
        return `${member.id} has ${core.links.unsentBytes} bytes unsent`;
      if (core.links.pendingPdus > 0) return `${member.id} has PDUs that wait`;
      if (core.counters.retainedBytes > 0)
        return `${member.id} keeps ${core.counters.retainedBytes} bytes of what was directed`;
      const open = this.#cluster.servers.filter(({ link }) => link?.member === member).length;
      if (core.links.size !== open)
        return `${member.id} has ${core.links.size} links, and ${open} are open`;
    }
    return undefined;
  }

  #wrongPresence(users: readonly number[]): string | undefined {
    for (const { index, link } of this.#cluster.servers) {
      if (link === undefined) continue;
      const answer = link.answers.get(ANSWER);
      if (answer === undefined) {
        if (!link.asked.has(ANSWER)) link.server.query(ANSWER, users);
        return `msg_server ${index} has no answer`;
      }
      for (const user of users) {
        const is = this.#cluster.online(user);
        if (answer.get(user) === is) continue;
        link.server.query(ANSWER, users);
        return `user ${user} is ${is ? 'online' : 'offline'}, ${link.member.id} tells otherwise`;
      }
    }
    return undefined;
  }

  /** PDUs that were broadcast because the place of their users was not known. */
  #doubtful(): number {
    let sum = 0;
    for (const { core } of this.#cluster.good) sum += core?.counters.doubtfulPdus ?? 0;
    return sum;
  }

  /**
   * A returned heartbeat is matched with the one that was sent: its round trip takes no longer than
   * the path.
   */
  #lateEcho(): string | undefined {
    for (const { id, engine, drainedAt, transport } of this.#cluster.good) {
      const rttMs = engine?.bus.rttMs ?? 0;
      if (drainedAt !== undefined || rttMs < 4 * transport.path.latencyMs + 100) continue;
      return `${id} takes a heartbeat to have come back after ${Math.round(rttMs)} ms`;
    }
    return undefined;
  }

  /** Each node knows exactly the existing nodes. */
  #wrongMembership(): string | undefined {
    const { existing, bad, judge, good } = this.#cluster;
    if (judge.forgedUntil > this.#cluster.time.now) return undefined;
    for (const { id, engine, drainedAt } of good) {
      if (drainedAt !== undefined) continue;
      const known = new Set(engine?.bus.peers.map(({ node }) => node));
      for (const other of existing) {
        const isServing = !bad.has(other) && other.drainedAt === undefined;
        if (other.id !== id && isServing && !known.has(other.id))
          return `${id} does not know ${other.id}`;
        known.delete(other.id);
      }
      if (known.size > 0) return `${id} still knows ${[...known]}`;
    }
    return undefined;
  }
}
