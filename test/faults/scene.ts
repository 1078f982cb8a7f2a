import { createHistogram } from 'node:perf_hooks';
import {
  CutProxy,
  type PrivateRedisServer,
  type RedisDeployment,
  startPrivateRedis,
} from '@route/fixtures';
import { Random } from '@route/random';
import type { RedisTarget } from '@route/redis';
import { onTestFailed } from 'vitest';
import { Cluster, type LinkTarget, type NodeEnv, type RouteNode } from '../harness/index.ts';
import {
  Crowd,
  Dues,
  type Exactness,
  lookByQuery,
  lookIntoRedis,
  mailboxesFor,
  openTrafficLink,
  Pacer,
  peakMemoryBytes,
  type Totals,
  Traffic,
  type TrafficLink,
  untilExact,
  Watcher,
} from '../traffic/index.ts';
import { type DeliveryMode, givenDelivery } from './delivery.ts';
import { Story } from './failure-log.ts';

const PDU_BYTES = 160;
const FLOW_DEADLINE_MS = 10_000;
const START_DEADLINE_MS = 10_000;
const SHOWN_DIFFERENCES = 5;

export interface SceneOptions {
  readonly seed: number;
  /** Default 3. */
  readonly nodes?: number;
  /** Simulated msg_servers; default 6. */
  readonly servers?: number;
  /** Of all senders together; default 1,500. */
  readonly pdusPerSecond?: number;
  /** Each node has its own proxy to Redis, which can be cut ({@link Scene.proxy}). */
  readonly proxied?: boolean;
  /** Whether delivery times are measured. */
  readonly measures?: boolean;
  /** Bytes of each traffic PDU; default 160. */
  readonly pduBytes?: number;
  /**
   * Several servers that together are the Redis; one of its own by default. Stops with the scene.
   */
  readonly deployment?: RedisDeployment;
  /**
   * Delivery mode of the nodes; the suite's mode by default. Directed traffic mostly goes to one
   * server.
   */
  readonly delivery?: DeliveryMode;
  /** Settings of all nodes besides a lease of {@link LEASE_SECONDS}. */
  readonly env?: NodeEnv;
}

/** Of the nodes here; short, so that tests need not wait long for its end. */
export const LEASE_SECONDS = 3;

/** A cluster on its own Redis, with msg_servers, users and traffic. */
export class Scene implements AsyncDisposable {
  readonly seed: number;
  readonly delivery: DeliveryMode;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly traffic: Traffic;
  readonly crowd: Crowd;
  readonly story = new Story();
  readonly #options: SceneOptions;
  readonly #redis: PrivateRedisServer | RedisDeployment;
  readonly #stack: AsyncDisposableStack;
  readonly #proxies: CutProxy[] = [];
  readonly #avoided = new Set<RouteNode>();
  #peakBytes: number | undefined;
  #pacer: Pacer | undefined;

  constructor(
    options: SceneOptions,
    redis: PrivateRedisServer | RedisDeployment,
    stack: AsyncDisposableStack,
  ) {
    this.seed = options.seed;
    this.random = new Random(options.seed);
    this.#redis = redis;
    this.#options = options;
    this.#stack = stack;
    const { delivery = givenDelivery(), servers = 6 } = options;
    this.delivery = delivery;
    this.traffic = new Traffic(delivery === 'directed' ? mailboxesFor(servers) : []);
    const env = {
      ROUTE_LEASE_SECONDS: String(LEASE_SECONDS),
      ROUTE_DELIVERY: delivery,
      ...options.env,
    };
    this.cluster = stack.use(
      new Cluster({
        ...('url' in redis && { redisUrl: redis.url }),
        env: { ...('env' in redis && redis.env), ...env },
      }),
    );
    this.crowd = new Crowd({
      traffic: this.traffic,
      random: this.random.fork(),
      servers,
      users: 1_500,
      steadyUsers: 300,
      eventsPerSecond: 100,
      reconnectMs: [200, 1_500],
      measures: options.measures ?? false,
      targets: () => this.welcoming,
    });
  }

  /** The one server that is the scene's Redis. */
  get redis(): PrivateRedisServer {
    if ('url' in this.#redis) return this.#redis;
    throw new Error('this scene has several Redis servers');
  }

  /** Running nodes. */
  get running(): readonly RouteNode[] {
    return this.cluster.nodes.filter((node) => node.isRunning);
  }

  /** Nodes that a load balancer would send links to. */
  get welcoming(): readonly RouteNode[] {
    return this.running.filter((node) => !this.#avoided.has(node));
  }

  /** Lost links that were not closed here. */
  get lostLinks(): number {
    return this.crowd.servers.reduce((sum, { lostLinks }) => sum + lostLinks, 0);
  }

  /** Whether all msg_servers have kept the same link all the time. */
  get keptLinks(): boolean {
    return this.crowd.servers.every(({ lostLinks, reconnects }) => lostLinks + reconnects === 0);
  }

  /** The proxy to Redis of the node started in this place. */
  proxy(index: number): CutProxy {
    const proxy = this.#proxies[index];
    if (proxy === undefined) throw new Error(`no proxy ${index}`);
    return proxy;
  }

  /** Starts one more node. */
  async addNode(): Promise<RouteNode> {
    if (this.#options.proxied !== true) return await this.cluster.add();
    const proxy = this.#stack.use(await CutProxy.to(this.redis.url));
    const node = await this.cluster.add({ env: { REDIS_URL: proxy.url } });
    // By its place among the nodes, independent of the order of concurrent starts.
    this.#proxies[this.cluster.nodes.indexOf(node)] = proxy;
    return node;
  }

  /** Sets whether new links go to a node. */
  setAvoided(node: RouteNode, avoided: boolean): void {
    if (avoided) this.#avoided.add(node);
    else this.#avoided.delete(node);
  }

  /** Kills a node, under any load. */
  async kill(node: RouteNode): Promise<void> {
    this.#samplePeak(node);
    for (const { target, participant } of this.crowd.servers) {
      if (target === node && participant !== undefined) participant.nodeKilled = true;
    }
    await node.kill();
  }

  /** Connects all servers and starts the load; resolves when all traffic flows. */
  async begin(): Promise<void> {
    await this.cluster.waitUntilMet();
    this.#stack.use(this.crowd);
    await this.crowd.connect();
    const exact = await this.#untilExact(START_DEADLINE_MS);
    if (exact.seconds === undefined) throw new Error(`presence at the start:\n${shown(exact)}`);
    this.#pacer = this.#stack.use(
      new Pacer({
        traffic: this.traffic,
        pdusPerSecond: this.#options.pdusPerSecond ?? 1_500,
        pduBytes: this.#options.pduBytes ?? PDU_BYTES,
      }),
    );
    this.crowd.begin();
    await this.untilFlowing();
    this.story.note('everything flows');
  }

  /** Opens links without users to a node, and joins them to the traffic; `links` closes them. */
  async joinLinks(
    node: LinkTarget,
    count: number,
    links: AsyncDisposableStack,
  ): Promise<readonly TrafficLink[]> {
    const dues = new Dues(this.traffic.mailboxes);
    const joined: TrafficLink[] = [];
    for (let i = 0; i < count; i++) {
      const link = links.use(await openTrafficLink(node, { dues }));
      await link.query([0]);
      this.traffic.join(link);
      joined.push(link);
    }
    return joined;
  }

  /**
   * Waits until every open link has received a PDU that each of the others has sent from now on.
   */
  async untilFlowing(): Promise<void> {
    await this.traffic.untilFlowing(FLOW_DEADLINE_MS);
  }

  /** Monitors on one node the users that are online throughout, of servers that satisfy `on`. */
  async watch(node: RouteNode, on: (server: number) => boolean = () => true): Promise<Watcher> {
    const steady = [...this.crowd.steady].filter(([, { id }]) => on(id));
    return this.#stack.use(
      await Watcher.on(
        node,
        steady.map(([userId]) => userId),
      ),
    );
  }

  /**
   * Stops user actions; waits until presence is exact at every running node and in Redis itself.
   */
  async untilExact(deadlineMs: number): Promise<Exactness> {
    this.story.note('presence is checked from now on');
    this.crowd.rest();
    return await this.#untilExact(deadlineMs);
  }

  /** Stops the traffic; waits until every PDU has arrived, or the deadline has passed. */
  async settle(deadlineMs = 15_000): Promise<Totals> {
    this.story.note('the traffic ends');
    this.#pacer?.[Symbol.dispose]();
    return await this.traffic.settle(deadlineMs);
  }

  /** Restarts the latency measurement. */
  forgetLatency(): void {
    for (const { link } of this.traffic.participants) link.latencyUs?.reset();
  }

  /** Returns a latency percentile over all links. */
  latencyMs(percentile: number): number {
    const all = createHistogram();
    for (const { link } of this.traffic.participants) {
      if (link.latencyUs !== undefined) all.add(link.latencyUs);
    }
    return all.percentile(percentile) / 1000;
  }

  /** The peak memory of any node. */
  peakMemory(): number | undefined {
    for (const node of this.running) this.#samplePeak(node);
    return this.#peakBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.story.end(this.cluster.nodes);
    await this.#stack.disposeAsync();
  }

  async #untilExact(deadlineMs: number): Promise<Exactness> {
    const { model, servers } = this.crowd;
    const byQuery = lookByQuery(model, () => this.running);
    const redis = this.#redis;
    const target: RedisTarget = 'url' in redis ? { kind: 'single', url: redis.url } : redis.target;
    const inRedis = lookIntoRedis(model, target, this.cluster.namespace);
    return await untilExact(async () => {
      const apart = servers.filter((server) => !server.isConnected);
      if (apart.length > 0) return apart.map(({ id }) => `server ${id} has no link`);
      const queried = await byQuery();
      return queried.length > 0 ? queried : await inRedis();
    }, deadlineMs);
  }

  #samplePeak(node: RouteNode): void {
    const bytes = peakMemoryBytes(node.pid);
    if (bytes !== undefined) this.#peakBytes = Math.max(this.#peakBytes ?? 0, bytes);
  }
}

/** Of many nodes that start at once, each would take longer than it may. */
const STARTED_AT_ONCE = 4;

/**
 * Starts a scene: `await using scene = await startScene({ seed })`. Resolves when all traffic
 * flows.
 */
export async function startScene(options: SceneOptions): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  try {
    const redis = stack.use(options.deployment ?? (await startPrivateRedis()));
    const scene = new Scene(options, redis, stack);
    onTestFailed(() => {
      process.stdout.write(scene.story.text);
    });
    for (let missing = options.nodes ?? 3; missing > 0; missing -= STARTED_AT_ONCE) {
      const count = Math.min(missing, STARTED_AT_ONCE);
      const starts = Array.from({ length: count }, () => scene.addNode());
      for (const start of await Promise.allSettled(starts)) {
        if (start.status === 'rejected') throw start.reason;
      }
    }
    await scene.begin();
    return scene;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** The first few differences, for a failure message. */
export function shown({ differences }: Exactness): string {
  const more = differences.length - SHOWN_DIFFERENCES;
  const lines = differences.slice(0, SHOWN_DIFFERENCES);
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
