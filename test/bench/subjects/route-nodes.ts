import { type NodeEnv, type RouteNode, startCluster, startRouteNode } from '../../harness/index.ts';
import type { BenchRedis } from './redis.ts';
import type { RunningSubject, Subject } from './subject.ts';

/** Settings that make a node write a CPU profile into a folder when it stops. */
export function profilingEnv(folder: string): NodeEnv {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

/** One route node without Redis. */
export function memoryNode(env: NodeEnv): Subject {
  return {
    name: 'route node, memory',
    dialect: 'route',
    relays: true,
    start: async () => {
      const node = await startRouteNode({ env });
      return running([node], () => node[Symbol.asyncDispose]());
    },
  };
}

/** Route nodes over one Redis, each start in its own namespace. */
export function routeNodes(redis: BenchRedis, count: number, env: NodeEnv): Subject {
  return {
    name: count === 1 ? 'route node' : `${count} route nodes`,
    dialect: 'route',
    relays: true,
    start: async () => {
      const cluster = await startCluster({ nodes: count, redisUrl: redis.url, env });
      return running(cluster.nodes, () => cluster[Symbol.asyncDispose](), redis);
    },
  };
}

function running(
  nodes: readonly RouteNode[],
  dispose: () => Promise<void>,
  redis?: BenchRedis,
): RunningSubject {
  return {
    ...(redis !== undefined && { redisPort: redis.port }),
    targets: nodes.map(({ host, port }) => ({ host, port })),
    pids: nodes.map(({ pid }) => pid),
    [Symbol.asyncDispose]: async () => {
      // A killed node writes no profile.
      for (const node of nodes) node.signal('SIGTERM');
      await Promise.all(nodes.map(({ exited }) => exited));
      await dispose();
    },
  };
}
