import { type PresenceStore, readNodeRegistry } from '@route/presence';
import { createRedisClient, type RedisClient, type RedisTarget, redisProblem } from '@route/redis';
import { CommandError, EXIT } from './exit-codes.ts';
import { type ClientOf, type FoundNodes, known } from './nodes.ts';

/** A connection to the cluster's Redis, to look and not to touch. */
export class RedisSession implements AsyncDisposable {
  readonly redis: RedisClient;
  readonly namespace: string;

  private constructor(redis: RedisClient, namespace: string) {
    this.redis = redis;
    this.namespace = namespace;
  }

  /** @throws CommandError when Redis does not answer in time. */
  static async open(
    target: RedisTarget,
    { namespace, timeoutMs }: { namespace: string; timeoutMs: number },
  ): Promise<RedisSession> {
    const redis = createRedisClient({
      target,
      commandTimeoutMs: timeoutMs,
      connectTimeoutMs: timeoutMs,
      connectionName: 'routectl',
      // It only reads.
      acceptsReplica: true,
    });
    let last: unknown;
    redis.on('error', (error: Error) => {
      last = error;
    });
    try {
      await within(redis.connect(), timeoutMs);
    } catch (error) {
      redis.disconnect();
      const reason = redisProblem(last ?? error).text;
      throw new CommandError(EXIT.unreachable, `no session with Redis: ${reason}`);
    }
    return new RedisSession(redis, namespace);
  }

  get store(): PresenceStore {
    return { redis: this.redis, namespace: this.namespace };
  }

  /** Lists all nodes by their records in Redis. */
  async findNodes(clientOf: ClientOf): Promise<FoundNodes> {
    const { nowMs, entries } = await readNodeRegistry(this.store);
    const nodes = entries.map(({ node, leaseLeftMs, info = null }) => {
      const alive = leaseLeftMs === null || leaseLeftMs > 0;
      return known({ node, self: false, alive, leaseLeftMs, info }, clientOf);
    });
    return { nodes, redisNowMs: nowMs ?? undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
  }
}

async function within(done: Promise<unknown>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    await Promise.race([done, promise]);
  } finally {
    clearTimeout(timer);
  }
}
