export { askRedis, redisAnswers } from './ask-redis.ts';
export { type Child, type ChildSpec, startChild } from './child.ts';
export { findProgram } from './find-program.ts';
export { LOG_FOLDER, LocalCluster, type LocalClusterHooks } from './local-cluster.ts';
export {
  type NodeSpec,
  type NodeStart,
  type RunningNode,
  startNode,
} from './node-process.ts';
export { findFreePort, isPortFree } from './ports.ts';
export {
  findRedisServer,
  type PrivateRedis,
  type RedisPlace,
  startPrivateRedis,
  startRedisAt,
} from './redis-child.ts';
export {
  findRedis,
  REDIS_IMAGE,
  type RedisAttempt,
  type RedisSource,
  type RedisWay,
  redisFromApt,
  redisFromPath,
} from './redis-source.ts';
export { readStartSettings, START_HELP, type StartSettings } from './settings.ts';
export { until } from './until.ts';
