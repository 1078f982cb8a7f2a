import { setTimeout as delay } from 'node:timers/promises';
import type { Model } from './model.ts';
import { openTrafficLink, type Target } from './traffic-link.ts';

const USERS_PER_QUERY = 500;
const POLL_MS = 50;

/** Differences between presence and the model at one moment; empty without any. */
export type Differences = readonly string[];

/** Compares presence with the model and returns the differences. */
export type Look = () => Promise<Differences>;

export interface Exactness {
  /** Time until there was no difference; undefined if one is left. */
  readonly seconds: number | undefined;
  readonly differences: Differences;
}

/** Repeats the comparison until presence is exact or the deadline has passed. */
export async function untilExact(look: Look, deadlineMs: number): Promise<Exactness> {
  const begunMs = performance.now();
  for (;;) {
    const differences = await look();
    const tookMs = performance.now() - begunMs;
    const inTime = tookMs <= deadlineMs;
    if (differences.length === 0 && inTime) return { seconds: tookMs / 1000, differences };
    if (!inTime && differences.length > 0) return { seconds: undefined, differences };
    if (!inTime) return { seconds: undefined, differences: [lateBy(tookMs, deadlineMs)] };
    await delay(POLL_MS);
  }
}

/** Distinguishes late from wrong: a busy machine may cause the former. */
function lateBy(tookMs: number, deadlineMs: number): string {
  return `exact, but only after ${Math.round(tookMs)} ms, expected ${deadlineMs} ms at most`;
}

/** Queries every user of the model on each of these nodes, over a link of its own. */
export function lookByQuery(model: Model, targets: () => readonly Target[]): Look {
  return async () => {
    const ofNodes = targets().map((target) => askNode(model, target));
    return (await Promise.all(ofNodes)).flat();
  };
}

async function askNode(model: Model, target: Target): Promise<string[]> {
  const where = `the node on port ${target.port}`;
  const link = await openTrafficLink(target).catch(() => undefined);
  if (link === undefined) return [`${where} accepts no link`];
  await using _ = link;
  const differences: string[] = [];
  const users = model.userIds;
  for (let i = 0; i < users.length; i += USERS_PER_QUERY) {
    const part = users.slice(i, i + USERS_PER_QUERY);
    const online = await link.query(part);
    if (online === undefined) return [`${where} does not answer`];
    part.forEach((userId, k) => {
      const [said, is] = [online[k] === 1, model.isOnline(userId)];
      if (said !== is) differences.push(`${where} reports user ${userId}: ${words(said)}`);
    });
  }
  return differences;
}

function words(online: boolean): string {
  return online ? 'online, expected offline' : 'offline, expected online';
}
