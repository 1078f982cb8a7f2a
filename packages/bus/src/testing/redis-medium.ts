import { inject } from 'vitest';
import type { Medium } from '../bus-suite.ts';
import { RedisTransport } from '../redis-transport.ts';

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
    redis: { url, commandTimeoutMs: 1000, connectTimeoutMs: 1000, connectionName: node },
    namespace,
  });
}

/** The Redis that the test run was given. */
export function redisMedium(): Medium {
  return { join: (namespace, node) => redisTransport(namespace, node) };
}
