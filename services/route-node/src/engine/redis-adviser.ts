import { errorText, type RedisClient, readServerLimits, redisAdvice } from '@route/redis';
import type { Logger } from '../observability/log.ts';

export interface RedisAdviserOptions {
  readonly redis: RedisClient;
  readonly log: Logger;
  readonly windowBytes: number;
  failed(reason: string): void;
}

/** Says what is wrong with how Redis is set, once, until that changes. */
export class RedisAdviser {
  readonly #options: RedisAdviserOptions;
  #advised = '';

  constructor(options: RedisAdviserOptions) {
    this.#options = options;
  }

  /** Looks at how Redis is set; to be called whenever it may be another one. */
  async look(): Promise<void> {
    const { redis, log, windowBytes, failed } = this.#options;
    try {
      const servers = await readServerLimits(redis);
      const advice = servers.flatMap((limits) =>
        redisAdvice(limits, windowBytes).map((problem) => ({ server: limits.address, problem })),
      );
      const said = JSON.stringify(advice);
      if (said === this.#advised) return;
      this.#advised = said;
      for (const { server, problem } of advice) {
        log.warn({ event: 'redis-setting', server, problem });
      }
    } catch (error) {
      failed(errorText(error));
    }
  }
}
