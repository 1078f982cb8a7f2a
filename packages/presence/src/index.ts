export { Auditor, type AuditorOptions } from './auditor.ts';
export {
  type Directory,
  type DirectoryEntry,
  readDirectory,
  readHeldLinks,
} from './directory.ts';
export { nodeOf } from './keys.ts';
export { Lease, type LeaseEvents, type LeaseOptions, type Members } from './lease.ts';
export { LostUsers, type LostUsersOptions } from './lost-users.ts';
export type { NodeAbout } from './node-about.ts';
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
export { PresenceMemory, type PresenceMemoryOptions } from './presence-memory.ts';
export { PresenceRedis, type PresenceRedisOptions } from './presence-redis.ts';
export { type Reaped, Reaper, type ReaperOptions } from './reaper.ts';
export { addTallies, EMPTY_TALLY } from './tally.ts';
export type { HoldingListener } from './told-ledger.ts';
export { UserTable } from './user-table.ts';
export { type PresenceStore, readWhereabouts } from './whereabouts.ts';
