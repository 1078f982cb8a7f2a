import type { PresenceStats } from '../presence.ts';
import { addCounts, NO_CLIENTS } from './client-counts.ts';
import type { Ledger } from './ledger.ts';
import type { PresenceEntry } from './presence-entry.ts';

export const EMPTY_STATS: PresenceStats = {
  users: 0,
  pcUsers: 0,
  clients: NO_CLIENTS,
  away: NO_CLIENTS,
};

/** Adds two stats. */
export function addStats(a: PresenceStats, b: PresenceStats): PresenceStats {
  return {
    users: a.users + b.users,
    pcUsers: a.pcUsers + b.pcUsers,
    clients: addCounts(a.clients, b.clients, 1),
    away: addCounts(a.away, b.away, 1),
  };
}

/** Counts the users and clients of ledgers in one shard. */
export function statsOf(ledgers: Iterable<Ledger>, shard: number): PresenceStats {
  // Nearly all users share one of a few entries: count users per entry, then multiply once per
  // entry.
  const counts = new Map<PresenceEntry, number>();
  for (const ledger of ledgers) {
    ledger.eachEntry(shard, (holding) => {
      counts.set(holding, (counts.get(holding) ?? 0) + 1);
    });
  }
  let tally = EMPTY_STATS;
  for (const [{ state, clients, away }, users] of counts) {
    tally = {
      users: tally.users + users,
      pcUsers: tally.pcUsers + (state === 'pc' ? users : 0),
      clients: addCounts(tally.clients, clients, users),
      away: addCounts(tally.away, away, users),
    };
  }
  return tally;
}
