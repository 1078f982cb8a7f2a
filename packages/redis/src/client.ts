import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { sentinelConnector, serverConnector } from './connector.ts';
import { SentinelClient } from './sentinel-client.ts';
import type {
  AddressMap,
  ClusterTarget,
  HostPort,
  RedisSettings,
  SentinelTarget,
} from './target.ts';

/** What commands are given to: one server, whichever it is, or all of a cluster. */
export type RedisClient = Redis | Cluster;

/** A cluster command is sent on to the node that is said to have the key now so often at the most. */
const MAX_REDIRECTIONS = 5;
const SLOTS_REFRESH_MS = 1000;
/** A server that loads its data is asked this often whether it has finished. */
const LOADING_RETRY_MS = 500;
const CONNECTOR_FIRST_MS = 500;
/** What the client gives as the reason where it does not know it. */
const CLOSED = 'Connection is closed.';
/** An idle connection is probed after this long: one whose other end has vanished ends some 10 s later. */
const KEEP_ALIVE_MS = 5000;

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
      return new Redis(target.url, options);
    case 'sentinel':
      return new SentinelClient(
        { ...options, ...sentinelOptions(settings, target) },
        reconnectDelayMs,
      );
    case 'cluster': {
      const [first] = target.nodes;
      const { host, port } = at ?? first ?? { host: '127.0.0.1', port: 6379 };
      return new Redis({ ...options, host, port });
    }
  }
}

function createClusterClient(settings: RedisSettings, target: ClusterTarget): Cluster {
  let lastReason: Error | undefined;
  const noteReason = (error: Error): void => {
    lastReason = error;
    settings.attemptFailed?.(error);
  };
  const cluster = new Cluster([...target.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    // A command whose connection broke may have been carried out: it is for the caller to say it again.
    retryDelayOnFailover: 0,
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: settings.connectTimeoutMs,
    // A certificate is for the name: what it resolves to is looked up by each connection.
    dnsLookup: (host, callback) => callback(null, host),
    ...natMapOption(target.addressMap),
    redisOptions: connectionOptions({ ...settings, attemptFailed: noteReason }),
  });
  cluster.on('node error', (error: Error, address: string) => {
    if (!error.message.includes(address)) error.message = `${address}: ${error.message}`;
    if (!error.message.endsWith(CLOSED)) lastReason = error;
  });
  // The first to be told: the client itself says only that it could not find out who has which slots.
  cluster.on('error', (error: Error) => {
    if ('lastNodeError' in error && lastReason !== undefined) error.lastNodeError = lastReason;
    lastReason = undefined;
  });
  return cluster;
}

/** What is the same for all; the account and TLS are the connector's business. */
function connectionOptions(settings: RedisSettings) {
  const isSentinel = settings.target.kind === 'sentinel';
  return {
    Connector: isSentinel ? sentinelConnector(settings) : serverConnector(settings),
    connectionName: settings.connectionName,
    // The connector ends an attempt that takes longer, and says where to.
    connectTimeout: settings.connectTimeoutMs + CONNECTOR_FIRST_MS,
    commandTimeout: settings.commandTimeoutMs,
    ...(settings.silentMs !== undefined && { socketTimeout: settings.silentMs }),
    keepAlive: KEEP_ALIVE_MS,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // CLIENT SETINFO is of use to nobody here, and one more thing that a user must be allowed.
    disableClientInfo: true,
    noDelay: true,
  } satisfies RedisOptions;
}

function sentinelOptions(settings: RedisSettings, target: SentinelTarget) {
  return {
    sentinels: [...target.sentinels],
    name: target.name,
    role: 'master' as const,
    // A demoted primary goes on answering, and passes what is published to its own replicas only.
    failoverDetector: true,
    sentinelRetryStrategy: reconnectDelayMs,
    sentinelCommandTimeout: settings.commandTimeoutMs,
    enableTLSForSentinelMode: target.tls !== undefined,
    ...natMapOption(target.addressMap),
  } satisfies RedisOptions;
}

function natMapOption(map: AddressMap | undefined) {
  if (map === undefined) return {};
  return { natMap: (announced: string) => map.get(announced) ?? null };
}
