export { Auditor, type AuditorOptions } from './auditor.ts';
export { Lease, type LeaseEvents, type LeaseOptions, type Members } from './lease.ts';
export { LostUsers, type LostUsersOptions } from './lost-users.ts';
export type { NodeAbout } from './node-about.ts';
export type {
  LinkEnd,
  LinkId,
  Presence,
  PresenceEvents,
  QueryWaiter,
  UpdateOutcome,
  UpdateWaiter,
  UserState,
} from './presence.ts';
export { PresenceMemory, type PresenceMemoryOptions } from './presence-memory.ts';
export { PresenceRedis, type PresenceRedisOptions } from './presence-redis.ts';
export { type Reaped, Reaper, type ReaperOptions } from './reaper.ts';
