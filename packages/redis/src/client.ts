import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { SentinelClient } from './sentinel-client.ts';
import type { ClusterTarget, HostPort, RedisSettings, RedisTls, SentinelTarget } from './target.ts';

/** What commands are given to: one server, whichever it is, or all of a cluster. */
export type RedisClient = Redis | Cluster;

/** A cluster command is sent on to the node that is said to have the key now so often at the most. */
const MAX_REDIRECTIONS = 5;
const SLOTS_REFRESH_MS = 1000;

/**
 * Delay before the nth reconnection attempt: quick at first, and soon again however long the outage was. What
 * comes after it (the lease, asserting all that the links hold) must be done within 5 s of Redis being back.
 */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 4), 500) * (0.75 + Math.random() / 2);
}

/**
 * A client that never does anything behind its caller's back: a command that cannot be answered is
 * rejected and never sent a second time, nothing is queued while there is no connection, and
 * subscriptions are not restored (a refused restore would leave a subscriber deaf and silent). The
 * caller connects it, and acts on its 'ready' and 'close' events. Of a cluster only a command that a
 * node has refused, so that it was not carried out, is sent on to another node.
 *
 * It raises 'error' events; the caller must listen to them.
 */
export function createRedisClient(settings: RedisSettings): RedisClient {
  const { target } = settings;
  return target.kind === 'cluster'
    ? createClusterClient(settings, target)
    : createServerClient(settings);
}

/**
 * A client of one server, with the same manners: the Redis itself, the primary that the Sentinels name
 * when it connects, or the node of a cluster at `at`.
 */
export function createServerClient(settings: RedisSettings, at?: HostPort): Redis {
  const { target } = settings;
  const options = {
    ...connectionOptions(settings),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelayMs,
  };
  switch (target.kind) {
    case 'single':
      return new Redis(target.url, { ...options, ...tlsOption(target.tls) });
    case 'sentinel':
      return new SentinelClient(
        { ...options, ...target.account, ...sentinelOptions(settings, target) },
        reconnectDelayMs,
      );
    case 'cluster': {
      const [first] = target.nodes;
      const { host, port } = at ?? first ?? { host: '127.0.0.1', port: 6379 };
      return new Redis({ ...options, ...target.account, ...tlsOption(target.tls), host, port });
    }
  }
}

function createClusterClient(settings: RedisSettings, target: ClusterTarget): Cluster {
  return new Cluster([...target.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    // A command whose connection broke may have been carried out: it is for the caller to say it again.
    retryDelayOnFailover: 0,
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: settings.connectTimeoutMs,
    redisOptions: { ...connectionOptions(settings), ...target.account, ...tlsOption(target.tls) },
  });
}

function connectionOptions(settings: RedisSettings) {
  return {
    connectionName: settings.connectionName,
    connectTimeout: settings.connectTimeoutMs,
    commandTimeout: settings.commandTimeoutMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // CLIENT SETINFO is of use to nobody here, and one more thing that a user must be allowed.
    disableClientInfo: true,
    noDelay: true,
  } satisfies RedisOptions;
}

function sentinelOptions(settings: RedisSettings, target: SentinelTarget) {
  const { username, password } = target.sentinelAccount;
  return {
    sentinels: [...target.sentinels],
    name: target.name,
    role: 'master' as const,
    // A demoted primary goes on answering, and passes what is published to its own replicas only.
    failoverDetector: true,
    sentinelRetryStrategy: reconnectDelayMs,
    sentinelCommandTimeout: settings.commandTimeoutMs,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(target.tls !== undefined && {
      tls: tlsOf(target.tls),
      sentinelTLS: tlsOf(target.tls),
      enableTLSForSentinelMode: true,
    }),
  } satisfies RedisOptions;
}

function tlsOption(tls: RedisTls | undefined) {
  return tls === undefined ? {} : { tls: tlsOf(tls) };
}

function tlsOf({ ca, cert, key, serverName }: RedisTls): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
