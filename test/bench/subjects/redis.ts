import { findFreePorts, startRedisProcess, waitFor } from '@route/fixtures';
import { findRedisServer, redisAnswers } from '@route/local-cluster';

/** A Redis for the benchmark alone. */
export interface BenchRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Its description, for the report. */
  readonly kind: 'local' | 'container';
}

/**
 * Starts a Redis on loopback without persistence: a local redis-server, else a container on the
 * host's network, which adds no cost.
 */
export async function startBenchRedis(): Promise<BenchRedis> {
  const kind = (await findRedisServer()) === undefined ? 'container' : 'local';
  const [port = 0] = await findFreePorts(1);
  const config = (directory: string) => [
    ...['bind 127.0.0.1', `port ${port}`, `dir ${directory}`, 'save ""', 'appendonly no'],
  ];
  const redis = await startRedisProcess({ port, config }, kind);
  const url = `redis://127.0.0.1:${port}`;
  try {
    await waitFor(() => redisAnswers(url), { what: `Redis on ${url}`, deadlineMs: 10_000 });
  } catch (error) {
    await redis[Symbol.asyncDispose]();
    throw error;
  }
  return { url, port, kind, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() };
}
