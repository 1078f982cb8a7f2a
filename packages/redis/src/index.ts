export type { Redis } from 'ioredis';
export { createRedisClient, type RedisSettings, reconnectDelayMs } from './client.ts';
export { loadScripts, readScript, runScript, type Script } from './script.ts';
export { SHARD_COUNT, SHARD_TAGS, shardOf } from './shards.ts';
