import { type Cluster, Redis, type RedisOptions } from 'ioredis';
import { ClusterClient } from './cluster-client.ts';
import { type FindPrimary, serverConnector } from './connector.ts';
import { register } from './malformed-replies.ts';
import { Sentinels } from './sentinels.ts';
import type {
  AddressMap,
  ClusterTarget,
  HostPort,
  RedisSettings,
  RedisTarget,
  SentinelTarget,
} from './target.ts';

/** The target of commands: one server, or a whole cluster. */
export type RedisClient = Redis | Cluster;

/** Maximum number of redirections of a cluster command. */
const MAX_REDIRECTIONS = 5;
const SLOTS_REFRESH_MS = 1000;
/** Interval at which a command tries again whether its slot has been moved. */
const MOVING_RETRY_MS = 50;
/** Beyond the time-outs of its steps: the longest delay before an attempt, and some spare time. */
const STUCK_MS = 1000;
/** Interval at which a loading server is asked whether it has finished. */
const LOADING_RETRY_MS = 500;
const CONNECTOR_FIRST_MS = 500;
/** Idle time before a connection is probed: one with a vanished peer closes some 10 s later. */
const KEEP_ALIVE_MS = 5000;

/**
 * Delay before the nth reconnection attempt: short at first, and bounded for long outages. The work
 * after it (the lease, asserting the users of all links) must be done within 5 s of Redis being
 * back.
 */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 4), 500) * (0.75 + Math.random() / 2);
}

/**
 * Creates a client that never acts on its own: a command without an answer is rejected and never
 * repeated, nothing is queued while disconnected, and subscriptions are not restored (a refused
 * restore would leave a subscriber that silently receives nothing). The caller connects it, and
 * handles its 'ready' and 'close' events. In a cluster only a command that a node has refused,
 * and so not executed, is sent to another node.
 *
 * It raises 'error' events; the caller must listen to them.
 */
export function createRedisClient(settings: RedisSettings): RedisClient {
  const { target } = settings;
  return target.kind === 'cluster'
    ? register(createClusterClient(settings, target))
    : createServerClient(settings);
}

/**
 * A client of one server, with the same manners: the Redis itself, the primary that the Sentinels
 * name when it connects, or the node of a cluster at `at`.
 */
export function createServerClient(settings: RedisSettings, at?: HostPort): Redis {
  return register(newServerClient(settings, at));
}

function newServerClient(settings: RedisSettings, at?: HostPort): Redis {
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
    case 'sentinel': {
      const sentinels = Sentinels.of(target);
      const find: FindPrimary = () =>
        sentinels.findPrimary((address, retryMs) =>
          newSentinelClient({ settings, target, address, retryMs }),
        );
      return new Redis({ ...options, Connector: serverConnector(settings, find) });
    }
    case 'cluster': {
      const [first] = target.nodes;
      const { host, port } = at ?? first ?? { host: '127.0.0.1', port: 6379 };
      return new Redis({ ...options, host, port });
    }
  }
}

interface SentinelOptions {
  readonly settings: RedisSettings;
  readonly target: SentinelTarget;
  readonly address: HostPort;
  readonly retryMs: number | undefined;
}

function newSentinelClient({ settings, target, address, retryMs }: SentinelOptions): Redis {
  const asItself = (now: SentinelTarget): SentinelTarget => ({
    ...now,
    account: now.sentinelAccount,
  });
  const current = (): RedisTarget => {
    const now = settings.currentTarget?.() ?? target;
    return now.kind === 'sentinel' ? asItself(now) : now;
  };
  return new Redis({
    ...connectionOptions({ ...settings, target: asItself(target), currentTarget: current }),
    host: address.host,
    port: address.port,
    lazyConnect: true,
    enableOfflineQueue: false,
    // INFO may be forbidden.
    enableReadyCheck: false,
    protocol: 2,
    retryStrategy: () => retryMs ?? null,
  });
}

function createClusterClient(settings: RedisSettings, target: ClusterTarget): Cluster {
  const attemptFailed = (error: Error): void => {
    cluster.attemptFailed(error);
    settings.attemptFailed?.(error);
  };
  const cluster = new ClusterClient(
    [...target.nodes],
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelayMs,
      // A command whose connection broke may have been executed: the caller decides whether to
      // repeat it.
      retryDelayOnFailover: 0,
      retryDelayOnTryAgain: MOVING_RETRY_MS,
      maxRedirections: MAX_REDIRECTIONS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      slotsRefreshTimeout: settings.connectTimeoutMs,
      // A certificate is for the name; each connection resolves the name itself.
      dnsLookup: (host, callback) => callback(null, host),
      ...natMapOption(target.addressMap),
      redisOptions: connectionOptions({ ...settings, attemptFailed }),
    },
    {
      stuckMs: settings.connectTimeoutMs + settings.commandTimeoutMs + STUCK_MS,
      // The command times out later, so that its error names the reason.
      movingMs: settings.commandTimeoutMs / 2,
    },
  );
  return cluster;
}

/** Options common to all clients; the connector sets account and TLS. */
function connectionOptions(settings: RedisSettings) {
  return {
    Connector: serverConnector(settings),
    connectionName: settings.connectionName,
    // The connector aborts an attempt that takes longer, and names the address.
    connectTimeout: settings.connectTimeoutMs + CONNECTOR_FIRST_MS,
    commandTimeout: settings.commandTimeoutMs,
    ...(settings.silentMs !== undefined && { socketTimeout: settings.silentMs }),
    keepAlive: KEEP_ALIVE_MS,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // CLIENT SETINFO has no use here, and would need another right for the user.
    disableClientInfo: true,
    noDelay: true,
  } satisfies RedisOptions;
}

function natMapOption(map: AddressMap | undefined) {
  if (map === undefined) return {};
  return { natMap: (announced: string) => map.get(announced) ?? null };
}
