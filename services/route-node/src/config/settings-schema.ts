import { z } from 'zod';
import { ADMISSION_SETTINGS } from './admission-settings.ts';
import { REDIS_SETTINGS } from './redis-settings.ts';
import {
  address,
  adminToken,
  clientTypes,
  hostName,
  hostNames,
  namespace,
  offOrPercent,
  oneOf,
  seconds,
  whole,
} from './setting-kinds.ts';

export type { Address } from './address.ts';

const MIB = 1024 * 1024;

/**
 * Every setting: its name in the environment, what values it takes, its default as one would write
 * it, what it means. Flags have the same names in lower case with dashes.
 */
export const SETTINGS = {
  ROUTE_LISTEN: {
    schema: address,
    default: '0.0.0.0:8200',
    meaning: 'where msg_servers connect (host:port; port 0 takes a free one)',
  },
  ROUTE_ADMIN_LISTEN: {
    schema: address,
    default: '127.0.0.1:9200',
    meaning: 'where /metrics, /healthz, /readyz and the admin API are served (host:port)',
  },
  ROUTE_ADMIN_TOKEN: {
    schema: adminToken,
    default: '',
    meaning:
      'the secret that a request over the admin API must carry to change the node’s state (drain, close a link, rebalance) and, where it is set, to watch PDUs; without it no request may change state; ROUTE_ADMIN_TOKEN_FILE names a file with it, in force within a second of a change',
    secret: true,
  },
  ROUTE_ADMIN_HOSTS: {
    schema: hostNames,
    default: '',
    meaning:
      'names by which the admin port may be called, beside IP addresses, localhost, the machine’s own name and ROUTE_ADVERTISE_HOST (name,.domain,...; .domain stands for all names below it, as .svc.cluster.local)',
  },
  ROUTE_ADMIN_MAX_CONNECTIONS: {
    schema: whole(4, 65_536),
    default: '128',
    meaning:
      'connections to the admin port that are open at the same time; at the limit a new one closes an idle one of the address that has the most',
  },
  ROUTE_WATCH_BODIES: {
    schema: oneOf(['off', 'on']),
    default: 'off',
    meaning:
      'whether the admin API may show what users write, to requests that carry ROUTE_ADMIN_TOKEN',
  },
  ROUTE_ADVERTISE_HOST: {
    schema: hostName,
    default: '',
    meaning:
      'the host under which other nodes and tools reach this one; by default the one listened on, or this machine’s first address',
  },
  ROUTE_ENGINE: {
    schema: oneOf(['redis', 'memory']),
    default: 'redis',
    meaning: 'redis: one of a cluster; memory: one node alone, without Redis',
  },
  ...REDIS_SETTINGS,
  ROUTE_NAMESPACE: {
    schema: namespace,
    default: 'route',
    meaning: 'prefix of all keys and channels; nodes with the same one are one cluster',
  },
  ROUTE_LINKS: {
    schema: oneOf(['all', 'master']),
    default: 'all',
    meaning: 'which links count and receive: all, or only a msg_server’s master link',
  },
  ROUTE_DELIVERY: {
    schema: oneOf(['broadcast', 'directed']),
    default: 'broadcast',
    meaning:
      'who gets a message to certain users: broadcast, every link, as with the original; directed, those links alone that hold them',
  },
  ROUTE_DELIVERY_KEPT_BYTES: {
    schema: whole(1 * MIB, 1024 * MIB),
    default: String(16 * MIB),
    meaning:
      'directed delivery keeps what it has sent until it is certain that no user has moved meanwhile, a fraction of a second as a rule; at so many bytes the node stops reading its links until half of it is gone',
  },
  ...ADMISSION_SETTINGS,
  ROUTE_LEASE_SECONDS: {
    schema: seconds(1, 300),
    default: '10',
    meaning: 'how long a silent node is still believed, in seconds',
  },
  ROUTE_AUDIT_SECONDS: {
    schema: seconds(1, 86_400),
    default: '600',
    meaning:
      'each node compares what its links hold with all that Redis holds once in so many seconds',
  },
  ROUTE_LOST_GRACE_SECONDS: {
    schema: seconds(0, 3600),
    default: '15',
    meaning:
      'a PC user whose link ended and who is not back after so many seconds is told to be offline; 0: never',
  },
  ROUTE_LOST_PER_SECOND: {
    schema: whole(1, 1_000_000),
    default: '1000',
    meaning: 'how many such users one node tells of in a second at the most',
  },
  ROUTE_HEARTBEAT_SECONDS: {
    schema: seconds(0.1, 300),
    default: '5',
    meaning: 'a heartbeat is sent on a link on which nothing was sent for so many seconds',
  },
  ROUTE_LINK_TIMEOUT_SECONDS: {
    schema: seconds(0.2, 3600),
    default: '30',
    meaning: 'a link on which nothing was received for so many seconds is closed',
  },
  ROUTE_DRAIN_SECONDS: {
    schema: seconds(0, 3600),
    default: '10',
    meaning: 'over how many seconds the links are closed after SIGTERM',
  },
  ROUTE_REBALANCE: {
    schema: offOrPercent,
    default: 'off',
    meaning:
      'a node with so many per cent of links more than its fair share has some of them connect again, for the load balancer to give them to another; off: never unasked',
  },
  ROUTE_REBALANCE_PER_MINUTE: {
    schema: whole(1, 100_000),
    default: '30',
    meaning: 'so many links one node has connect again in a minute for that at the most',
  },
  ROUTE_MAX_PDU_BYTES: {
    schema: whole(16, 256 * MIB),
    default: String(16 * MIB),
    meaning: 'the longest PDU taken, header included, in bytes; a longer one closes its link',
  },
  ROUTE_MAX_QUERY_USERS: {
    schema: whole(100, 1_000_000),
    default: '100000',
    meaning:
      'the most users that one status query may name; a query for more is dropped, counted and logged. The default is far above any contact list, and its answer takes 1 MB',
  },
  ROUTE_CLIENT_TYPES_PC: {
    schema: clientTypes,
    default: '',
    meaning:
      'client types beyond those of the protocol that count as PC clients (0x03,0x04,...), for forks of the original; the same on all nodes. A list or update with any other type is dropped, counted and logged',
  },
  ROUTE_CLIENT_TYPES_MOBILE: {
    schema: clientTypes,
    default: '',
    meaning:
      'client types beyond those of the protocol that count as mobile clients (0x13,0x14,...); the same on all nodes',
  },
  ROUTE_LINK_WAITING_PDUS: {
    schema: whole(1, 1_000_000),
    default: '10000',
    meaning: 'so many PDUs of one link may wait for presence before the link is not read further',
  },
  ROUTE_LINK_WAITING_BYTES: {
    schema: whole(1024, 1024 * MIB),
    default: String(8 * MIB),
    meaning: 'so many bytes of one link may wait for presence before the link is not read further',
  },
  ROUTE_LINK_UNSENT_MARK_BYTES: {
    schema: whole(1024, 1024 * MIB),
    default: String(8 * MIB),
    meaning: 'so many unsent bytes of one link slow down all links that send',
  },
  ROUTE_LINK_UNSENT_LIMIT_BYTES: {
    schema: whole(1024, 1024 * MIB),
    default: String(64 * MIB),
    meaning: 'a link with so many unsent bytes is closed',
  },
  ROUTE_LINK_STUCK_SECONDS: {
    schema: seconds(0.1, 3600),
    default: '10',
    meaning:
      'a link over the mark of unsent bytes whose backlog does not shrink for so long is closed',
  },
  ROUTE_BUS_WINDOW_BYTES: {
    schema: whole(64 * 1024, 24 * MIB),
    default: String(8 * MIB),
    meaning:
      'so many bytes may be under way between all nodes together; Redis must allow its subscribers more (client-output-buffer-limit pubsub)',
  },
  ROUTE_BUS_HELD_SECONDS: {
    schema: seconds(1, 3600),
    default: '30',
    meaning: 'what a live node has not got after so many seconds is given up, counted and logged',
  },
  ROUTE_BUS_HELD_BYTES: {
    schema: whole(MIB, 4096 * MIB),
    default: String(64 * MIB),
    meaning: 'so many bytes are kept for nodes that lack them; beyond it the oldest are given up',
  },
  ROUTE_ISOLATED_SECONDS: {
    schema: seconds(1, 3600),
    default: '20',
    meaning:
      'a node that has had no Redis, or has not heard the bus, for this many seconds closes its links so that they connect elsewhere, if another node says that it is ready; must be less than ROUTE_BUS_HELD_SECONDS, or messages for its links are lost first',
  },
  ROUTE_BUS_DEAF_SECONDS: {
    schema: seconds(1, 300),
    default: '2',
    meaning: 'a node that has not heard itself on the bus for so many seconds connects anew',
  },
  LOG_LEVEL: {
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    default: 'info',
    meaning: 'the least severe log lines that are written',
  },
  LOG_BUFFER_BYTES: {
    schema: whole(64 * 1024, 256 * MIB),
    default: String(MIB),
    meaning:
      'log lines that wait for standard output (a full disk, a reader that stands still), in bytes; beyond it lines are dropped and counted, and the node goes on',
  },
} as const satisfies Record<string, SettingEntry>;

interface SettingEntry {
  readonly schema: z.ZodType;
  readonly default: string;
  readonly meaning: string;
  /** Never shown; may also be given as the name of a file, in NAME_FILE. */
  readonly secret?: boolean;
}

export type SettingName = keyof typeof SETTINGS;

/** All settings as they are used: read once at start, never changed. */
export type Settings = {
  readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']>;
};

/** The settings' names, in the order in which help lists them. */
export const SETTING_NAMES = Object.keys(SETTINGS).filter(
  (name): name is SettingName => name in SETTINGS,
);

/** The schema of all settings together. */
export const settingsSchema: z.ZodType<Settings> = z.object({
  ROUTE_LISTEN: SETTINGS.ROUTE_LISTEN.schema,
  ROUTE_ADMIN_LISTEN: SETTINGS.ROUTE_ADMIN_LISTEN.schema,
  ROUTE_ADMIN_TOKEN: SETTINGS.ROUTE_ADMIN_TOKEN.schema,
  ROUTE_ADMIN_HOSTS: SETTINGS.ROUTE_ADMIN_HOSTS.schema,
  ROUTE_ADMIN_MAX_CONNECTIONS: SETTINGS.ROUTE_ADMIN_MAX_CONNECTIONS.schema,
  ROUTE_WATCH_BODIES: SETTINGS.ROUTE_WATCH_BODIES.schema,
  ROUTE_ADVERTISE_HOST: SETTINGS.ROUTE_ADVERTISE_HOST.schema,
  ROUTE_ENGINE: SETTINGS.ROUTE_ENGINE.schema,
  REDIS_URL: SETTINGS.REDIS_URL.schema,
  REDIS_SENTINELS: SETTINGS.REDIS_SENTINELS.schema,
  REDIS_SENTINEL_NAME: SETTINGS.REDIS_SENTINEL_NAME.schema,
  REDIS_SENTINEL_USERNAME: SETTINGS.REDIS_SENTINEL_USERNAME.schema,
  REDIS_SENTINEL_PASSWORD: SETTINGS.REDIS_SENTINEL_PASSWORD.schema,
  REDIS_CLUSTER: SETTINGS.REDIS_CLUSTER.schema,
  REDIS_ADDRESS_MAP: SETTINGS.REDIS_ADDRESS_MAP.schema,
  REDIS_USERNAME: SETTINGS.REDIS_USERNAME.schema,
  REDIS_PASSWORD: SETTINGS.REDIS_PASSWORD.schema,
  REDIS_TLS: SETTINGS.REDIS_TLS.schema,
  REDIS_TLS_CA: SETTINGS.REDIS_TLS_CA.schema,
  REDIS_TLS_CERT: SETTINGS.REDIS_TLS_CERT.schema,
  REDIS_TLS_KEY: SETTINGS.REDIS_TLS_KEY.schema,
  REDIS_TLS_SERVER_NAME: SETTINGS.REDIS_TLS_SERVER_NAME.schema,
  REDIS_COMMAND_TIMEOUT_MS: SETTINGS.REDIS_COMMAND_TIMEOUT_MS.schema,
  REDIS_CONNECT_TIMEOUT_MS: SETTINGS.REDIS_CONNECT_TIMEOUT_MS.schema,
  ROUTE_NAMESPACE: SETTINGS.ROUTE_NAMESPACE.schema,
  ROUTE_LINKS: SETTINGS.ROUTE_LINKS.schema,
  ROUTE_DELIVERY: SETTINGS.ROUTE_DELIVERY.schema,
  ROUTE_DELIVERY_KEPT_BYTES: SETTINGS.ROUTE_DELIVERY_KEPT_BYTES.schema,
  ROUTE_PROXY_PROTOCOL: SETTINGS.ROUTE_PROXY_PROTOCOL.schema,
  ROUTE_PROXY_FROM: SETTINGS.ROUTE_PROXY_FROM.schema,
  ROUTE_TLS_CERT: SETTINGS.ROUTE_TLS_CERT.schema,
  ROUTE_TLS_KEY: SETTINGS.ROUTE_TLS_KEY.schema,
  ROUTE_TLS_CA: SETTINGS.ROUTE_TLS_CA.schema,
  ROUTE_ALLOW: SETTINGS.ROUTE_ALLOW.schema,
  ROUTE_MAX_LINKS: SETTINGS.ROUTE_MAX_LINKS.schema,
  ROUTE_MAX_LINKS_PER_ADDRESS: SETTINGS.ROUTE_MAX_LINKS_PER_ADDRESS.schema,
  ROUTE_MAX_HANDSHAKES: SETTINGS.ROUTE_MAX_HANDSHAKES.schema,
  ROUTE_MAX_HANDSHAKES_PER_ADDRESS: SETTINGS.ROUTE_MAX_HANDSHAKES_PER_ADDRESS.schema,
  ROUTE_HANDSHAKE_SECONDS: SETTINGS.ROUTE_HANDSHAKE_SECONDS.schema,
  ROUTE_LEASE_SECONDS: SETTINGS.ROUTE_LEASE_SECONDS.schema,
  ROUTE_AUDIT_SECONDS: SETTINGS.ROUTE_AUDIT_SECONDS.schema,
  ROUTE_LOST_GRACE_SECONDS: SETTINGS.ROUTE_LOST_GRACE_SECONDS.schema,
  ROUTE_LOST_PER_SECOND: SETTINGS.ROUTE_LOST_PER_SECOND.schema,
  ROUTE_HEARTBEAT_SECONDS: SETTINGS.ROUTE_HEARTBEAT_SECONDS.schema,
  ROUTE_LINK_TIMEOUT_SECONDS: SETTINGS.ROUTE_LINK_TIMEOUT_SECONDS.schema,
  ROUTE_DRAIN_SECONDS: SETTINGS.ROUTE_DRAIN_SECONDS.schema,
  ROUTE_REBALANCE: SETTINGS.ROUTE_REBALANCE.schema,
  ROUTE_REBALANCE_PER_MINUTE: SETTINGS.ROUTE_REBALANCE_PER_MINUTE.schema,
  ROUTE_MAX_PDU_BYTES: SETTINGS.ROUTE_MAX_PDU_BYTES.schema,
  ROUTE_MAX_QUERY_USERS: SETTINGS.ROUTE_MAX_QUERY_USERS.schema,
  ROUTE_CLIENT_TYPES_PC: SETTINGS.ROUTE_CLIENT_TYPES_PC.schema,
  ROUTE_CLIENT_TYPES_MOBILE: SETTINGS.ROUTE_CLIENT_TYPES_MOBILE.schema,
  ROUTE_LINK_WAITING_PDUS: SETTINGS.ROUTE_LINK_WAITING_PDUS.schema,
  ROUTE_LINK_WAITING_BYTES: SETTINGS.ROUTE_LINK_WAITING_BYTES.schema,
  ROUTE_LINK_UNSENT_MARK_BYTES: SETTINGS.ROUTE_LINK_UNSENT_MARK_BYTES.schema,
  ROUTE_LINK_UNSENT_LIMIT_BYTES: SETTINGS.ROUTE_LINK_UNSENT_LIMIT_BYTES.schema,
  ROUTE_LINK_STUCK_SECONDS: SETTINGS.ROUTE_LINK_STUCK_SECONDS.schema,
  ROUTE_BUS_WINDOW_BYTES: SETTINGS.ROUTE_BUS_WINDOW_BYTES.schema,
  ROUTE_BUS_HELD_SECONDS: SETTINGS.ROUTE_BUS_HELD_SECONDS.schema,
  ROUTE_BUS_HELD_BYTES: SETTINGS.ROUTE_BUS_HELD_BYTES.schema,
  ROUTE_ISOLATED_SECONDS: SETTINGS.ROUTE_ISOLATED_SECONDS.schema,
  ROUTE_BUS_DEAF_SECONDS: SETTINGS.ROUTE_BUS_DEAF_SECONDS.schema,
  LOG_LEVEL: SETTINGS.LOG_LEVEL.schema,
  LOG_BUFFER_BYTES: SETTINGS.LOG_BUFFER_BYTES.schema,
});
