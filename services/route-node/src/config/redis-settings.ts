import { addresses, addressMap, oneOf, pemFile, redisUrl, text, whole } from './setting-kinds.ts';

/** The settings of the way to Redis; see `SETTINGS`. */
export const REDIS_SETTINGS = {
  REDIS_URL: {
    schema: redisUrl,
    default: 'redis://127.0.0.1:6379',
    meaning:
      'the Redis of the cluster (redis:// or rediss://); REDIS_URL_FILE names a file with it, read again for every connection',
    secret: true,
  },
  REDIS_SENTINELS: {
    schema: addresses,
    default: '',
    meaning: 'instead of REDIS_URL: the Sentinels that know the primary (host:port,host:port,...)',
  },
  REDIS_SENTINEL_NAME: {
    schema: text,
    default: '',
    meaning: 'what the Sentinels call the primary; needed with REDIS_SENTINELS',
  },
  REDIS_SENTINEL_USERNAME: {
    schema: text,
    default: '',
    meaning: 'the user at the Sentinels, where they ask for one',
  },
  REDIS_SENTINEL_PASSWORD: {
    schema: text,
    default: '',
    meaning:
      'the password at the Sentinels; REDIS_SENTINEL_PASSWORD_FILE names a file with it, read again for every connection',
    secret: true,
  },
  REDIS_CLUSTER: {
    schema: addresses,
    default: '',
    meaning:
      'instead of REDIS_URL: some nodes of a Redis Cluster, version 7 or later (host:port,host:port,...)',
  },
  REDIS_ADDRESS_MAP: {
    schema: addressMap,
    default: '',
    meaning:
      'where servers are reached that Sentinels or a Redis Cluster announce by addresses of another network (announced-host:port=host:port,...); by default they are reached where they are announced',
  },
  REDIS_USERNAME: {
    schema: text,
    default: '',
    meaning: 'the user at the servers that REDIS_SENTINELS or REDIS_CLUSTER leads to',
  },
  REDIS_PASSWORD: {
    schema: text,
    default: '',
    meaning:
      'the password at the servers that REDIS_SENTINELS or REDIS_CLUSTER leads to; REDIS_PASSWORD_FILE names a file with it, read again for every connection',
    secret: true,
  },
  REDIS_TLS: {
    schema: oneOf(['off', 'on']),
    default: 'off',
    meaning: 'whether connections to REDIS_SENTINELS or REDIS_CLUSTER are encrypted',
  },
  REDIS_TLS_CA: {
    schema: pemFile,
    default: '',
    meaning:
      'file with the authorities that may sign Redis’s certificate; the system’s by default; read again for every connection',
  },
  REDIS_TLS_CERT: {
    schema: pemFile,
    default: '',
    meaning:
      'file with the certificate that the node shows to Redis; read again for every connection',
  },
  REDIS_TLS_KEY: {
    schema: pemFile,
    default: '',
    meaning: 'file with the key of REDIS_TLS_CERT; read again for every connection',
  },
  REDIS_TLS_SERVER_NAME: {
    schema: text,
    default: '',
    meaning: 'the name that Redis’s certificate must carry, where it is not the host’s',
  },
  REDIS_COMMAND_TIMEOUT_MS: {
    schema: whole(50, 60_000),
    default: '1000',
    meaning:
      'after how many ms an unanswered Redis command counts as failed; a connection on which nothing arrives for as long is made anew',
  },
  REDIS_CONNECT_TIMEOUT_MS: {
    schema: whole(50, 60_000),
    default: '2000',
    meaning: 'how many ms an attempt to connect to Redis may take',
  },
} as const;
