import { type Bus, type Loss, RedisTransport } from '@route/bus';
import {
  Lease,
  type Members,
  type NodeInfo,
  type NodeRegistry,
  OfflineGrace,
  PresenceRedis,
  Reaper,
  Reconciler,
  readNodeRegistry,
} from '@route/presence';
import {
  createRedisClient,
  errorText,
  type RedisClient,
  type RedisProblemCode,
  type RedisSettings,
  redisProblem,
  ServerWatch,
  SHARD_COUNT,
  serverOf,
} from '@route/redis';
import type { LiveSettings } from '../config/live-settings.ts';
import { redisTarget } from '../config/redis-target.ts';
import type { Settings } from '../config/settings.ts';
import type { Counters } from '../observability/counters.ts';
import { type Logger, RepeatedLine, RepeatedLines } from '../observability/log.ts';
import type { UnreadyReason } from '../observability/readiness.ts';
import { createBus } from './create-bus.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { RedisAdviser } from './redis-adviser.ts';

export interface RedisEngineOptions {
  readonly settings: Settings;
  /** Current values of the settings that are read from files. */
  readonly live: LiveSettings;
  readonly nodeId: string;
  readonly log: Logger;
  readonly counters: Counters;
  readonly events: EngineEvents;
  /** Explains a reason not to be ready, from what was seen last. */
  explain(reason: UnreadyReason, detail: string): void;
}

/**
 * Minimum time for the last flush, whatever is left of the drain time: a dead node delays the
 * frames for the others by 3 s.
 */
const LEAST_FLUSH_MS = 3500;

/** Engine of a cluster node: presence and the bus in the shared Redis. */
export class RedisEngine implements Engine {
  readonly presence: PresenceRedis;
  readonly #options: RedisEngineOptions;
  readonly #redis: RedisClient;
  readonly #servers: ServerWatch;
  readonly #transport: RedisTransport;
  readonly #bus: Bus;
  readonly #lease: Lease;
  readonly #reaper: Reaper;
  readonly #lost: OfflineGrace;
  readonly #reconciler: Reconciler;
  readonly #adviser: RedisAdviser;
  /** Separate for each problem, so that a new one is logged at once. */
  readonly #redisErrors = new RepeatedLines<RedisProblemCode>();
  #members: Members = { live: [], dead: [], nodes: [], malformed: 0 };
  #readyOnce: (() => void) | undefined;
  #stopping = false;
  /**
   * Whether to have the lease: only while the node receives its own frames on the bus, or
   * did a moment ago.
   */
  #leaseWanted = false;
  #unresponsiveTimer: NodeJS.Timeout | undefined;
  /** Presence is settled: the lease is acquired, and all nodes have asserted their links. */
  #isSettled = false;
  readonly #refusals = new RepeatedLine();

  constructor(options: RedisEngineOptions) {
    this.#options = options;
    const { settings, live, nodeId, events } = options;
    const namespace = settings.ROUTE_NAMESPACE;
    const connection: RedisSettings = {
      target: redisTarget(settings),
      currentTarget: () => redisTarget(live.current),
      commandTimeoutMs: settings.REDIS_COMMAND_TIMEOUT_MS,
      connectTimeoutMs: settings.REDIS_CONNECT_TIMEOUT_MS,
      silentMs: settings.REDIS_COMMAND_TIMEOUT_MS,
      connectionName: `route-${nodeId}`,
    };
    const leaseMs = settings.ROUTE_LEASE_SECONDS * 1000;
    const offlineGraceMs = settings.ROUTE_OFFLINE_GRACE_SECONDS * 1000;
    this.#redis = createRedisClient(connection);
    this.#servers = new ServerWatch({
      client: this.#redis,
      settings: connection,
      // Nodes that have moved would reap this one.
      moveWithinMs: leaseMs,
      renewed: (reason) => {
        options.log.warn({ event: 'redis-reconnecting', problem: errorText(reason) });
      },
      now: () => performance.now(),
    });
    this.#adviser = new RedisAdviser({
      redis: this.#redis,
      log: options.log,
      windowBytes: settings.ROUTE_BUS_WINDOW_BYTES,
      failed: (reason) => this.#logRedis(reason),
    });
    this.presence = new PresenceRedis({
      redis: this.#redis,
      namespace,
      nodeId,
      ...(events.interestObserver && { interestObserver: events.interestObserver }),
      events: { lateCommit: events.lateCommit, back: events.back },
      offlineGraceMs,
      lingerMs: leaseMs,
      failed: (reason) => {
        options.counters.presenceFailures++;
        this.#lease.markLost(reason);
      },
      full: (reason) => this.#redisFull(reason),
      now: () => performance.now(),
    });
    this.#reaper = new Reaper({
      redis: this.#redis,
      namespace,
      readMembers: async (found) => this.#lease.readMembers(found),
      reaped: (reaped) => {
        options.counters.reapedLinks += reaped.links;
        options.counters.usersLost += reaped.usersLost;
        const { nodeId: dead, links, usersLost } = reaped;
        options.log.warn({ event: 'node-reaped', dead, links, usersLost });
      },
      failed: (reason) => this.#logRedis(reason),
      offlineGraceMs,
      sweepEveryMs: 3 * leaseMs,
      random: Math.random,
    });
    this.#lost = new OfflineGrace({
      redis: this.#redis,
      namespace,
      perSecond: settings.ROUTE_OFFLINE_GRACE_PER_SECOND,
      presence: this.presence,
      lost: events.lost,
      back: events.back,
      failed: (reason) => this.#logRedis(reason),
    });
    this.#reconciler = new Reconciler({
      redis: this.#redis,
      namespace,
      presence: this.presence,
      repaired: (records) => {
        options.counters.recordsReconciled += records;
        options.log.warn({ event: 'records-reconciled', records });
      },
      failed: (reason) => this.#logRedis(reason),
      shardEveryMs: (settings.ROUTE_RECONCILE_SECONDS * 1000) / SHARD_COUNT,
    });
    this.#lease = new Lease({
      redis: this.#redis,
      namespace,
      nodeId,
      leaseMs,
      nodeInfo: events.nodeInfo,
      presence: () => this.presence,
      now: () => performance.now(),
      events: {
        acquired: () => this.#leaseAcquired(),
        settled: () => this.#leaseSettled(),
        refused: (reason) => this.#leaseRefused(reason),
        lost: (reason) => this.#leaseLost(reason),
        members: (members) => this.#membersChanged(members),
        failed: (reason) => this.#troubled(reason),
      },
    });
    this.#transport = new RedisTransport({ redis: connection, namespace, nodeId });
    this.#bus = createBus(options, this.#transport, {
      onResponsive: (responsive) => this.#responsiveChanged(responsive),
      onJoined: () => this.#checkReady(),
      onLost: (loss) => this.#framesLost(loss),
    });
  }

  get bus(): Bus {
    return this.#bus;
  }

  get leaseHeld(): boolean {
    return this.#lease.held;
  }

  get liveNodes(): number {
    return this.#members.live.length;
  }

  get malformedNodeRecords(): number {
    return this.#members.malformed;
  }

  get nodes(): readonly NodeInfo[] {
    return this.#members.nodes;
  }

  async readRegistry(): Promise<NodeRegistry> {
    const namespace = this.#options.settings.ROUTE_NAMESPACE;
    return await readNodeRegistry({ redis: this.#redis, namespace });
  }

  send(kind: number, bytes: Buffer): void {
    this.#bus.send(kind, bytes);
  }

  setRoom(hasRoom: boolean): void {
    this.#bus.setRoom(hasRoom);
  }

  async start(): Promise<void> {
    const { events } = this.#options;
    events.unready('redis', true);
    events.unready('bus', true);
    const ready = new Promise<void>((resolve) => {
      this.#readyOnce = resolve;
    });
    this.#redis.on('error', (error: Error) => this.#troubled(errorText(error)));
    this.#servers.start();
    // The reason arrives as an 'error' event; the client retries by itself.
    this.#redis.connect().catch(() => undefined);
    await this.#bus.start();
    await ready;
  }

  async stop(withinMs = 0): Promise<void> {
    this.#end();
    const { log, settings, counters } = this.#options;
    // Interest of another node may be on its way: directed PDUs follow a user that moves there.
    const isFollowed = (): boolean => counters.retainedBytes === 0;
    // Frames that other nodes have not got after the retention time are dropped in any case.
    const flushMs = Math.min(withinMs, settings.ROUTE_BUS_RETENTION_SECONDS * 1000);
    if (!(await this.#bus.flush(Math.max(flushMs, LEAST_FLUSH_MS), isFollowed))) {
      log.error({ event: 'bus-not-flushed' });
    }
    await this.#bus.close();
    // The registry shows an orderly stop until the lease has run out.
    await this.#orLogged(this.#lease.leave());
    this.#lease.stop();
    this.#disconnect();
  }

  async abandon(): Promise<void> {
    this.#end();
    await this.#bus.close();
    await this.#orLogged(this.#lease.release());
    this.#disconnect();
  }

  #end(): void {
    this.#stopping = true;
    clearTimeout(this.#unresponsiveTimer);
    this.#reaper.stop();
    this.#lost.stop();
    this.#reconciler.stop();
  }

  #disconnect(): void {
    this.#servers.stop();
    this.#redis.disconnect();
  }

  async #orLogged(call: Promise<void>): Promise<void> {
    try {
      await call;
    } catch (error) {
      this.#logRedis(errorText(error));
    }
  }

  #leaseAcquired(): void {
    const { counters, log, events } = this.#options;
    counters.resyncs++;
    log.info({ event: 'lease-acquired', liveNodes: this.liveNodes });
    this.presence.resumed();
    this.#reaper.start();
    events.unready('cluster', false);
    events.unready('presence', true);
    events.unready('redis', false);
    void this.#adviser.look();
  }

  /** Presence in Redis is complete. */
  #leaseSettled(): void {
    this.#options.log.info({ event: 'presence-settled' });
    this.presence.settled();
    this.#isSettled = true;
    this.#lost.start();
    this.#reconciler.start();
    this.#options.events.unready('presence', false);
    this.#checkReady();
  }

  #leaseRefused(reason: string): void {
    this.#options.events.unready('cluster', true);
    this.#refusals.write((suppressed) => {
      this.#options.log.error({ event: 'cluster-refused', problem: reason, suppressed });
    });
  }

  #leaseLost(reason: string): void {
    if (this.#stopping) return;
    this.#options.log.warn({ event: 'lease-lost', problem: reason });
    this.#servers.failed(reason);
    this.#reaper.stop();
    this.#lost.stop();
    this.#reconciler.stop();
    this.#isSettled = false;
    this.presence.suspended();
    const { events, explain } = this.#options;
    events.unready('redis', true);
    events.unready('presence', false);
    explain('redis', redisProblem(reason).text);
  }

  /** Redis refuses users who come for lack of memory. The node is not ready for more of them. */
  #redisFull(reason: string | undefined): void {
    if (this.#stopping) return;
    this.#options.events.unready('redis', reason !== undefined);
    if (reason === undefined) return;
    this.#options.counters.presenceFailures++;
    this.#troubled(reason);
  }

  #responsiveChanged(responsive: boolean): void {
    if (this.#stopping) return;
    const { log, events, settings } = this.#options;
    clearTimeout(this.#unresponsiveTimer);
    if (responsive) {
      log.info({ event: 'bus-responsive' });
      if (!this.#leaseWanted) this.#lease.start();
      this.#leaseWanted = true;
    } else {
      log.warn({ event: 'bus-unresponsive' });
      // A reconnected subscription is no reason to assert everything again.
      this.#unresponsiveTimer = setTimeout(
        () => this.#leaveLease(),
        settings.ROUTE_LEASE_SECONDS * 1000,
      );
    }
    events.unready('bus', !responsive);
    this.#checkReady();
  }

  /** Lets the lease expire: a node that does not receive frames must not count as alive. */
  #leaveLease(): void {
    const wasAcquired = this.#lease.held;
    this.#leaseWanted = false;
    this.#lease.stop();
    if (wasAcquired) this.#leaseLost('the node does not receive its own frames on the bus');
  }

  #membersChanged(members: Members): void {
    this.#servers.succeeded();
    const server = serverOf(this.#redis);
    if (server !== undefined) this.#transport.follow(server);
    this.#members = members;
    this.#reaper.members(members);
    this.#bus.setLiveNodes(members.live, this.#lease.endsAt);
  }

  #framesLost({ sender, frames, reason }: Loss): void {
    this.#options.counters.busFramesLost += frames;
    this.#options.log.error({ event: 'bus-frames-lost', sender, frames, reason });
    if (reason === 'skipped') this.#options.events.nodeMissed(sender);
  }

  #checkReady(): void {
    const { responsive, joined } = this.#bus;
    if (this.#isSettled && responsive && joined) this.#readyOnce?.();
  }

  /** Reports that Redis is unreachable or refuses, until it does neither. */
  #troubled(reason: string): void {
    if (this.#stopping) return;
    this.#options.explain('redis', redisProblem(reason).text);
    this.#servers.failed(reason);
    this.#logRedis(reason);
  }

  #logRedis(reason: string): void {
    const { code, said: problem, advice } = redisProblem(reason);
    this.#redisErrors.write(code, (suppressed) => {
      this.#options.log.warn({ event: 'redis-error', code, problem, advice, suppressed });
    });
  }
}
