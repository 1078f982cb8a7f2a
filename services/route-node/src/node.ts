import { randomBytes, randomInt } from 'node:crypto';
import { readConsole } from '@route/console';
import type { NodeInfo } from '@route/presence';
import packageJson from '../package.json' with { type: 'json' };
import { Guard } from './admin/http/guard.ts';
import { AdminServer } from './admin/http/server.ts';
import { adminRoutes } from './admin/routes.ts';
import { LinkTls, linkTlsFiles } from './admission/link-tls.ts';
import { advertised } from './config/address.ts';
import type { LiveSettings } from './config/live-settings.ts';
import type { Settings } from './config/settings.ts';
import type { Engine } from './engine/engine.ts';
import { memoryEngine } from './engine/engine-memory.ts';
import { RedisEngine } from './engine/engine-redis.ts';
import { askReadiness } from './isolation/ask-readiness.ts';
import { IsolationWatch, isolationTimes } from './isolation/isolation-watch.ts';
import type { LinkServer } from './link/link-server.ts';
import { NodeCore } from './node-core.ts';
import type { EventLog } from './observability/event-log.ts';
import { type Logger, RepeatedLine } from './observability/log.ts';
import type { LogOutput } from './observability/log-output.ts';
import { LoopWatch } from './observability/loop-delay.ts';
import { nodeMetrics } from './observability/metrics.ts';
import { Readiness } from './observability/readiness.ts';
import { checkListening } from './process/listen.ts';
import { Rebalancer } from './rebalancing/rebalancer.ts';

const NODE_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const NODE_ID_LENGTH = 12;
const TLS_READ_EVERY_MS = 10_000;

/** Creates a node id, new at every start: 60 random bits as 12 characters of a-z and 2-7. */
export function newNodeId(): string {
  return [...randomBytes(NODE_ID_LENGTH)].map((byte) => NODE_ID_ALPHABET[byte % 32]).join('');
}

export interface RouteNodeOptions {
  readonly nodeId: string;
  readonly settings: Settings;
  /** Current values of the settings that are read from files. */
  readonly live: LiveSettings;
  readonly log: Logger;
  /** The recent log entries. */
  readonly eventLog: EventLog;
  /** Destination of the log. */
  readonly output: LogOutput;
  /** Called when an operator requests a drain over the admin port. */
  drainAsked(): void;
}

/** One route node: wires links, presence and the bus together. */
export class RouteNode {
  readonly #settings: Settings;
  readonly #live: LiveSettings;
  readonly #log: Logger;
  readonly #engine: Engine;
  readonly #links: LinkServer;
  readonly #tls: LinkTls | undefined;
  readonly #admin: AdminServer;
  readonly #readiness: Readiness;
  readonly #rebalancer: Rebalancer;
  readonly #isolation: IsolationWatch;
  readonly #nodeId: string;
  /** Monotonic, because the clock of the host may step. */
  readonly #startedMs = performance.now();
  #tlsTimer: NodeJS.Timeout | undefined;
  #drained: Promise<void> | undefined;
  /** Address of the admin port for other nodes; it is bound before anything else. */
  #adminAt = '';
  /** Address for msg_servers; null while the node accepts no links. */
  #linksAt: string | null = null;

  constructor({ nodeId, settings, live, log, eventLog, output, drainAsked }: RouteNodeOptions) {
    this.#nodeId = nodeId;
    this.#settings = settings;
    this.#live = live;
    this.#log = log;
    const unreadSecrets = new RepeatedLine();
    live.onProblem = (problem) => {
      unreadSecrets.write((suppressed) =>
        log.error({ event: 'secret-not-read', problem, suppressed }),
      );
    };
    this.#readiness = new Readiness((reasons) => {
      log.info({ event: reasons.length === 0 ? 'ready' : 'not-ready', reasons });
    });
    const tlsFiles = linkTlsFiles(settings);
    this.#tls = tlsFiles && new LinkTls(tlsFiles);
    const engineName = settings.ROUTE_ENGINE;
    const core = new NodeCore({
      nodeId,
      settings,
      log,
      tls: this.#tls,
      nodeInfo: () => this.#info(),
      unready: (reason, holds) => this.#readiness.set(reason, holds),
      engine: (events, counters) =>
        engineName === 'memory'
          ? memoryEngine(settings, events)
          : new RedisEngine({
              settings,
              live,
              nodeId,
              log,
              counters,
              events,
              explain: (reason, detail) => this.#readiness.explain(reason, detail),
            }),
    });
    const { counters, watch } = core;
    this.#engine = core.engine;
    this.#links = core.links;
    this.#rebalancer = new Rebalancer({
      nodeId,
      log,
      tolerancePercent: settings.ROUTE_REBALANCE,
      perMinute: settings.ROUTE_REBALANCE_PER_MINUTE,
      links: this.#links,
      nodes: () => this.#engine.nodes,
      info: () => this.#info(),
      isReady: () => this.#readiness.reasons.length === 0,
      now: () => performance.now(),
    });
    this.#isolation = new IsolationWatch({
      nodeId,
      log,
      ask: askReadiness,
      random: randomInt,
      now: () => performance.now(),
      ...isolationTimes(settings),
      nodes: () => this.#engine.nodes,
      isInTrouble: () => this.#readiness.has('redis') || this.#readiness.has('bus'),
      isRecovering: () => this.#readiness.has('presence'),
      links: this.#links,
    });
    const loop = new LoopWatch();
    const registry = nodeMetrics({
      rebalancer: this.#rebalancer,
      counters,
      links: this.#links,
      engine: this.#engine,
      readiness: this.#readiness,
      output,
      nodeId,
      engineName,
      loop,
      adminConnections: () => this.#admin.connections,
    });
    const guard = new Guard({
      token: () => live.current.ROUTE_ADMIN_TOKEN,
      hosts: [
        settings.ROUTE_ADVERTISE_HOST,
        settings.ROUTE_ADMIN_LISTEN.host,
        ...settings.ROUTE_ADMIN_HOSTS,
      ],
    });
    const refusals = new RepeatedLine();
    this.#admin = new AdminServer({
      guard,
      maxConnections: settings.ROUTE_ADMIN_MAX_CONNECTIONS,
      traced: ({ refused, ...request }) => {
        if (refused === undefined) log.info({ event: 'admin-action', ...request });
        else
          refusals.write((suppressed) =>
            log.warn({ event: 'admin-refused', ...request, reason: refused, suppressed }),
          );
      },
      cut: (reason) => {
        counters.adminCuts[reason]++;
      },
      failed: (path, error) => log.error({ event: 'admin-failed', path, err: error }),
      routes: adminRoutes({
        nodeId,
        info: () => this.#info(),
        settings,
        counters,
        engine: this.#engine,
        links: this.#links,
        readiness: this.#readiness,
        loop,
        eventLog,
        watch,
        guard,
        console: readConsole(),
        metrics: registry,
        drain: drainAsked,
        rebalance: () => this.#rebalancer.rebalance(),
      }),
    });
  }

  /**
   * Starts; resolves when msg_servers may connect. Waits for Redis as long as necessary.
   * @throws the socket's error if an address is not available.
   */
  async start(): Promise<void> {
    const { ROUTE_LISTEN, ROUTE_ADMIN_LISTEN, ROUTE_ENGINE, ROUTE_NAMESPACE } = this.#settings;
    const admin = await this.#admin.listen(ROUTE_ADMIN_LISTEN);
    this.#adminAt = advertised(admin, this.#settings.ROUTE_ADVERTISE_HOST);
    this.#log.info({ event: 'admin-listening', ...admin, advertised: this.#adminAt });
    // A node in a restart loop on an occupied address must not join the cluster each time.
    await checkListening(ROUTE_LISTEN);
    if (ROUTE_ENGINE === 'redis') {
      this.#log.info({ event: 'waiting-for-redis', namespace: ROUTE_NAMESPACE });
    }
    await this.#engine.start();
    if (this.#drained !== undefined) return;
    const links = await this.#links.listen(ROUTE_LISTEN);
    this.#linksAt = advertised(links, this.#settings.ROUTE_ADVERTISE_HOST);
    this.#log.info({ event: 'listening', ...links, advertised: this.#linksAt });
    this.#readiness.set('starting', false);
    this.#rebalancer.start();
    this.#isolation.start();
    // Tools that renew certificates send no signal.
    this.#tlsTimer = setInterval(() => void this.#reloadTls(), TLS_READ_EVERY_MS).unref();
  }

  /**
   * Rereads what may change while links are open: secrets and certificates. Invalid ones leave the
   * old in use.
   */
  reload(): void {
    if (this.#live.read().length === 0) this.#log.info({ event: 'secrets-read' });
    if (this.#tls !== undefined && !this.#reloadTls())
      this.#log.info({ event: 'certificates-read' });
  }

  /** @returns whether the outcome is already logged. */
  #reloadTls(): boolean {
    try {
      const changed = this.#tls?.reload() ?? false;
      if (changed) this.#log.info({ event: 'certificates-read' });
      return changed;
    } catch (error) {
      this.#log.error({ event: 'certificates-not-read', err: error });
      return true;
    }
  }

  /** After a failed start: releases the lease, so that no other node counts this one. */
  async abandon(): Promise<void> {
    await this.#engine.abandon?.();
  }

  /** Stops in order: accepts no new links, closes the open ones gradually, flushes the bus. */
  async drain(): Promise<void> {
    this.#drained ??= this.#drain();
    await this.#drained;
  }

  async #drain(): Promise<void> {
    this.#readiness.set('draining', true);
    this.#rebalancer.stop();
    this.#isolation.stop();
    clearInterval(this.#tlsTimer);
    this.#log.info({ event: 'draining', links: this.#links.size });
    const endsAt = performance.now() + this.#settings.ROUTE_DRAIN_SECONDS * 1000;
    await this.#links.drain(this.#settings.ROUTE_DRAIN_SECONDS * 1000);
    await this.#engine.stop(endsAt - performance.now());
    this.#admin.close();
    this.#log.info({ event: 'stopped' });
  }

  #info(): NodeInfo {
    return {
      node: this.#nodeId,
      admin: this.#adminAt,
      listen: this.#linksAt,
      links: this.#links.size,
      leaving: this.#engine.presence.lingeringLinks,
      draining: this.#drained !== undefined,
      startedAtMs: Math.round(Date.now() - (performance.now() - this.#startedMs)),
      version: packageJson.version,
    };
  }
}
