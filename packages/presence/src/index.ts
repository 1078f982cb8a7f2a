export { Lease, type LeaseEvents, type LeaseOptions, type Members } from './cluster/lease.ts';
export type { NodeInfo as NodeAbout } from './cluster/node-info.ts';
export {
  type NodeRegistry as Directory,
  type NodeRegistryEntry as DirectoryEntry,
  readHeldLinks,
  readNodeRegistry as readDirectory,
} from './cluster/node-registry.ts';
export { type Reaped, Reaper, type ReaperOptions } from './cluster/reaper.ts';
export {
  Reconciler as Auditor,
  type ReconcilerOptions as AuditorOptions,
} from './cluster/reconciler.ts';
export {
  OfflineGrace as LostUsers,
  type OfflineGraceOptions as LostUsersOptions,
} from './grace/offline-grace.ts';
export type { InterestObserver as HoldingListener } from './ledger/observed-ledger.ts';
export { addStats as addTallies, EMPTY_STATS as EMPTY_TALLY } from './ledger/presence-stats.ts';
export {
  type PresenceStore,
  readUserConnections as readWhereabouts,
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
  PresenceStats as Tally,
  QueryWaiter,
  UpdateOutcome,
  UpdateWaiter,
  UserConnection as UserHolding,
  UserConnections as Whereabouts,
  UserState,
} from './presence.ts';
export { nodeOf } from './redis/keys.ts';
export { PresenceRedis, type PresenceRedisOptions } from './redis/presence-redis.ts';
