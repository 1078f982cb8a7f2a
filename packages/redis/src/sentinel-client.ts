import { Redis, type RedisOptions } from 'ioredis';

/**
 * A client of the primary that the Sentinels name. A failover that they announce during a lookup
 * makes ioredis (6.0) stop for good, as if its owner had disconnected: it ends without a 'close'.
 * This one continues until its owner disconnects it.
 */
export class SentinelClient extends Redis {
  #left = false;

  constructor(
    options: Omit<RedisOptions, 'replyMapping'>,
    retryDelayMs: (attempt: number) => number,
  ) {
    super(options);
    let attempt = 0;
    this.on('ready', () => {
      attempt = 0;
    });
    this.on('end', () => {
      if (this.#left) return;
      attempt += 1;
      setTimeout(() => {
        // Failures arrive as an 'error' event, and another 'end'.
        if (!this.#left && this.status === 'end') this.connect().catch(() => {});
      }, retryDelayMs(attempt));
    });
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#left = true;
    super.disconnect(reconnect);
  }
}
