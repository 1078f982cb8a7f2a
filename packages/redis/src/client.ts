import { Redis } from 'ioredis';

/** Where Redis is and how long to believe that it will still answer. */
export interface RedisSettings {
  /** redis:// or rediss:// URL; user, password and database as in the URL. */
  readonly url: string;
  /** A command without an answer after this long is rejected: its outcome is unknown. */
  readonly commandTimeoutMs: number;
  /** How long a connection attempt may take. */
  readonly connectTimeoutMs: number;
  /** Shown in CLIENT LIST, so that an operator can tell whose connection it is. */
  readonly connectionName: string;
}

/** Delay before the nth reconnection attempt: quick at first, never more than 2 s. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 6), 2000) * (0.75 + Math.random() / 2);
}

/**
 * A client that never does anything behind its caller's back: a command that cannot be answered is
 * rejected at once and never sent a second time, nothing is queued while there is no connection, and
 * subscriptions are not restored (a refused restore would leave a subscriber deaf and silent). The
 * caller connects it, and acts on its 'ready' and 'close' events.
 *
 * It raises 'error' events; the caller must listen to them.
 */
export function createRedisClient(settings: RedisSettings): Redis {
  return new Redis(settings.url, {
    lazyConnect: true,
    connectionName: settings.connectionName,
    connectTimeout: settings.connectTimeoutMs,
    commandTimeout: settings.commandTimeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
    retryStrategy: reconnectDelayMs,
    noDelay: true,
  });
}
