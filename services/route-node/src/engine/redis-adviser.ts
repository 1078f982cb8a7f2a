import { errorText, type RedisClient, readServerLimits, redisAdvice } from '@route/redis';
import type { Logger } from '../observability/log.ts';

export interface RedisAdviserOptions {
  readonly redis: RedisClient;
  readonly log: Logger;
  readonly windowBytes: number;
  failed(reason: string): void;
}

/** Logs problems with the configuration of Redis, once until they change. */
export class RedisAdviser {
  readonly #options: RedisAdviserOptions;
  #advised = '';

  constructor(options: RedisAdviserOptions) {
    this.#options = options;
  }

  /** Checks the configuration; to be called whenever the server may have changed. */
  async look(): Promise<void> {
    const { redis, log, windowBytes, failed } = this.#options;
    try {
      const servers = await readServerLimits(redis);
      const advice = servers.flatMap((limits) =>
        redisAdvice(limits, windowBytes).map((problem) => ({ server: limits.address, problem })),
      );
      const text = JSON.stringify(advice);
      if (text === this.#advised) return;
      this.#advised = text;
      for (const { server, problem } of advice) {
        log.warn({ event: 'redis-setting', server, problem });
      }
    } catch (error) {
      failed(errorText(error));
    }
  }
}
