import { runSchedule } from './run.ts';
import type { Schedule } from './schedule.ts';

/** Real time that shrinking may take, in ms. */
const SHRINK_MS = 20_000;

/**
 * Shortens a failing schedule as far as possible: fewer faults, msg_servers, nodes and users, less
 * time. A step is kept if it still breaks the same check.
 */
export function shrink(schedule: Schedule, check: string): Schedule {
  const endAt = performance.now() + SHRINK_MS;
  let best = schedule;
  const tries = (candidate: Schedule): boolean => {
    if (performance.now() > endAt || runSchedule(candidate).check !== check) return false;
    best = candidate;
    return true;
  };
  for (let again = true; again; ) {
    again = false;
    for (let i = best.faults.length - 1; i >= 0; i--) {
      again = tries({ ...best, faults: best.faults.filter((_, at) => at !== i) }) || again;
    }
    for (const smaller of smallerOnes(best)) again = tries(smaller) || again;
  }
  return best;
}

function smallerOnes(schedule: Schedule): Schedule[] {
  const { nodes, servers, users, durationMs, paceMs, faults } = schedule;
  const last = faults.at(-1)?.atMs ?? 0;
  const ones: Schedule[] = [];
  if (nodes > 2) ones.push({ ...schedule, nodes: nodes - 1 });
  if (servers > 2) ones.push({ ...schedule, servers: servers - 1 });
  if (users > 2) ones.push({ ...schedule, users: users - 1 });
  if (durationMs > 1000)
    ones.push({ ...schedule, durationMs: Math.max(1000, last, Math.floor(durationMs / 2)) });
  if (paceMs < 500) ones.push({ ...schedule, paceMs: paceMs * 2 });
  return ones.filter(
    (one) => one.durationMs < durationMs || (one.durationMs === durationMs && one !== schedule),
  );
}
