import { sharedRedisUrl, uniqueNamespace } from '@route/fixtures';
import {
  type NodeEnv,
  type RouteNode,
  type RouteNodeOptions,
  startRouteNode,
} from './route-node.ts';

export interface ClusterOptions {
  /** Default 3. */
  readonly nodes?: number;
  /** Settings of all nodes. */
  readonly env?: NodeEnv;
  /** What starts the nodes; this tree's by default. */
  readonly program?: string;
  /** The tests' shared Redis by default. */
  readonly redisUrl?: string;
}

/** Route nodes on one Redis and in one namespace of their own. */
export class Cluster implements AsyncDisposable {
  readonly env: NodeEnv;
  readonly #nodes: RouteNode[] = [];
  readonly #stack = new AsyncDisposableStack();

  constructor({ env = {}, redisUrl = sharedRedisUrl() }: ClusterOptions) {
    this.env = {
      ROUTE_ENGINE: 'redis',
      REDIS_URL: redisUrl,
      ROUTE_NAMESPACE: uniqueNamespace(),
      ...env,
    };
  }

  /** All nodes ever started, in order, those that have ended included. */
  get nodes(): readonly RouteNode[] {
    return this.#nodes;
  }

  get namespace(): string {
    return this.env['ROUTE_NAMESPACE'] ?? '';
  }

  /** The node started as this one, counted from 0. */
  node(index: number): RouteNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`no node ${index}, there are ${this.#nodes.length}`);
    return node;
  }

  /** Starts one more node; `env` goes before the cluster's. */
  async add({ env, ...options }: RouteNodeOptions = {}): Promise<RouteNode> {
    const node = await startRouteNode({ ...options, env: { ...this.env, ...env } });
    this.#stack.use(node);
    this.#nodes.push(node);
    return node;
  }

  /** Waits until every node that runs sees all that run, and no other. */
  async waitUntilMet(): Promise<void> {
    const running = this.#nodes.filter((node) => node.isRunning);
    for (const node of running) {
      await node.waitForMetric('route_live_nodes', (count) => count === running.length, {
        deadlineMs: 30_000,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Starts a cluster, with all nodes ready: `await using cluster = await startCluster(...)`. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new Cluster(options);
  try {
    const { nodes = 3, program } = options;
    const how = program === undefined ? {} : { program };
    const starts = Array.from({ length: nodes }, () => cluster.add(how));
    // All are waited for even when one fails: what has started must be known to be ended.
    for (const start of await Promise.allSettled(starts)) {
      if (start.status === 'rejected') throw start.reason;
    }
    await cluster.waitUntilMet();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
