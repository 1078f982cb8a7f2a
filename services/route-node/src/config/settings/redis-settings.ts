import { setting } from '../setting.ts';
import { addresses, addressMap, oneOf, pemFile, redisUrl, text, whole } from '../setting-kinds.ts';

/** Settings of the connection to Redis. */
export const REDIS_SETTINGS = {
  REDIS_URL: setting(redisUrl, {
    default: 'redis://127.0.0.1:6379',
    meaning:
      'The Redis of the cluster. Use a name rather than an address, so that the server can be replaced. REDIS_URL_FILE names a file with the URL, read again for every connection.',
    example: 'rediss://route:PASSWORD@redis.example:6379/0',
    secret: true,
  }),
  REDIS_SENTINELS: setting(addresses, {
    default: '',
    meaning: 'The Sentinels that know the primary, instead of REDIS_URL.',
    example: 'sentinel-1:26379,sentinel-2:26379,sentinel-3:26379',
  }),
  REDIS_SENTINEL_NAME: setting(text, {
    default: '',
    meaning: 'The name of the primary at the Sentinels. Required with REDIS_SENTINELS.',
    example: 'route',
  }),
  REDIS_SENTINEL_USERNAME: setting(text, {
    default: '',
    meaning: 'The user at the Sentinels, if they require one.',
  }),
  REDIS_SENTINEL_PASSWORD: setting(text, {
    default: '',
    meaning:
      'The password at the Sentinels. REDIS_SENTINEL_PASSWORD_FILE names a file with it, read again for every connection.',
    secret: true,
  }),
  REDIS_CLUSTER: setting(addresses, {
    default: '',
    meaning: 'Some nodes of a Redis Cluster, version 7 or later, instead of REDIS_URL.',
    example: 'redis-1:6379,redis-2:6379,redis-3:6379',
  }),
  REDIS_ADDRESS_MAP: setting(addressMap, {
    default: '',
    meaning:
      'The addresses at which servers are reached that Sentinels or a Redis Cluster announce by addresses of another network. Servers that are not in it are reached at the announced address.',
    example: '10.0.0.1:6379=redis-1.example:16379',
  }),
  REDIS_USERNAME: setting(text, {
    default: '',
    meaning: 'The user at the servers behind REDIS_SENTINELS or REDIS_CLUSTER.',
  }),
  REDIS_PASSWORD: setting(text, {
    default: '',
    meaning:
      'The password at the servers behind REDIS_SENTINELS or REDIS_CLUSTER. REDIS_PASSWORD_FILE names a file with it, read again for every connection.',
    secret: true,
  }),
  REDIS_TLS: setting(oneOf(['off', 'on']), {
    default: 'off',
    meaning:
      'Whether connections to the servers behind REDIS_SENTINELS or REDIS_CLUSTER are encrypted. With REDIS_URL use rediss:// instead.',
  }),
  REDIS_TLS_CA: setting(pemFile, {
    default: '',
    meaning:
      "File with the authorities that may sign Redis's certificate, read again for every connection. Without it: the authorities of the system.",
  }),
  REDIS_TLS_CERT: setting(pemFile, {
    default: '',
    meaning:
      'File with the certificate that the node shows to Redis, read again for every connection.',
  }),
  REDIS_TLS_KEY: setting(pemFile, {
    default: '',
    meaning: 'File with the key of REDIS_TLS_CERT, read again for every connection.',
  }),
  REDIS_TLS_SERVER_NAME: setting(text, {
    default: '',
    meaning: "The name in Redis's certificate, if it is not the name of the host.",
    example: 'redis.example',
  }),
  REDIS_COMMAND_TIMEOUT_MS: setting(whole(50, 60_000), {
    default: '1000',
    meaning:
      'Milliseconds after which an unanswered Redis command has failed. A connection on which nothing arrives for as long is made again.',
    reason: 'Far above the latency of a healthy Redis, and short enough for status queries.',
  }),
  REDIS_CONNECT_TIMEOUT_MS: setting(whole(50, 60_000), {
    default: '2000',
    meaning: 'Milliseconds that an attempt to connect to Redis may take.',
  }),
};
