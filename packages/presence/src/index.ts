export { Auditor, type AuditorOptions } from './cluster/auditor.ts';
export {
  type Directory,
  type DirectoryEntry,
  readDirectory,
  readHeldLinks,
} from './cluster/directory.ts';
export { Lease, type LeaseEvents, type LeaseOptions, type Members } from './cluster/lease.ts';
export type { NodeAbout } from './cluster/node-about.ts';
export { type Reaped, Reaper, type ReaperOptions } from './cluster/reaper.ts';
export { LostUsers, type LostUsersOptions } from './grace/lost-users.ts';
export type { HoldingListener } from './grace/told-ledger.ts';
export { addTallies, EMPTY_TALLY } from './ledger/tally.ts';
export { UserTable } from './ledger/user-table.ts';
export { type PresenceStore, readWhereabouts } from './ledger/whereabouts.ts';
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
  QueryWaiter,
  Tally,
  UpdateOutcome,
  UpdateWaiter,
  UserHolding,
  UserState,
  Whereabouts,
} from './presence.ts';
export { nodeOf } from './redis/keys.ts';
export { PresenceRedis, type PresenceRedisOptions } from './redis/presence-redis.ts';
