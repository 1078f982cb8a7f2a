import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/** Asks again and again until the answer is yes (true) or the time is over (false). */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await delay(POLL_MS);
  }
  return true;
}
