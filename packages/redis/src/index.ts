export type { Redis } from 'ioredis';
export { redisAdvice } from './advice.ts';
export {
  createRedisClient,
  createServerClient,
  type RedisClient,
  reconnectDelayMs,
} from './client.ts';
export { type ServerIdentity, serverOf } from './connector.ts';
export { isMalformedReply, reconnectAll } from './malformed-replies.ts';
export {
  hasTakenOver,
  onServerGone,
  type PrimaryRange,
  primariesOf,
  readPrimaries,
} from './primaries.ts';
export {
  errorText,
  REDIS_PROBLEMS,
  type RedisProblem,
  type RedisProblemCode,
  redisProblem,
} from './problems.ts';
export { PublishCommand } from './publish-command.ts';
export { loadScripts, readScript, runScript, type Script, withFlags } from './script.ts';
export { readServerLimits, type ServerLimits, type SubscriberLimit } from './server-limits.ts';
export { ServerWatch, type ServerWatchOptions } from './server-watch.ts';
export { SHARD_COUNT, SHARD_TAGS, shardOf } from './shards.ts';
export { SlotOwner } from './slot-owner.ts';
export { readSubscribers, type Subscriber } from './subscribers.ts';
export type {
  AddressMap,
  ClusterTarget,
  HostPort,
  RedisAccount,
  RedisSettings,
  RedisTarget,
  RedisTls,
  SentinelTarget,
  SingleTarget,
} from './target.ts';
