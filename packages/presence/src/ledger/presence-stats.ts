import type { PresenceStats } from '../presence.ts';
import { addCounts, countsByType } from './client-counts.ts';
import type { Ledger } from './ledger.ts';
import type { PresenceEntry } from './presence-entry.ts';

const NONE = countsByType([]);

export const EMPTY_STATS: PresenceStats = { users: 0, pcUsers: 0, clients: NONE, away: NONE };

/** Adds stats, the second ones multiplied by `times`. */
export function addStats(a: PresenceStats, b: PresenceStats, times = 1): PresenceStats {
  return {
    users: a.users + b.users * times,
    pcUsers: a.pcUsers + b.pcUsers * times,
    clients: addCounts(a.clients, b.clients, times),
    away: addCounts(a.away, b.away, times),
  };
}

export function statsOf(ledgers: Iterable<Ledger>, shard: number): PresenceStats {
  // Nearly all users share one of a few entries: users are counted by entry.
  const usersOf = new Map<PresenceEntry, number>();
  for (const ledger of ledgers) {
    ledger.eachEntry(shard, (entry) => usersOf.set(entry, (usersOf.get(entry) ?? 0) + 1));
  }
  let stats = EMPTY_STATS;
  for (const [{ state, clients, away }, users] of usersOf) {
    stats = addStats(stats, { users: 1, pcUsers: state === 'pc' ? 1 : 0, clients, away }, users);
  }
  return stats;
}
