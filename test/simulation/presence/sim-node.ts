import { type NodeInfo, PresenceRedis } from '@route/presence';
import { LiveSettings } from '@route/route-node/src/config/live-settings.ts';
import { readSettings, type Settings } from '@route/route-node/src/config/settings.ts';
import type { Engine } from '@route/route-node/src/engine/engine.ts';
import { memoryEngine } from '@route/route-node/src/engine/engine-memory.ts';
import { RedisEngine } from '@route/route-node/src/engine/engine-redis.ts';
import { NodeCore } from '@route/route-node/src/node-core.ts';
import type { UnreadyReason } from '@route/route-node/src/observability/readiness.ts';
import { type Logger, pino } from 'pino';
import { type SimServer, takeServer } from '../world/sockets.ts';
import { SimProcess, type VirtualTime } from '../world/virtual-time.ts';
import type { RedisNetwork } from './redis-network.ts';

/** A line of a node's log. */
export interface LogLine {
  readonly event?: string;
  readonly link?: string;
  readonly peer?: string;
  readonly reason?: string;
  readonly dead?: string;
  readonly problem?: string;
}

export interface SimNodeOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly network: RedisNetwork;
  readonly settings: Partial<Settings>;
  log(node: SimNode, line: LogLine): void;
}

const invocation = readSettings([], {
  ROUTE_LISTEN: '127.0.0.1:8200',
  REDIS_URL: 'redis://redis.simulated:6379',
});
if (invocation.kind !== 'run') throw new Error('there are no settings to begin with');
const DEFAULT_SETTINGS = invocation.settings;

/**
 * A node: all of its real code except the process around it, on simulated sockets and a simulated
 * Redis.
 */
export class SimNode {
  readonly id: string;
  readonly process: SimProcess;
  readonly unready = new Set<UnreadyReason>(['starting']);
  readonly core: NodeCore;
  readonly engine: Engine;
  readonly #options: SimNodeOptions;
  readonly #server: SimServer;
  #draining = false;
  /** When its readiness last changed, in virtual ms. */
  unreadyAt = 0;
  diedAt: number | undefined;

  constructor(options: SimNodeOptions) {
    const { id, time } = options;
    this.#options = options;
    this.id = id;
    this.process = new SimProcess(id);
    const settings: Settings = { ...DEFAULT_SETTINGS, ...options.settings };
    let made: Engine | undefined;
    let core: NodeCore | undefined;
    time.runIn(this.process, () => {
      const log = this.#logger();
      core = new NodeCore({
        ...{ nodeId: id, settings, log, tls: undefined },
        nodeInfo: () => this.#about(),
        unready: (reason, holds) => this.#setUnready(reason, holds),
        engine: (events, counters) => {
          if (settings.ROUTE_ENGINE === 'memory') {
            made = memoryEngine(settings, events);
            return made;
          }
          const live = new LiveSettings({ settings, texts: {}, files: {} });
          const explain = (): void => {};
          made = new RedisEngine({ settings, live, nodeId: id, log, counters, events, explain });
          return made;
        },
      });
    });
    if (core === undefined || made === undefined) throw new Error('the node has no engine');
    this.core = core;
    this.engine = made;
    this.#server = takeServer();
    time.after(0, () => void this.#serve(), this.process);
  }

  get server(): SimServer {
    return this.#server;
  }

  get alive(): boolean {
    return this.process.alive;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get listening(): boolean {
    return this.#server.listening && this.alive;
  }

  get ready(): boolean {
    return this.listening && this.unready.size === 0 && !this.process.frozen;
  }

  /** Whether everything reported to it is committed. */
  get isIdle(): boolean {
    const { presence } = this.engine;
    return !(presence instanceof PresenceRedis) || presence.isIdle;
  }

  kill(): void {
    if (!this.alive) return;
    this.diedAt = this.#options.time.now;
    this.process.kill();
    this.#options.network.processGone(this.process);
  }

  drain(overMs: number): void {
    if (this.#draining || !this.listening) return;
    this.#draining = true;
    this.#options.time.after(0, () => void this.#drain(overMs), this.process);
  }

  shed(count: number): void {
    this.#options.time.after(0, () => this.core.links.closeForRebalance(count), this.process);
  }

  async #serve(): Promise<void> {
    await this.engine.start();
    if (this.#draining) return;
    await this.core.links.listen({ host: '127.0.0.1', port: 8200 });
    this.#setUnready('starting', false);
  }

  async #drain(overMs: number): Promise<void> {
    this.#setUnready('draining', true);
    await this.core.links.drain(overMs);
    await this.engine.stop();
    this.kill();
  }

  #setUnready(reason: UnreadyReason, holds: boolean): void {
    this.unreadyAt = this.#options.time.now;
    if (holds) this.unready.add(reason);
    else this.unready.delete(reason);
  }

  #about(): NodeInfo {
    return {
      node: this.id,
      admin: '127.0.0.1:9200',
      listen: this.listening ? '127.0.0.1:8200' : null,
      links: this.core.links.size,
      leaving: this.engine.presence.lingeringLinks,
      draining: this.#draining,
      startedAtMs: 0,
      version: '0.0.0',
    };
  }

  #logger(): Logger {
    return pino({
      level: 'info',
      hooks: {
        logMethod: ([line]) => {
          if (typeof line === 'object' && line !== null) this.#options.log(this, line);
        },
      },
    });
  }
}
