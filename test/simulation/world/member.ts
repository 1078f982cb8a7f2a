import { Bus, type BusLimits, type Loss } from '@route/bus';
import type { Directory, NodeAbout } from '@route/presence';
import type { Counters } from '@route/route-node/src/counters.ts';
import type { Engine, EngineEvents } from '@route/route-node/src/engine.ts';
import { MERGEABLE_KINDS } from '@route/route-node/src/entries.ts';
import { NodeCore } from '@route/route-node/src/node-core.ts';
import type { UnreadyReason } from '@route/route-node/src/readiness.ts';
import { readSettings, type Settings } from '@route/route-node/src/settings.ts';
import { type Logger, pino } from 'pino';
import { type PubSub, SimTransport } from './pub-sub.ts';
import { Caller, type Registry, SimPresence } from './redis.ts';
import { type SimServer, takeServer } from './sockets.ts';
import { SimProcess, type VirtualTime } from './virtual-time.ts';

/** How a node is set. */
export interface MemberPlan {
  readonly delivery: 'broadcast' | 'directed';
  readonly leaseMs: number;
  readonly limits: Partial<BusLimits>;
  readonly settings: Partial<Settings>;
  /** Takes its lease whether it hears itself or not, as nodes before 0.2.0 do. */
  readonly leasesDeaf?: boolean;
}

/** A loss that a node was told of, and when. */
export interface ToldLoss extends Loss {
  readonly atMs: number;
}

/** A line of a node's log. */
export interface LogLine {
  readonly event?: string;
  readonly link?: string;
  readonly reason?: string;
}

export interface MemberOptions {
  readonly id: string;
  readonly plan: MemberPlan;
  readonly time: VirtualTime;
  readonly pubSub: PubSub;
  readonly registry: Registry;
  /** To Redis, one way. */
  readonly latencyMs: number;
  log(member: Member, line: LogLine): void;
}

const invocation = readSettings([], { ROUTE_LISTEN: '127.0.0.1:8200' });
if (invocation.kind !== 'run') throw new Error('there are no settings to begin with');
const DEFAULT_SETTINGS = invocation.settings;

/** Where each node's logger writes to. To make one anew costs as much as the rest of a node's start. */
const logOf = new WeakMap<object, (line: LogLine) => void>();
const LOG = pino({
  level: 'info',
  hooks: {
    logMethod([line]) {
      if (typeof line === 'object' && line !== null) logOf.get(this)?.(line);
    },
  },
});

/** A node: the real code of bus, delivery, hub and links, in a process and with a Redis that are simulated. */
export class Member {
  readonly id: string;
  readonly plan: MemberPlan;
  readonly process: SimProcess;
  readonly transport: SimTransport;
  readonly losses: ToldLoss[] = [];
  readonly unready = new Set<UnreadyReason>(['starting']);
  readonly startedAt: number;
  core: NodeCore | undefined;
  engine: SimEngine | undefined;
  server: SimServer | undefined;
  /** When it first took links; undefined before. */
  listeningAt: number | undefined;
  drainedAt: number | undefined;
  endedAt: number | undefined;
  diedAt: number | undefined;
  readonly #options: MemberOptions;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.id = options.id;
    this.plan = options.plan;
    this.process = new SimProcess(options.id);
    this.transport = new SimTransport(options.pubSub, {
      ...{ node: options.id, process: this.process, latencyMs: options.latencyMs },
    });
    this.startedAt = options.time.now;
  }

  /** Whether connections are accepted: by its kernel also while it stands still. */
  get listening(): boolean {
    return this.server?.listening === true && this.process.alive;
  }

  get ready(): boolean {
    return this.listening && this.unready.size === 0 && !this.process.frozen;
  }

  /** Whether its process runs, or may run on. */
  get exists(): boolean {
    return this.process.alive;
  }

  /** `listened`: is called once links may come; a member that cannot have its port ends then. */
  start(listened: 'serves' | 'port-taken' = 'serves'): void {
    this.#run(() => {
      const { id, plan, registry } = this.#options;
      const settings: Settings = {
        ...DEFAULT_SETTINGS,
        ROUTE_DELIVERY: plan.delivery,
        ROUTE_LEASE_SECONDS: plan.leaseMs / 1000,
        ...plan.settings,
      };
      const core = new NodeCore({
        ...{ nodeId: id, settings, log: this.#logger(), tls: undefined },
        about: () => this.#about(),
        unready: (reason, holds) => {
          if (holds) this.unready.add(reason);
          else this.unready.delete(reason);
        },
        engine: (events, counters) => {
          const { transport, process } = this;
          this.engine = new SimEngine({
            ...{ id, plan, events, counters, registry, transport, process },
            lost: (loss) => this.losses.push({ ...loss, atMs: registry.pubSub.time.now }),
          });
          return this.engine;
        },
      });
      this.core = core;
      this.server = takeServer();
      void this.#serve(core, listened);
    });
  }

  /** SIGTERM. */
  drain(overMs: number): void {
    const { core } = this;
    if (this.drainedAt !== undefined || core === undefined) return;
    this.drainedAt = this.#options.time.now;
    this.#run(() => void this.#drain(core, overMs));
  }

  /** SIGKILL, or the end of its machine: the kernel sends nothing more then. */
  kill(): void {
    if (!this.process.alive) return;
    this.diedAt = this.#options.time.now;
    this.process.kill();
    this.transport.gone();
  }

  freeze(): void {
    this.process.freeze();
  }

  thaw(): void {
    this.process.thaw(this.#options.time);
  }

  async #serve(core: NodeCore, listened: 'serves' | 'port-taken'): Promise<void> {
    await core.engine.start();
    if (this.drainedAt !== undefined) return;
    if (listened === 'port-taken') {
      // As a process that throws: it gives nothing back.
      this.diedAt = this.#options.time.now;
      this.#exit();
      return;
    }
    await core.links.listen({ host: '127.0.0.1', port: 8200 });
    this.listeningAt = this.#options.time.now;
    this.unready.delete('starting');
  }

  async #drain(core: NodeCore, overMs: number): Promise<void> {
    this.unready.add('draining');
    const endsAt = this.#options.time.now + overMs;
    await core.links.drain(overMs);
    await this.engine?.stop(endsAt - this.#options.time.now);
    this.#exit();
  }

  #exit(): void {
    this.endedAt = this.#options.time.now;
    this.process.kill();
    this.transport.gone();
  }

  #run(run: () => void): void {
    this.#options.time.after(0, run, this.process);
  }

  #about(): NodeAbout {
    return {
      node: this.id,
      admin: '127.0.0.1:9200',
      listen: this.listeningAt === undefined ? null : '127.0.0.1:8200',
      links: this.core?.links.size ?? 0,
      leaving: this.core?.engine.presence.lingeringLinks ?? 0,
      draining: this.drainedAt !== undefined,
      startedAtMs: Math.floor(this.startedAt),
      version: '0.0.0',
    };
  }

  #logger(): Logger {
    const logger = LOG.child({});
    logOf.set(logger, (line) => this.#options.log(this, line));
    return logger;
  }
}

interface SimEngineOptions {
  readonly id: string;
  readonly plan: MemberPlan;
  readonly events: EngineEvents;
  readonly counters: Counters;
  readonly registry: Registry;
  readonly transport: SimTransport;
  readonly process: SimProcess;
  lost(loss: Loss): void;
}

const RETRY_MS = 250;
const COMMAND_TIMEOUT_MS = 1000;
const LEAST_FLUSH_MS = 2000;

/** What RedisEngine is to a real node: the real bus, and a lease and presence in the simulated Redis. */
export class SimEngine implements Engine {
  readonly presence: SimPresence;
  readonly bus: Bus;
  readonly #options: SimEngineOptions;
  readonly #caller: Caller;
  #held = false;
  #live: readonly string[] = [];
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readyOnce: (() => void) | undefined;
  #leaseWanted = false;
  #deafTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SimEngineOptions) {
    this.#options = options;
    const { id, plan, events, counters, registry, transport, process } = options;
    this.#caller = new Caller({
      registry,
      transport,
      process,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    this.presence = new SimPresence({
      registry,
      caller: this.#caller,
      memory: { lingerMs: plan.leaseMs, ...(events.holdings && { holdings: events.holdings }) },
      lateCommit: events.lateCommit,
      failed: () => this.#doubt(),
    });
    registry.presences.set(id, this.presence);
    this.bus = new Bus({
      ...{ nodeId: id, transport, mergeable: MERGEABLE_KINDS, limits: plan.limits },
      events: {
        onEntry: (kind, bytes, node, frame) => events.entry(kind, bytes, { node, frame }),
        onKnown: events.nodeKnown,
        onGone: events.nodeGone,
        onHearing: (hearing) => {
          if (this.#stopped) return;
          events.unready('bus', !hearing);
          this.#hearing(hearing);
        },
        onMet: () => this.#checkReady(),
        onFull: events.busFull,
        onLost: (loss) => {
          counters.busFramesLost += loss.frames;
          options.lost(loss);
          if (loss.reason === 'skipped') events.nodeMissed(loss.sender);
        },
        onError: () => undefined,
      },
    });
  }

  get leaseHeld(): boolean {
    return this.#held;
  }

  readonly malformedNodeRecords = 0;

  get liveNodes(): number {
    return this.#live.length;
  }

  get nodes(): readonly NodeAbout[] {
    return [];
  }

  async directory(): Promise<Directory> {
    return { nowMs: null, entries: [], malformed: 0 };
  }

  send(kind: number, bytes: Buffer): void {
    this.bus.send(kind, bytes);
  }

  setRoom(hasRoom: boolean): void {
    this.bus.setRoom(hasRoom);
  }

  async start(): Promise<void> {
    const { events } = this.#options;
    events.unready('redis', true);
    events.unready('bus', true);
    const ready = new Promise<void>((resolve) => {
      this.#readyOnce = resolve;
    });
    if (this.#options.plan.leasesDeaf === true) {
      this.#leaseWanted = true;
      this.#renewAfter(1);
    }
    await this.bus.start();
    await ready;
  }

  async stop(withinMs = 0): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#deafTimer);
    const { heldMs = 0 } = this.#options.plan.limits;
    const { counters } = this.#options;
    const flushMs = Math.max(Math.min(withinMs, heldMs), LEAST_FLUSH_MS);
    await this.bus.flush(flushMs, () => counters.keptBytes === 0);
    await this.bus.close();
    clearTimeout(this.#timer);
  }

  /** A node has a lease only while it hears itself on the bus. */
  #hearing(hearing: boolean): void {
    clearTimeout(this.#deafTimer);
    if (this.#options.plan.leasesDeaf === true) return;
    if (hearing) {
      if (!this.#leaseWanted) this.#renewAfter(1);
      this.#leaseWanted = true;
      this.#checkReady();
    } else {
      this.#deafTimer = setTimeout(() => {
        this.#leaseWanted = false;
        this.#doubt();
        clearTimeout(this.#timer);
      }, this.#options.plan.leaseMs);
    }
  }

  #renewAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), ms);
  }

  #renew(): void {
    const { id, plan, registry, events } = this.#options;
    this.#caller.call(
      () => registry.renew(id, plan.leaseMs),
      ({ held, live }) => {
        if (this.#stopped || !this.#leaseWanted) return;
        const wasHeld = this.#held;
        this.#held = true;
        this.#live = live;
        this.bus.setLiveNodes(live);
        if (!wasHeld || !held) {
          this.presence.resumed();
          events.unready('redis', false);
          this.#checkReady();
        }
        this.#renewAfter(Math.min(1000, Math.max(50, plan.leaseMs / 10)));
      },
      () => this.#doubt(),
    );
  }

  #doubt(): void {
    if (this.#held && !this.#stopped) {
      this.#held = false;
      this.presence.suspended();
      this.#options.events.unready('redis', true);
    }
    if (this.#leaseWanted) this.#renewAfter(RETRY_MS);
  }

  #checkReady(): void {
    if (this.#held && this.bus.hearing && this.bus.met) this.#readyOnce?.();
  }
}
