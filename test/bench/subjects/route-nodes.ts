import { type NodeEnv, startCluster, startRouteNode } from '../../harness/index.ts';
import type { Subject } from './subject.ts';

/** One route node without Redis. */
export const memoryNode: Subject = {
  name: 'route node, memory',
  dialect: 'route',
  start: async () => {
    const node = await startRouteNode({ env: { LOG_LEVEL: 'info' } });
    return {
      targets: [{ host: node.host, port: node.port }],
      pids: [node.pid],
      [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
    };
  },
};

/** Route nodes over one Redis, each start in a namespace of its own. */
export function routeNodes(redisUrl: string, count: number, env: NodeEnv = {}): Subject {
  return {
    name: count === 1 ? 'route node' : `${count} route nodes`,
    dialect: 'route',
    start: async () => {
      const cluster = await startCluster({ nodes: count, redisUrl, env });
      return {
        targets: cluster.nodes.map(({ host, port }) => ({ host, port })),
        pids: cluster.nodes.map(({ pid }) => pid),
        [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
      };
    },
  };
}
