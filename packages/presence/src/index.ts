export { Lease, type LeaseEvents, type LeaseOptions, type Members } from './cluster/lease.ts';
export type { NodeInfo } from './cluster/node-info.ts';
export {
  type NodeRegistry,
  type NodeRegistryEntry,
  readHeldLinks,
  readNodeRegistry,
} from './cluster/node-registry.ts';
export { type Reaped, Reaper, type ReaperOptions } from './cluster/reaper.ts';
export {
  Reconciler,
  type ReconcilerOptions,
} from './cluster/reconciler.ts';
export {
  OfflineGrace,
  type OfflineGraceOptions,
} from './grace/offline-grace.ts';
export type { InterestObserver } from './ledger/observed-ledger.ts';
export { addStats, EMPTY_STATS } from './ledger/presence-stats.ts';
export {
  type PresenceStore,
  readUserConnections,
} from './ledger/user-connections.ts';
export { UserTable } from './ledger/user-table.ts';
export { PresenceMemory, type PresenceMemoryOptions } from './memory/presence-memory.ts';
export type {
  Announced,
  ClientCounts,
  ConfirmWhich,
  LateCommit,
  LinkEnd,
  LinkId,
  Presence,
  PresenceEvents,
  PresenceStats,
  QueryWaiter,
  UpdateOutcome,
  UpdateWaiter,
  UserConnection,
  UserConnections,
  UserState,
} from './presence.ts';
export { nodeOf } from './redis/keys.ts';
export { PresenceRedis, type PresenceRedisOptions } from './redis/presence-redis.ts';
