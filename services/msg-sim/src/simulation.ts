import { setTimeout as delay } from 'node:timers/promises';
import type { LinkDown } from '@route/link-client';
import { Random } from '@route/random';
import type { Delivery } from './delivery-check.ts';
import { DeliveryCheck } from './delivery-check.ts';
import { Figures } from './figures.ts';
import { KickCheck } from './kick-check.ts';
import { LinkWatch } from './link-watch.ts';
import { COMMAND_WEIGHTS } from './numbered.ts';
import { Pace } from './pace.ts';
import { People } from './people.ts';
import { PresenceCheck } from './presence-check.ts';
import { PresenceModel } from './presence-model.ts';
import { SimServer } from './sim-server.ts';
import { loginStorm, reconnectStorm, type Storm } from './storm.ts';
import { type Ending, verdictLines } from './verdict.ts';
import type { NodeLine, Picture, SimEvent } from './view.ts';

/** Options of the simulation. */
export interface SimulationOptions {
  readonly addresses: readonly string[];
  readonly servers: number;
  readonly users: number;
  /** PDUs sent for relay per second, over all msg_servers. */
  readonly rate: number;
  /** User actions per second, such as logins and moves. */
  readonly churn: number;
  readonly seed: number;
  readonly storm: Storm | undefined;
  /** Delivery mode of the nodes, which determines where PDUs are due. */
  readonly delivery: Delivery;
  /** Distinguishes this simulation from others in the same cluster: 0 to 65535. */
  readonly run: number;
  /** Called for each event as it happens. */
  onEvent(event: SimEvent): void;
}

const SETTLE_MS = 2_000;
const CONFIRM_MS = 4_000;
/** The default lease, the sweep after it, and a margin. */
const DOUBT_MS = 20_000;
const SAMPLE_MS = 200;
const SECOND_MS = 1_000;
const POLL_MS = 100;
const LINK_DEADLINE_MS = 10_000;
const DELIVERY_DEADLINE_MS = 10_000;
const EXACT_DEADLINE_MS = 30_000;
/** A run that has failed already gains little from a longer wait. */
const FAILED_DEADLINE_MS = 3_000;
const RECONNECT_MS = { first: 1_000, most: 8_000 } as const;
const STORM_FIRST_MS = 5_000;
const STORM_EVERY_MS = 15_000;
const KEPT_EVENTS = 50;

/** Each run has its own user ids, so that several can run side by side. */
const USER_IDS_A_RUN = 1_000_000;
const USER_ID_RANGES = 4_000;

/** Runs simulated msg_servers and users against a cluster, and all checks. */
export class Simulation implements AsyncDisposable {
  readonly #options: SimulationOptions;
  readonly #figures = new Figures();
  readonly #model: PresenceModel;
  readonly #deliveries: DeliveryCheck;
  readonly #servers: readonly SimServer[];
  readonly #links: LinkWatch;
  readonly #people: People;
  readonly #kicks: KickCheck;
  readonly #presence: PresenceCheck;
  readonly #random: Random;
  readonly #events: SimEvent[] = [];
  readonly #stop = new AbortController();
  readonly #beganMs = performance.now();
  /** Sources of user actions and messages. */
  readonly #life = new DisposableStack();
  /** Work that runs until the end. */
  readonly #upkeep = new DisposableStack();
  #background: Promise<unknown>[] = [];
  #ending: Ending | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { addresses, servers, users, seed, run, delivery } = options;
    this.#random = new Random(seed);
    this.#model = new PresenceModel({ users, doubtMs: DOUBT_MS });
    this.#deliveries = new DeliveryCheck({ run, delivery });
    const world = {
      model: this.#model,
      deliveries: this.#deliveries,
      figures: this.#figures,
      firstUserId: USER_IDS_A_RUN * (1 + (run % USER_ID_RANGES)),
      addresses,
      reconnectMs: RECONNECT_MS,
      joined: (server: SimServer) => this.#links.joined(server),
      down: (how: LinkDown) => this.#links.down(how),
    };
    this.#servers = Array.from({ length: servers }, (_, id) => new SimServer(id, world));
    const tell = (text: string): void => this.tell(text);
    this.#links = new LinkWatch({ addresses, servers: this.#servers, tell });
    this.#kicks = new KickCheck(this.#servers);
    const random = this.#random.fork();
    this.#people = new People({ users, servers: this.#servers, random, kicks: this.#kicks });
    this.#presence = new PresenceCheck({
      model: this.#model,
      servers: this.#servers,
      random: this.#random.fork(),
      settleMs: SETTLE_MS,
      confirmMs: CONFIRM_MS,
    });
  }

  /** Connects all msg_servers. Returns the number of links when all are up, or after 10 s. */
  async connect(): Promise<number> {
    if (this.#options.storm !== 'login') this.#people.settleIn();
    for (const server of this.#servers) server.start();
    await this.#until(() => this.#links.linked === this.#servers.length, LINK_DEADLINE_MS);
    return this.#links.linked;
  }

  /** Starts user actions, messages and checks. */
  begin(): void {
    const { rate, churn, storm } = this.#options;
    this.#life.use(new Pace(rate, () => this.#sendOne()));
    this.#life.use(new Pace(churn, () => this.#people.act()));
    const everySecond = setInterval(() => this.#everySecond(), SECOND_MS);
    this.#upkeep.defer(() => clearInterval(everySecond));
    this.#background.push(this.#sampling());
    if (storm !== undefined) this.#background.push(this.#storms(storm));
  }

  /**
   * Stops all activity, waits (bounded) until every PDU has arrived and presence is exact, and
   * returns the final verdict.
   */
  async finish(ours?: ReadonlyMap<string, number | undefined>): Promise<Picture> {
    this.#life.dispose();
    this.#stop.abort();
    await Promise.all(this.#background);
    const arrived = (): boolean => this.#deliveries.totals().awaited === 0;
    await this.#until(arrived, DELIVERY_DEADLINE_MS);
    await this.#until(() => this.#kicks.areAllDropped, DELIVERY_DEADLINE_MS);
    const isFine = this.picture().checks.every(({ holds }) => holds);
    const restedMs = performance.now();
    let differences: number | undefined;
    await this.#until(
      async () => {
        const asker = this.#random.pickIfAny(this.#servers.filter(({ isJoined }) => isJoined));
        differences = asker && (await this.#presence.differences(asker));
        return differences === 0 && this.#links.linked === this.#servers.length;
      },
      isFine ? EXACT_DEADLINE_MS : FAILED_DEADLINE_MS,
    );
    this.#kicks.judge(Number.POSITIVE_INFINITY);
    this.#ending = { differences, seconds: (performance.now() - restedMs) / 1000 };
    return this.picture(ours);
  }

  /**
   * Returns a snapshot for the views. `ours`: nodes started by this program, with their processes
   * while they run.
   */
  picture(ours: ReadonlyMap<string, number | undefined> = new Map()): Picture {
    const { counts, rates, relay, query } = this.#figures;
    const totals = this.#deliveries.totals();
    const nodes = this.#links.nodes.map((node): NodeLine => {
      const pid = ours.get(node.address);
      const hasEnded = ours.has(node.address) && pid === undefined;
      return { ...node, pid, state: hasEnded ? 'ended' : node.state };
    });
    const servers = { linked: this.#links.linked, all: this.#servers.length };
    return {
      elapsedSeconds: this.#elapsedSeconds,
      delivery: this.#options.delivery,
      nodes,
      servers,
      users: { online: this.#model.online, all: this.#model.users, clients: this.#model.clients },
      rates,
      counts: { ...counts },
      recent: { relay: relay.recent, query: query.recent },
      overall: { relay: relay.all, query: query.all },
      checks: verdictLines({
        totals,
        presence: this.#presence.figures,
        kicks: this.#kicks,
        unreadable: counts.unreadable,
        servers,
        ending: this.#ending,
      }),
      cutOff: totals.cutOff,
      events: this.#events,
    };
  }

  /** Records an event for the views. */
  tell(text: string): void {
    const event = { atSeconds: this.#elapsedSeconds, text };
    this.#events.push(event);
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    this.#options.onEvent(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.dispose();
    this.#upkeep.dispose();
    this.#stop.abort();
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    await Promise.all(this.#background);
  }

  get #elapsedSeconds(): number {
    return (performance.now() - this.#beganMs) / 1000;
  }

  #sendOne(): void {
    const { users } = this.#options;
    const server = this.#random.pickIfAny(this.#servers);
    const [from, to] = [this.#random.below(users), this.#random.below(users)];
    const command = this.#random.weighted(COMMAND_WEIGHTS);
    const subject = { from, to, nowMs: performance.now() };
    if (server?.send(command, subject) !== true) this.#figures.counts.suppressed++;
  }

  #everySecond(): void {
    const nowMs = performance.now();
    this.#figures.nextInterval();
    this.#kicks.judge(nowMs);
    this.#deliveries.forget(nowMs);
  }

  async #sampling(): Promise<void> {
    while (await this.#pause(SAMPLE_MS)) await this.#presence.sample();
  }

  async #storms(kind: Storm): Promise<void> {
    const { users } = this.#options;
    if (kind === 'login') {
      const login = { people: this.#people, servers: this.#servers, users };
      const seconds = await loginStorm(login, this.#stop.signal);
      if (seconds === undefined) return;
      this.tell(`login storm: ${users} users logged in within ${seconds.toFixed(2)} s`);
      return;
    }
    for (let waitMs = STORM_FIRST_MS; await this.#pause(waitMs); waitMs = STORM_EVERY_MS) {
      this.tell('reconnect storm: every link is cut');
      const seconds = await reconnectStorm(this.#servers, this.#stop.signal);
      if (seconds === undefined) return;
      this.tell(`reconnect storm: all msg_servers back after ${seconds.toFixed(2)} s`);
    }
  }

  /** Returns false at once when the simulation stops. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stop;
    if (signal.aborted) return false;
    await delay(ms, undefined, { signal }).catch(() => {
      // Aborted; the return value says so.
    });
    return !signal.aborted;
  }

  async #until(condition: () => boolean | Promise<boolean>, deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    while (!(await condition()) && performance.now() < endMs) await delay(POLL_MS);
  }
}
