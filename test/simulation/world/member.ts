import type { Loss } from '@route/bus';
import type { NodeInfo } from '@route/presence';
import { readSettings, type Settings } from '@route/route-node/src/config/settings.ts';
import { NodeCore } from '@route/route-node/src/node-core.ts';
import type { UnreadyReason } from '@route/route-node/src/observability/readiness.ts';
import { type Logger, pino } from 'pino';
import { type PubSub, SimTransport } from './pub-sub.ts';
import type { Registry } from './redis.ts';
import { type MemberPlan, SimEngine } from './sim-engine.ts';
import { type SimServer, takeServer } from './sockets.ts';
import { SimProcess, type VirtualTime } from './virtual-time.ts';

/** A loss that a node reported, with the time. */
export interface ToldLoss extends Loss {
  readonly atMs: number;
  /** Whether a closing node reported it. */
  readonly isLast: boolean;
}

/** A line of a node's log. */
export interface LogLine {
  readonly event?: string;
  readonly link?: string;
  readonly peer?: string;
  readonly reason?: string;
}

/** Outcome of a start. */
export type StartEnd = 'serves' | 'port-taken' | 'throws';

export interface MemberOptions {
  readonly id: string;
  readonly plan: MemberPlan;
  readonly time: VirtualTime;
  readonly pubSub: PubSub;
  readonly registry: Registry;
  /** One-way latency to Redis. */
  readonly latencyMs: number;
  log(member: Member, line: LogLine): void;
}

const invocation = readSettings([], { ROUTE_LISTEN: '127.0.0.1:8200' });
if (invocation.kind !== 'run') throw new Error('there are no settings to begin with');
const DEFAULT_SETTINGS = invocation.settings;

/** Target of each node's logger. Creating a logger costs as much as the rest of a node's start. */
const logOf = new WeakMap<object, (line: LogLine) => void>();
const LOG = pino({
  level: 'info',
  hooks: {
    logMethod([line]) {
      if (typeof line === 'object' && line !== null) logOf.get(this)?.(line);
    },
  },
});

/**
 * A node: the real code of bus, delivery, hub and links, in a simulated process and with a
 * simulated Redis.
 */
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
  /** When it first accepted links; undefined before. */
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

  /** Whether connections are accepted; a frozen node's kernel still accepts them. */
  get listening(): boolean {
    return this.server?.listening === true && this.process.alive;
  }

  get ready(): boolean {
    return this.listening && this.unready.size === 0 && !this.process.frozen;
  }

  /** Whether its process runs, or may continue. */
  get exists(): boolean {
    return this.process.alive;
  }

  /**
   * `listened`: the outcome once links could be accepted; a member that cannot bind its port ends
   * then.
   */
  start(listened: StartEnd = 'serves'): void {
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
        nodeInfo: () => this.#about(),
        unready: (reason, holds) => {
          if (holds) this.unready.add(reason);
          else this.unready.delete(reason);
        },
        engine: (events, counters) => {
          const { transport, process } = this;
          this.engine = new SimEngine({
            ...{ id, plan, events, counters, registry, transport, process },
            lost: (loss) => {
              const isLast = this.engine?.flushed !== undefined;
              this.losses.push({ ...loss, atMs: registry.pubSub.time.now, isLast });
            },
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

  /** SIGKILL, or the end of its machine: the kernel sends nothing more. */
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

  async #serve(core: NodeCore, listened: StartEnd): Promise<void> {
    await core.engine.start();
    if (this.drainedAt !== undefined) return;
    if (listened !== 'serves') {
      // A failed start releases the node's lease, as main.ts does; a process that throws does not.
      if (listened === 'port-taken') await this.engine?.abandon();
      else this.diedAt = this.#options.time.now;
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

  #about(): NodeInfo {
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
