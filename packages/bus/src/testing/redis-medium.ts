import { inject } from 'vitest';
import { RedisTransport } from '../transport/redis-transport.ts';
import type { Medium } from './bus-suite.ts';
import { TcpProxy } from './tcp-proxy.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

/** How a test's transport reaches Redis. */
export function redisTransport(
  namespace: string,
  node: string,
  url = inject('redisUrl'),
): RedisTransport {
  return new RedisTransport({
    redis: {
      target: { kind: 'single', url },
      commandTimeoutMs: 1000,
      connectTimeoutMs: 1000,
      connectionName: node,
    },
    namespace,
    nodeId: node,
  });
}

/** The Redis that the test run was given, each node with its own way to it. */
export const redisMedium: Medium = {
  join: async (namespace, node) => {
    const proxy = await TcpProxy.to(inject('redisUrl'));
    return {
      transport: redisTransport(namespace, node, proxy.url),
      cut: () => proxy.cut(),
      mend: () => proxy.mend(),
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  },
};
